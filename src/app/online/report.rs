//! What was found out about every target, and what follows from it.

use super::ask::{Filters, Whole};
use crate::model::{EnterpriseProject, Failure, Target, TaskType};
use crate::refresh::forecast::Load;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything.
#[derive(Clone, Debug)]
pub struct Report {
    /// Each task type of each target, in the order of the configuration.
    pub rows: Vec<Row>,
    /// Each task type of each project whose enterprise projects are watched one by one.
    pub undivided: Vec<Undivided>,
    /// Our clock less the cloud's, in seconds, by account; of the accounts whose endpoint says what time it is.
    pub clocks: BTreeMap<String, f64>,
    /// What refreshing will cost, by endpoint.
    pub loads: Vec<Load>,
    /// How many series the page will have at least and, with as many tasks on it as there are, at most.
    pub series: [usize; 2],
    /// What was to be discovered and could not be.
    pub undiscovered: Vec<Failure>,
    /// How many requests were sent to HSS for this report.
    pub requests: u64,
    /// How many requests were sent to sign in.
    pub sign_in_requests: u64,
}

/// One task type of one target.
#[derive(Clone, Debug)]
pub struct Row {
    /// The target.
    pub target: Arc<Target>,
    /// The task type.
    pub task_type: TaskType,
    /// What came of asking.
    pub outcome: Outcome,
}

/// What came of asking.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// An answer.
    Read(Counts),
    /// None.
    Failed(Failure),
    /// It was not asked, because this failure of the account before would only have been repeated.
    Spared(Failure),
}

/// How many tasks there are. What could not be had cheaply is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In all.
    pub total: Option<u64>,
    /// With the status `running`.
    pub running: Option<u64>,
    /// With the status `ready`.
    pub ready: Option<u64>,
}

impl Counts {
    /// With the status `finished`, or one that is not known.
    pub fn finished(&self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.running?.saturating_add(self.ready?)))
    }
}

/// One task type of a project, all that the caller may see of it together.
#[derive(Clone, Debug)]
pub struct Undivided {
    /// The project, with all enterprise projects.
    pub target: Arc<Target>,
    /// The task type.
    pub task_type: TaskType,
    /// How many tasks that is, or why it is not known.
    pub total: Result<Option<u64>, Failure>,
    /// How many of them no target covers, where that can be told.
    pub unwatched: Option<u64>,
    /// The enterprise projects that show the same tasks, so that each of these would be counted more than once.
    pub alike: Vec<String>,
}

impl Undivided {
    /// What an answer about all tells of the single ones.
    pub(super) fn of(whole: &Whole, total: Result<Option<u64>, Failure>, rows: &[Row]) -> Self {
        let own = |row: &&Row| {
            row.task_type == whole.task_type && whole.members.iter().any(|member| Arc::ptr_eq(member, &row.target))
        };
        let rows: Vec<&Row> = rows.iter().filter(own).collect();
        let read = rows.iter().map(|row| match &row.outcome {
            Outcome::Read(counts) => counts.total,
            _ => None,
        });
        let totals: Vec<Option<u64>> = read.collect();
        let known = total.as_ref().ok().copied().flatten();
        let all_known: Option<u64> = totals.iter().copied().sum();
        let alike = alike(known, &totals);
        let comparable = alike.is_empty() && whole.filters == Filters::Alike;
        let unwatched = known.zip(all_known).filter(|_| comparable).map(|(all, own)| all.saturating_sub(own));
        let name = |index: &usize| rows.get(*index).map(|row| row.target.enterprise_project.name().to_owned());
        let target = Arc::clone(&whole.watch.target);
        let alike = alike.iter().filter_map(name).collect();
        Self { target, task_type: whole.task_type, unwatched, alike, total }
    }
}

/// Which of the totals are that of all together. Where that is more than one, the cloud has not told them apart.
fn alike(all: Option<u64>, totals: &[Option<u64>]) -> Vec<usize> {
    let whole = all.filter(|all| *all > 0);
    let equal = totals.iter().enumerate().filter(|(_, total)| whole.is_some() && **total == whole);
    let equal: Vec<usize> = equal.map(|(index, _)| index).collect();
    if equal.len() > 1 { equal } else { Vec::new() }
}

/// Whether a target is one enterprise project of several that might be watched.
pub(super) fn is_divided(target: &Target) -> bool {
    matches!(target.enterprise_project, EnterpriseProject::One { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_to_the_whole_more_than_once_was_not_told_apart() {
        let check = |all, totals: &[u64], expected: &[usize]| {
            let totals: Vec<Option<u64>> = totals.iter().map(|total| Some(*total)).collect();
            assert_eq!(alike(all, &totals), expected);
        };
        check(Some(12), &[12, 12, 3], &[0, 1]);
        // One may hold everything there is; and nothing is equal to nothing.
        check(Some(12), &[12, 0], &[]);
        check(Some(0), &[0, 0], &[]);
        check(None, &[12, 12], &[]);
        assert_eq!(alike(Some(1), &[None, None]), Vec::<usize>::new());
    }

    #[test]
    fn what_is_finished_is_what_is_left() {
        let counts = Counts { total: Some(10), running: Some(2), ready: Some(1) };
        assert_eq!(counts.finished(), Some(7));
        assert_eq!(Counts { ready: None, ..counts }.finished(), None);
    }
}
