//! What happens in the world: everything that a cloud does to its tasks, at random.
//!
//! Three things do not happen, since nobody could tell them from something else: a run of a task that ran before ends no
//! sooner than a minute after the earlier one; where the list gives no end, or gives it late, the next run has a start of
//! its own, which is more than a minute later; and what has neither start nor end does not run again.

use super::reader::WINDOW;
use super::runs::Run;
use super::world::{World, clusters};
use hss_exporter::model::{Counts, Scan, ScanTypes, Status, Task, Timestamp, Trigger};
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

/// An end is written so many seconds late at most: what is changed far down must be read again before all is compared.
const LATEST: u64 = 5_000;

/// Runs that are longer than this at least began up to so long before the window's begin.
const LONG: u64 = 4 * 3600;

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
        match self.dice.u8(0..21) {
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
            19 => self.clean_up(),
            _ => self.with_any(Status::Finished, |world, id| {
                let failed = world.dice.u64(..3);
                if world.record(id).runs.last().is_some_and(|run| run.written > world.now) {
                    return;
                }
                world.change(id, |task| task.counts = clusters(0, 3, failed));
            }),
        }
    }

    /// So many runs have ended, in nine days. Some of them began about when the window does, and took so long that they ended
    /// inside it.
    pub(super) fn begin_with(&mut self, runs: usize) {
        let window = WINDOW.as_secs();
        let long = [0, 5, 40, 220][self.dice.usize(..4)].min(runs);
        for _ in 0..long {
            let (before, inside) = (self.dice.u64(..LONG), self.dice.u64(..24 * 3600));
            let ago = window - LONG - inside;
            self.add_run(Duration::from_secs(ago), Duration::from_secs(inside + LONG + before));
        }
        while self.tasks().count() < runs {
            let ago = self.dice.u64(60..9 * 24 * 3600);
            if long > 0 && ago.abs_diff(window) < 2 * LONG {
                continue;
            }
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

    /// Many are deleted at once: finished tasks that stand together, or all that wait.
    fn clean_up(&mut self) {
        let waiting = self.dice.u8(..6) == 0;
        let status = if waiting { Status::Ready } else { Status::Finished };
        let mut tasks: Vec<_> = self.tasks().filter(|task| task.status == status).collect();
        tasks.sort_by_key(|task| Reverse(task.start));
        let ids: Vec<_> = tasks.into_iter().map(|task| Arc::clone(&task.id)).collect();
        let first = if self.dice.bool() { 0 } else { self.dice.usize(..=ids.len()) };
        let many = self.dice.usize(1..150);
        ids.iter().skip(first).take(many).for_each(|id| self.delete(id));
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
        // A run that is dated by its start until its end is written has one that does not lie ahead.
        let began = task.start.is_none_or(|start| start <= now);
        let late = if odd.is_none() && began { self.late_end(id) } else { None };
        self.change(id, |task| {
            (task.status, task.end, task.counts) = (Status::Finished, said, odd.unwrap_or(counts));
            if let Some((_, at_first)) = late {
                task.end = Some(at_first);
            }
        });
        self.end_run(id, said);
        if odd.is_some() {
            self.change_at(id, settled, |task| task.counts = counts);
        }
        if let Some((written, _)) = late {
            self.write_end_late(id, written);
            self.change_at(id, written, |task| task.end = said);
        }
    }

    /// When the end of a run that ends now is written, and what stands there before: its start, or a moment that lies ahead
    /// still when it is corrected.
    fn late_end(&mut self, id: &str) -> Option<(Timestamp, Timestamp)> {
        let start = self.task(id)?.start?;
        let ran_before = self.record(id).runs.last().and_then(|run| run.start);
        let begins_anew = ran_before.is_none_or(|before| start.since(before) > Duration::from_secs(60));
        if gives_no_end(id) || gives_no_start(id) || !begins_anew {
            return None;
        }
        let after = |seconds| Duration::from_secs(seconds);
        let late = match self.dice.u8(..8) {
            0 | 1 => self.dice.u64(1..900),
            2 => self.dice.u64(900..LATEST),
            _ => return None,
        };
        let ahead = after(late + self.dice.u64(120..20 * 3600));
        let at_first = if self.dice.bool() { start } else { self.now.plus(ahead) };
        Some((self.now.plus(after(late)), at_first))
    }

    fn run_again(&mut self, id: &str) {
        let Some(Task { start, .. }) = self.task(id) else { return };
        let late = self.record(id).runs.last().is_some_and(Run::is_late);
        let may_keep_start = start.is_some() && !gives_no_end(id) && !late;
        let soon = start.is_some_and(|start| self.now.since(start) <= Duration::from_secs(60));
        match self.dice.u8(..4) {
            _ if gives_no_start(id) && gives_no_end(id) => {}
            _ if late && soon => {}
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
