//! What statistics are good for, and for how long they are not believed: pure.
//!
//! They are small and have a budget of their own, but nothing promises that they are fresh or right. So they only ever say
//! where to look: the list decides, and who was wrong is not asked for a while. Moments are the cloud's.

use super::memory::Memory;
use super::plan::LIST_EVERY;
use super::register::Register;
use crate::hss::Statistics;
use crate::model::{ClockOffset, CloudTime, Known, Reason, Timestamp};
use std::time::Duration;

/// For how long they are let alone after they could not be had, or were wrong. Being wrong again doubles it.
const REST: Duration = Duration::from_secs(3600);

/// The doubling ends here.
const REST_AT_MOST: Duration = Duration::from_secs(24 * 3600);

/// Starts and ends this close to an answer may have been on either side of it.
const BLUR: Duration = Duration::from_secs(60);

/// Whether the list agreed with the statistics, where the ledger did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It was nearer to what they said: they have shown what was hidden.
    Kept,
    /// It was as near to the ledger: they have cost a list for nothing.
    Refuted,
}

/// How far the statistics of a scope are believed.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    rest: Option<Rest>,
    /// How often in a row they were refuted.
    refuted: u32,
    head: Option<Head>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    since: Timestamp,
    length: Duration,
}

/// The last head of the list of which the statistics said the same.
#[derive(Clone, Copy, Debug)]
struct Head {
    said: Statistics,
    read: Timestamp,
    /// When they last stood in for it.
    stood_in: Option<Timestamp>,
}

impl Trust {
    /// Whether they may be asked at `at`.
    pub fn may_be_asked(&self, at: Timestamp) -> bool {
        self.rest.is_none_or(|rest| at.since(rest.since) >= rest.length)
    }

    /// The cloud's clock was corrected.
    pub(super) fn correct(&mut self, by: ClockOffset) {
        self.rest.iter_mut().for_each(|rest| by.correct(&mut rest.since));
        if let Some(head) = &mut self.head {
            by.correct(&mut head.read);
            head.stood_in.iter_mut().for_each(|stood_in| by.correct(stood_in));
        }
    }

    /// They could not be had for this scope.
    pub fn failed(&mut self, at: Timestamp) {
        self.rest = Some(Rest { since: at, length: REST });
        self.head = None;
    }

    /// They said that so many tasks run, so many were known to, and so many were listed thereupon.
    pub fn judge(&mut self, said: u64, known: u64, listed: u64, at: Timestamp) -> Word {
        if listed.abs_diff(said) < known.abs_diff(said) {
            self.refuted = 0;
            return Word::Kept;
        }
        self.refute(at);
        Word::Refuted
    }

    /// How often in a row they were refuted.
    pub fn refuted(&self) -> u32 {
        self.refuted
    }

    fn refute(&mut self, at: Timestamp) {
        let length = REST.saturating_mul(2_u32.saturating_pow(self.refuted)).min(REST_AT_MOST);
        self.refuted = self.refuted.saturating_add(1);
        self.rest = Some(Rest { since: at, length });
        self.head = None;
    }

    /// Whether what they say now shows that nothing has changed since the last head; then they stand in for this one.
    pub fn stands_in(&mut self, said: &Statistics) -> bool {
        let same = |head: &&mut Head| {
            let before = &head.said;
            (before.total, before.running, before.newest) == (said.total, said.running, said.newest)
        };
        let unchanged = self.head.as_mut().filter(same);
        if let Some(head) = unchanged {
            head.stood_in = Some(said.at);
            return true;
        }
        false
    }

    /// A head was read at `read`, before which they had said this, if they were asked. Answers whether it shows what they
    /// had hidden when they stood in for one.
    pub fn head_was_read(&mut self, said: Option<Statistics>, ledger: &impl Register, read: Timestamp) -> Word {
        let before = self.head.take();
        if before.is_some_and(|head| head.hid_any_of(ledger)) {
            self.refute(read);
            return Word::Refuted;
        }
        let said = said.or(before.map(|head| head.said));
        let agree = |said: &Statistics| {
            said.total.is_some() && said.total == ledger.total() && said.newest.is_some() && said.running == Some(0)
        };
        self.head =
            said.filter(|said| agree(said) && ledger.is_quiet()).map(|said| Head { said, read, stood_in: None });
        Word::Kept
    }
}

impl Head {
    /// Whether a task ran when they said that none did.
    fn hid_any_of(&self, ledger: &impl Register) -> bool {
        let Some(stood_in) = self.stood_in else { return false };
        let ran = |known: &Known| {
            known.task.start.is_some_and(|start| start > self.read && start.plus(BLUR) < stood_in)
                && known.end().is_none_or(|end| end > stood_in.plus(BLUR))
        };
        ledger.tasks().any(ran)
    }
}

/// Whether the statistics may stand in for the head of a list at `at`, if they say that nothing has changed; or may be
/// asked before a head, so that they can do so next time. They say nothing of a task that starts as another ends, so
/// nothing may be unfinished; and nothing of a task that runs again for a moment, so the head is read within `limit`.
pub fn may_stand_in(memory: &Memory, ledger: &impl Register, at: Timestamp, limit: Duration) -> bool {
    let Memory { trust, lists_read, unfinished, .. } = memory;
    let limit = limit.min(LIST_EVERY);
    trust.refuted == 0
        && trust.may_be_asked(at)
        && trust.head.is_none_or(|head| at.since(head.read) < limit)
        && lists_read.is_some_and(|read| at.since(read) < LIST_EVERY)
        && ledger.complete()
        && unfinished.is_none()
        && ledger.is_quiet()
}

/// Whether an account asks for statistics at all: not for an hour after it was turned away as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pause {
    since: Option<CloudTime>,
    /// Which credential was in use.
    generation: u64,
}

impl Pause {
    /// Whether nothing is asked at `at` with this credential.
    pub fn lasts(&self, now: CloudTime, generation: u64) -> bool {
        self.generation == generation && self.since.is_some_and(|since| now.at.since(since.on(now.base).at) < REST)
    }

    /// A question failed. Answers whether that holds for all scopes of the account.
    pub fn failed(&mut self, reason: Reason, now: CloudTime, generation: u64) -> bool {
        let of_all = reason.concerns_all();
        if of_all {
            *self = Self { since: Some(now), generation };
        }
        of_all
    }
}

#[cfg(test)]
mod tests;
