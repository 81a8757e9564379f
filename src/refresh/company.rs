//! The targets of a project that may be read together: which of them are, and whether all of them are shown. Pure.

use super::attribution::{Strangers, Worth};
use std::collections::BTreeSet;
use std::time::Duration;

/// For how long a target is read by itself that the undivided list leaves out.
const LEFT_OUT: Duration = Duration::from_secs(24 * 3600);

/// The targets of a project that may be read together, and one task type of them. Moments are counted from the start of the
/// process.
#[derive(Debug, Default)]
pub struct Company {
    /// What the undivided list has shown that belongs to none of them.
    pub strangers: Strangers,
    worth: Worth,
    members: Vec<Membership>,
    /// Whose own total is to be read again, by their index.
    to_count: BTreeSet<usize>,
    /// Whether all have been counted since the undivided list last seemed to be too short.
    counted: bool,
}

/// How a target stands in its company.
#[derive(Clone, Copy, Debug, Default)]
struct Membership {
    /// Whether its window has been read by itself.
    complete: bool,
    /// Whether it could be read by itself when that was last tried.
    readable: bool,
    /// Until when at least it is read by itself, and whether its window could be since.
    alone: Option<Alone>,
}

#[derive(Clone, Copy, Debug)]
struct Alone {
    until: Duration,
    read: bool,
}

impl Company {
    /// A company of so many targets of which nothing is known.
    pub fn new(members: usize) -> Self {
        Self {
            strangers: Strangers::default(),
            worth: Worth::default(),
            members: vec![Membership::default(); members],
            to_count: BTreeSet::new(),
            counted: false,
        }
    }

    /// Which targets are read by the undivided list alone at `now`: none, if that does not pay or cannot be yet.
    pub fn joined(&self, now: Duration) -> Vec<bool> {
        let complete = self.willing(now).all(|member| member.complete);
        (0..self.members.len()).map(|member| complete && self.lists_for(member, now)).collect()
    }

    /// Whether this target's running and waiting tasks are listed, or will be, with those of the others.
    pub fn lists_for(&self, member: usize, now: Duration) -> bool {
        let with_others = self.members.get(member).is_some_and(|member| member.with_others(now));
        with_others && self.willing(now).count() > 1 && self.worth.together(now)
    }

    /// Whether the windows of all have been read.
    pub fn complete(&self) -> bool {
        self.members.iter().all(|member| member.complete)
    }

    /// A target was read by itself, and all of its window has been, or not yet.
    pub fn read_alone(&mut self, member: usize, complete: bool) {
        if let Some(member) = self.members.get_mut(member) {
            (member.complete, member.readable) = (complete, true);
            if let Some(alone) = &mut member.alone {
                alone.read = complete;
            }
        }
    }

    /// A target could not be read by itself. While others can be, that is its own affair: it leaves, so that they do not
    /// wait for it. Where none can be, nobody leaves.
    pub fn could_not_be_read(&mut self, member: usize) {
        if let Some(member) = self.members.get_mut(member) {
            member.readable = false;
        }
        let others_can = self.members.iter().any(|member| member.readable);
        match self.members.get_mut(member).and_then(|member| member.alone.as_mut()) {
            Some(alone) => alone.read = false,
            None if others_can => self.shut_out(member),
            None => {}
        }
    }

    /// A target may not be read, or could not be while new tasks were divided: it leaves, until its window can be read.
    pub fn shut_out(&mut self, member: usize) {
        self.leave(member, Duration::ZERO);
    }

    /// A target can be read, and the undivided list does not show it.
    pub fn left_out(&mut self, member: usize, now: Duration) {
        self.leave(member, now.saturating_add(LEFT_OUT));
    }

    /// The undivided list may not be read, or not be divided.
    pub fn refused(&mut self, now: Duration) {
        self.worth.refused(now);
    }

    /// A target's own total was read.
    pub fn counted(&mut self, member: usize) {
        self.counted |= self.to_count.remove(&member) && self.to_count.is_empty();
    }

