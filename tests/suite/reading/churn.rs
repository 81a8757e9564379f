//! What happens in the world: everything that a cloud does to its tasks, at random.
//!
//! Three things do not happen, since nobody could tell them from something else: a run of a task that ran before ends no
//! sooner than a minute after the earlier one; where the list gives no end, the next run has a start of its own; and what
//! has neither start nor end does not run again.

use super::world::{World, clusters};
use hss_exporter::model::{Counts, Scan, ScanTypes, Status, Task, Timestamp, Trigger};
use std::sync::Arc;
use std::time::Duration;

/// A result has settled so many seconds after the end at the latest.
const SETTLED: u64 = 50;

/// How far ahead the planned start of a waiting task lies, and the start of a running one.
const PLANNED: Duration = Duration::from_secs(12 * 3600);
const AHEAD: Duration = Duration::from_secs(30 * 60);

impl World {
    /// Something happens, some time later.
    pub(super) fn happen(&mut self) {
        let later = self.dice.u64(2..200);
        self.pass(later);
        match self.dice.u8(0..20) {
            0..3 => drop(self.arrive()),
            3..5 => self.batch(),
            5..7 => {
                let id = self.arrive();
                self.begin(&id);
                let ran = self.dice.u64(1..100);
                self.pass(ran);
                self.end(&id);
            }
            7..10 => self.with_any(Status::Ready, Self::begin),
            10..14 => self.with_any(Status::Running, Self::end),
            14..16 => self.with_any(Status::Finished, Self::run_again),
            16 => {
                let status = [Status::Ready, Status::Running, Status::Finished, Status::Other][self.dice.usize(..4)];
                self.with_any(status, |world, id| world.delete(id));
            }
            17 => self.with_any(Status::Running, |world, id| world.change(id, |task| task.status = Status::Other)),
            18 => self.with_any(Status::Other, |world, id| world.change(id, |task| task.status = Status::Running)),
            _ => self.with_any(Status::Finished, |world, id| {
                let failed = world.dice.u64(..3);
                world.change(id, |task| task.counts = clusters(0, 3, failed));
            }),
        }
    }

    /// So many runs have ended, in nine days.
    pub(super) fn begin_with(&mut self, runs: usize) {
        for _ in 0..runs {
            let ago = self.dice.u64(60..9 * 24 * 3600);
            let id = self.add_finished(Duration::from_secs(ago));
            self.take_times(&id, gives_no_start(&id), gives_no_end(&id));
        }
    }

    /// A task comes, and waits. Some lack what others have.
    fn arrive(&mut self) -> Arc<str> {
        let id = self.add();
        let (trigger, scan) = (self.dice.u8(..10), self.dice.u8(..6));
        let planned = self.now.plus(PLANNED);
        let plans = self.plans && self.dice.bool();
        self.change(&id, |task| {
            task.start = Some(planned).filter(|_| plans);
            if trigger == 0 {
                task.trigger = Trigger::Other;
            }
            task.scan = Scan::Cluster(match scan {
                0 => ScanTypes::default(),
                1 => ScanTypes::CLUSTER_VUL,
                _ => ScanTypes::BENCHMARK,
            });
        });
        id
    }

    /// Some begin together.
    fn batch(&mut self) {
        let ids: Vec<_> = (0..self.dice.u8(1..20)).map(|_| self.arrive()).collect();
        ids.iter().for_each(|id| self.begin(id));
    }

    fn begin(&mut self, id: &str) {
        // Where the list gives no end, each run has a later start than the one before.
        let ahead = self.plans && !gives_no_end(id) && self.dice.u8(..4) == 0;
        let start = if ahead { self.now.plus(AHEAD) } else { self.now };
        let start = Some(start).filter(|_| !gives_no_start(id));
        self.change(id, |task| (task.status, task.start, task.end) = (Status::Running, start, None));
    }

    fn end(&mut self, id: &str) {
        let Some(task) = self.task(id).cloned() else { return };
        let (now, before) = (self.now, self.record(id).runs.last());
        if before.is_some_and(|run| now.since(run.ended.max(task.start.unwrap_or_default())) <= soon(id)) {
            return;
        }
        let said = (!gives_no_end(id)).then_some(now);
        let failed = [0, 0, 1, 3][self.dice.usize(..4)];
        let counts = clusters(0, 3 - failed, failed);
        let settled = now.plus(Duration::from_secs(self.dice.u64(1..SETTLED)));
        let odd = match self.dice.u8(..8) {
            0 => Some(Counts::Clusters { scanning: None, success: None, failed: None }),
            1 => Some(clusters(2, 1, 0)),
            2 => Some(clusters(0, 0, 0)),
            _ => None,
        };
        self.change(id, |task| {
            (task.status, task.end, task.counts) = (Status::Finished, said, odd.unwrap_or(counts));
        });
        self.end_run(id, said);
        if odd.is_some() {
            self.change_at(id, settled, |task| task.counts = counts);
        }
    }

    fn run_again(&mut self, id: &str) {
        let Some(Task { start, .. }) = self.task(id) else { return };
        let may_keep_start = start.is_some() && !gives_no_end(id);
        match self.dice.u8(..4) {
            _ if gives_no_start(id) && gives_no_end(id) => {}
            0 if may_keep_start => self.change(id, |task| (task.status, task.end) = (Status::Running, None)),
            1 if may_keep_start => self.change(id, |task| (task.status, task.end) = (Status::Ready, None)),
            2 => self.begin(id),
            _ => self.retry(id),
        }
    }

    fn with_any(&mut self, status: Status, act: impl FnOnce(&mut Self, &str)) {
        let ids: Vec<_> = self.tasks().filter(|task| task.status == status).map(|task| Arc::clone(&task.id)).collect();
        if !ids.is_empty() {
            let id = &ids[self.dice.usize(..ids.len())];
            act(self, id);
        }
    }
}

/// Whether the list never says when it began.
pub(super) fn gives_no_start(id: &str) -> bool {
    id.starts_with("00") || id.starts_with('f')
}

/// Whether the list never says when it ended.
pub(super) fn gives_no_end(id: &str) -> bool {
    id.starts_with('0')
}

/// How soon after its start, or after the last end, no run of this task ends that ran before.
fn soon(id: &str) -> Duration {
    Duration::from_secs(if gives_no_end(id) { 200 } else { 61 })
}

/// Whether a reader that began then can tell the end of the first run of such a task from history: the list does not say
/// when it ended, and it may have been before.
pub(super) fn may_be_history(id: &str, start: Option<Timestamp>, since: Timestamp) -> bool {
    gives_no_end(id) && start.is_none_or(|start| start <= since.plus(Duration::from_secs(1)))
}
