//! What statistics add to a refresh: the plan and the ledger, against a list in memory.
#![cfg(test)]

use hss_exporter::hss::wire::Oddities;
use hss_exporter::hss::{List, Page, Query, Statistics};
use hss_exporter::model::{ClockBase, Counts, Ledger, Scan, ScanTypes, Status, Task, Timestamp, Trigger};
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::{Part, Plan};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1_750_000_000);

/// A list of tasks, newest first, and a reader of it.
struct Ground {
    now: Timestamp,
    tasks: Vec<Task>,
    ledger: Ledger,
    memory: Memory,
}

/// What a refresh asked: pages, and whether it had the statistics.
#[derive(Debug, PartialEq)]
struct Asked {
    queries: Vec<List>,
    statistics: bool,
    refuted: bool,
}

impl Ground {
    /// So many finished tasks, a minute apart, of which the window has been read.
    fn new(tasks: u64) -> Self {
        let task = |n: u64| {
            let end = NOW.minus(Duration::from_secs(60 * n));
            let counts = Counts::Clusters { scanning: Some(0), success: Some(1), failed: Some(0) };
            Task {
                id: format!("task-{n:04}").into(),
                name: None,
                trigger: Trigger::Schedule,
                status: Status::Finished,
                start: Some(end.minus(Duration::from_secs(30))),
                end: Some(end),
                estimated_remaining: None,
                scan: Scan::Cluster(ScanTypes::BENCHMARK),
                counts,
            }
        };
        let tasks = (1..=tasks).map(task).collect();
        let ledger = Ledger::new(Duration::from_secs(7 * 24 * 3600));
        let mut ground = Self { now: NOW, tasks, ledger, memory: Memory::default() };
        ground.turn(Part::Refresh, |_| None);
        while !ground.ledger.complete() {
            ground.turn(Part::History, |_| None);
        }
        ground
    }

    fn answer(&self, Query { list, offset }: &Query) -> Page {
        let listed = |task: &&Task| match list {
            List::Running => task.status == Status::Running,
            List::Ready => task.status == Status::Ready,
            List::One(id) => task.id == *id,
            _ => true,
        };
        let all: Vec<&Task> = self.tasks.iter().filter(listed).collect();
        let tasks: Vec<Task> = all.iter().skip(*offset as usize).take(200).map(|task| (*task).clone()).collect();
        let (total, listed) = (Some(all.len() as u64), tasks.len() as u32);
        Page { at: self.now, base: ClockBase::default(), total, listed, tasks, oddities: Oddities::default() }
    }

    fn turn(&mut self, part: Part, say: impl Fn(u64) -> Option<u64>) -> Asked {
        let mut plan = Plan::new(part, None, std::mem::take(&mut self.memory), &self.ledger);
        let (mut queries, mut statistics) = (Vec::new(), false);
        loop {
            if let Some(query) = plan.next() {
                plan.take(self.answer(&query), &mut self.ledger).unwrap();
                queries.push(query.list);
            } else if plan.wants_statistics(self.now) {
                assert!(!std::mem::replace(&mut statistics, true), "they are asked once");
                let running = self.tasks.iter().filter(|task| task.status == Status::Running).count() as u64;
                let said = Statistics { at: self.now, running: say(running), ..Statistics::default() };
                plan.take_statistics(&said, &self.ledger);
            } else {
                break;
            }
        }
        let refuted = plan.has_refuted_statistics();
        self.memory = plan.end();
        Asked { queries, statistics, refuted }
    }

    /// A refresh five minutes later, with statistics that say so many of the true number.
    #[track_caller]
    fn check(&mut self, say: impl Fn(u64) -> Option<u64>, queries: &[List], statistics: bool, refuted: bool) {
        self.now = self.now.plus(Duration::from_secs(300));
        let asked = self.turn(Part::Refresh, say);
        assert_eq!(asked, Asked { queries: queries.to_vec(), statistics, refuted });
    }

    fn running(&self) -> usize {
        self.ledger.tasks().filter(|known| known.task.status == Status::Running).count()
    }

    fn run_again(&mut self, place: usize) {
        (self.tasks[place].status, self.tasks[place].end) = (Status::Running, None);
    }

    fn finish(&mut self, place: usize) {
        (self.tasks[place].status, self.tasks[place].end) = (Status::Finished, Some(self.now));
    }
}

const HEAD: List = List::All;

#[test]
fn where_they_agree_the_head_is_the_only_page() {
    let mut ground = Ground::new(450);
    ground.check(Some, &[HEAD], true, false);
    ground.check(|_| None, &[HEAD], true, false);
    let mut small = Ground::new(150);
    small.check(Some, &[HEAD], false, false);
}

#[test]
fn what_runs_far_down_is_listed_as_soon_as_they_count_it() {
    let mut ground = Ground::new(450);
    ground.run_again(400);
    ground.check(Some, &[HEAD, List::Running], true, false);
    assert_eq!(ground.running(), 1);
    ground.run_again(300);
    // What is known to run is asked for by its id.
    let one = || List::One("task-0401".into());
    ground.check(Some, &[HEAD, one(), List::Running], true, false);
    assert_eq!(ground.running(), 2);
}

#[test]
fn a_task_that_is_gone_is_no_dispute() {
    let mut ground = Ground::new(450);
    ground.run_again(400);
    ground.check(Some, &[HEAD, List::Running], true, false);
    let gone = ground.tasks.remove(400);
    let one = || List::One(gone.id.clone());
    // The total fell, too.
    ground.check(Some, &[HEAD, one(), List::Ready], true, false);
    assert_eq!(ground.running(), 1, "missed once, it may come back");
    ground.check(Some, &[HEAD, one()], true, false);
    assert_eq!(ground.running(), 0);
}

#[test]
fn who_counts_what_is_not_there_costs_one_list_and_is_not_asked_for_an_hour() {
    let mut ground = Ground::new(450);
    ground.check(|_| Some(7), &[HEAD, List::Running], true, true);
    for _ in 0..10 {
        ground.check(|_| Some(7), &[HEAD], false, false);
    }
    // The lists of the hour leave nothing to be told.
    ground.check(|_| Some(7), &[HEAD, List::Running, List::Ready], false, false);
    ground.check(|_| Some(7), &[HEAD, List::Running], true, true);
}

#[test]
fn who_hides_what_a_page_shows_is_refuted() {
    let mut ground = Ground::new(450);
    ground.run_again(20);
    ground.check(|_| Some(0), &[HEAD, List::Running], true, true);
    assert_eq!(ground.running(), 1);
    ground.finish(20);
    ground.check(|_| Some(0), &[HEAD], false, false);
    assert_eq!(ground.running(), 0);
}