    /// A refresh of all together took so many requests and ended well; the targets' own `totals` are these. Answers whose
    /// own total is to be read again: all of them, where the undivided list has become shorter, or is shorter than they
    /// are together. If it still is then, it does not show everything, and nobody relies on it for a while.
    pub fn refreshed(&mut self, now: Duration, requests: u64, totals: &[Option<u64>]) -> &BTreeSet<usize> {
        let joined = self.joined(now);
        let theirs = || joined.iter().zip(totals).filter(|(joined, _)| **joined).map(|(_, total)| *total);
        self.worth.cost(now, requests, theirs().count());
        let short = self.strangers.total() < theirs().sum::<Option<u64>>() && self.strangers.total().is_some();
        let counted = std::mem::take(&mut self.counted);
        if short && counted {
            self.refused(now);
        } else if (short || self.strangers.fell()) && self.to_count.is_empty() {
            self.to_count = (0..).zip(joined).filter(|(_, joined)| *joined).map(|(index, _)| index).collect();
        }
        &self.to_count
    }

    fn willing(&self, now: Duration) -> impl Iterator<Item = &Membership> {
        self.members.iter().filter(move |member| member.with_others(now))
    }

    fn leave(&mut self, member: usize, until: Duration) {
        self.to_count.remove(&member);
        if let Some(member) = self.members.get_mut(member) {
            member.alone = Some(Alone { until, read: false });
        }
    }
}

impl Membership {
    fn with_others(&self, now: Duration) -> bool {
        self.alone.is_none_or(|alone| alone.read && alone.until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn complete(members: usize) -> Company {
        let mut company = Company::new(members);
        (0..members).for_each(|member| company.read_alone(member, true));
        company
    }

    #[test]
    fn targets_are_read_together_once_all_their_windows_have_been_read() {
        let mut company = Company::new(2);
        company.read_alone(0, true);
        assert_eq!(company.joined(HOUR), [false, false]);
        company.read_alone(1, true);
        assert_eq!(company.joined(HOUR), [true, true]);
        assert_eq!(complete(1).joined(HOUR), [false], "one is no company");
    }

    #[test]
    fn who_may_not_be_read_does_not_hold_up_the_others() {
        let mut company = complete(3);
        company.shut_out(1);
        assert_eq!(company.joined(HOUR), [true, false, true]);
        company.could_not_be_read(1);
        assert_eq!(company.joined(HOUR), [true, false, true]);
        company.read_alone(1, true);
        assert_eq!(company.joined(HOUR), [true, true, true]);
    }

    #[test]
    fn a_target_that_fails_while_others_can_be_read_does_not_keep_them_apart() {
        let mut company = Company::new(3);
        company.could_not_be_read(2);
        company.read_alone(0, true);
        company.read_alone(1, true);
        assert_eq!(company.joined(HOUR), [false; 3], "it may have been an outage");
        company.could_not_be_read(2);
        assert_eq!(company.joined(HOUR), [true, true, false]);
        company.read_alone(2, false);
        assert_eq!(company.joined(HOUR), [true, true, false], "its history is not read yet");
        company.read_alone(2, true);
        assert_eq!(company.joined(HOUR), [true; 3]);
    }

    #[test]
    fn an_outage_throws_nobody_out() {
        let mut company = Company::new(3);
        for _ in 0..2 {
            (0..3).for_each(|member| company.could_not_be_read(member));
        }
        (0..2).for_each(|member| company.read_alone(member, true));
        assert_eq!(company.joined(HOUR), [false; 3], "they wait for the third, which is tried again as they were");
        company.read_alone(2, true);
        assert_eq!(company.joined(HOUR), [true; 3]);
    }

    #[test]
    fn who_is_left_out_is_read_alone_for_a_day() {
        let mut company = complete(3);
        company.left_out(0, HOUR);
        company.read_alone(0, true);
        assert_eq!(company.joined(24 * HOUR), [false, true, true]);
        assert_eq!(company.joined(25 * HOUR), [true, true, true]);
    }

    #[test]
    fn a_list_that_is_shorter_than_its_parts_is_not_relied_on() {
        let mut company = complete(2);
        company.strangers.count(Some(5));
        let totals = [Some(3), Some(3)];
        assert_eq!(company.refreshed(HOUR, 1, &totals).len(), 2, "they may have become shorter, too");
        company.counted(0);
        assert_eq!(company.refreshed(HOUR, 1, &totals).len(), 1);
        company.counted(1);
        assert_eq!(company.refreshed(HOUR, 1, &[Some(3), Some(2)]).len(), 0);
        assert_eq!(company.joined(HOUR), [true, true]);
        company.refreshed(HOUR, 1, &totals);
        (0..2).for_each(|member| company.counted(member));
        company.refreshed(HOUR, 1, &totals);
        assert_eq!(company.joined(HOUR), [false, false]);
    }
}
