//! Many tasks are deleted at once: what runs is known as soon as ever, and finding out costs a handful of requests.

use super::circle::Circle;
use super::reader::Reader;
use super::world::{Unstarted, World};
use hss_exporter::hss::{List, Query};
use hss_exporter::model::Status;
use std::sync::Arc;
use std::time::Duration;

const INTERVAL: u64 = 300;

/// So many runs have ended, the last half an hour ago; so many tasks have been running since before that.
fn world(finished: u64, running: usize, projects: usize) -> (World, Vec<Arc<str>>) {
    let mut world = World::with_projects(1, Unstarted::Tail, projects);
    let running: Vec<_> = (0..running).map(|_| world.add()).collect();
    running.iter().for_each(|id| world.start(id));
    world.pass(finished * 60 + 7200);
    for i in 0..finished {
        world.add_finished(Duration::from_secs(1800 + i * 60));
    }
    (world, running)
}

/// The newest tasks, so many.
fn newest(world: &mut World, tasks: usize) -> Vec<Arc<str>> {
    let mut finished: Vec<_> = world.tasks().filter(|task| task.status == Status::Finished).collect();
    finished.sort_by_key(|task| std::cmp::Reverse(task.start));
    finished.into_iter().take(tasks).map(|task| Arc::clone(&task.id)).collect()
}

fn lookups(world: &World, since: usize) -> usize {
    world.requests[since..].iter().filter(|query| matches!(query.list, List::One(_))).count()
}

#[test]
fn many_deleted_tasks_delay_no_end_of_a_run_and_cost_a_handful_of_requests() {
    for deleted in [1, 60, 600] {
        let (mut world, running) = world(1000, 3, 1);
        let mut reader = Reader::that_has_read(&mut world);
        newest(&mut world, deleted).iter().for_each(|id| world.delete(id));
        world.finish(&running[0]);
        world.pass(INTERVAL);
        let before = world.requests.len();
        // The head, the list of the running tasks, and the one that is missing there. The total explains the deletions.
        assert_eq!(reader.refresh(&mut world), 3, "{deleted} deleted");
        assert_eq!(lookups(&world, before), 1);
        assert_eq!(reader.events.len(), 1, "{deleted} deleted");
        world.pass(INTERVAL);
        // The head, the list of the running tasks, and that of the waiting tasks, which shows no retried one.
        assert_eq!(reader.refresh(&mut world), 3, "{deleted} deleted");
        assert_eq!(reader.ledger.tasks().count(), 1000 - deleted + 3, "{deleted} deleted");
        world.pass(INTERVAL);
        assert_eq!(reader.refresh(&mut world), 2, "{deleted} deleted");
        reader.check_equals(&mut world, "cleaned up");
    }
}

#[test]
fn where_the_total_says_nothing_a_sample_of_the_deleted_tasks_is_asked_for() {
    let (mut world, running) = world(1000, 1, 1);
    world.says_total = false;
    let mut reader = Reader::that_has_read(&mut world);
    newest(&mut world, 600).iter().for_each(|id| world.delete(id));
    world.finish(&running[0]);
    world.pass(INTERVAL);
    // The head, the run that has ended, the waiting tasks, and the sample.
    assert_eq!(reader.refresh(&mut world), 1 + 1 + 1 + 10);
    assert_eq!(reader.events.len(), 1);
    world.pass(INTERVAL);
    assert_eq!(reader.refresh(&mut world), 2);
    assert_eq!(reader.ledger.tasks().count(), 401);
}

#[test]
fn many_deleted_tasks_far_down_are_found_by_one_walk_and_a_sample() {
    let (mut world, _) = world(1000, 0, 1);
    let mut reader = Reader::that_has_read(&mut world);
    newest(&mut world, 800).split_off(400).iter().for_each(|id| world.delete(id));
    world.pass(INTERVAL);
    reader.refresh(&mut world);
    let before = world.requests.len();
    reader.reconcile(&mut world);
    assert_eq!(lookups(&world, before), 10);
    assert_eq!(reader.ledger.tasks().count(), 600);
}

#[test]
fn many_deleted_waiting_tasks_delay_no_end_of_a_run() {
    let (mut world, running) = world(400, 1, 1);
    let waiting: Vec<_> = (0..100).map(|_| world.add()).collect();
    let mut reader = Reader::that_has_read(&mut world);
    waiting.iter().for_each(|id| world.delete(id));
    world.finish(&running[0]);
    world.pass(INTERVAL);
    assert_eq!(reader.refresh(&mut world), 1 + 1 + 1 + 10);
    assert_eq!(reader.events.len(), 1);
    world.pass(INTERVAL);
    assert_eq!(reader.refresh(&mut world), 1 + 10);
    assert!(reader.ledger.tasks().all(|known| known.task.status != Status::Ready));
}

/// The total says that one is gone, and it is another one.
#[test]
fn a_retried_task_is_not_taken_for_the_one_that_was_deleted() {
    let (mut world, _) = world(1000, 0, 1);
    let mut reader = Reader::that_has_read(&mut world);
    let ids = newest(&mut world, 700);
    world.retry(&ids[20]);
    world.delete(&ids[699]);
    for _ in 0..3 {
        world.pass(INTERVAL);
        reader.refresh(&mut world);
        assert!(reader.ledger.has(&ids[20]));
    }
    let known = reader.ledger.tasks().find(|known| known.task.id == ids[20]).unwrap();
    assert_eq!(known.task.status, Status::Ready);
}

#[test]
fn old_copies_of_the_list_make_no_run_missing_that_has_just_ended() {
    for seed in 0..8 {
        let (mut world, _) = world(300, 0, 1);
        world.dice = fastrand::Rng::with_seed(seed);
        let mut reader = Reader::that_has_read(&mut world);
        world.pass(INTERVAL);
        let id = world.add();
        world.start(&id);
        world.pass(2);
        world.finish(&id);
        reader.refresh(&mut world);
        world.faults.stale = 100;
        for _ in 0..30 {
            world.pass(5);
            reader.refresh(&mut world);
            assert!(reader.ledger.has(&id), "seed {seed}");
        }
        assert_eq!(reader.events.len(), 1);
    }
}

/// More than a page of them: no two answers need show the same.
#[test]
fn a_list_without_an_order_makes_no_task_missing() {
    let mut world = World::new(1, Unstarted::Tail);
    world.shuffles = true;
    (0..300).for_each(|_| drop(world.add_finished(Duration::from_secs(7200))));
    let mut reader = Reader::that_has_read(&mut world);
    for _ in 0..10 {
        world.pass(INTERVAL);
        reader.refresh(&mut world);
    }
    let known = reader.ledger.tasks().count();
    for _ in 0..10 {
        world.pass(INTERVAL);
        reader.refresh(&mut world);
        assert!(reader.ledger.tasks().count() >= known);
    }
}

#[test]
fn a_running_task_that_cannot_be_asked_for_keeps_no_other_from_being_asked_for() {
    // Few enough to be asked for by their ids.
    let (mut world, running) = world(1000, 1, 1);
    let mut reader = Reader::that_has_read(&mut world);
    world.unanswered = Some(Query { list: List::One(Arc::clone(&running[0])), offset: 0 });
    let other = newest(&mut world, 500)[450].clone();
    world.change(&other, |task| (task.status, task.end) = (Status::Running, None));
    world.pass(3600);
    reader.refresh(&mut world);
    world.finish(&other);
    for _ in 0..3 {
        world.pass(INTERVAL);
        reader.refresh(&mut world);
    }
    assert_eq!(reader.events.len(), 1);
}

#[test]
fn many_deleted_tasks_of_targets_that_are_read_together_cost_a_page_of_each() {
    for deleted in [60, 600] {
        let (mut world, running) = world(1200, 3, 3);
        let mut circle = Circle::that_has_read(3, &mut world);
        circle.refresh(&mut world);
        world.pass(INTERVAL);
        let idle = circle.refresh(&mut world);
        newest(&mut world, deleted).iter().for_each(|id| world.delete(id));
        world.finish(&running[0]);
        world.pass(INTERVAL);
        let events = |circle: &Circle| circle.readers.iter().map(|reader| reader.events.len()).sum::<usize>();
        // The run that has ended; and the list has become shorter, so that each target is counted again.
        assert_eq!(circle.refresh(&mut world), idle + 1 + 3);
        assert_eq!(events(&circle), 1);
        world.pass(INTERVAL);
        let before = world.requests.len();
        let requests = circle.refresh(&mut world);
        assert!(requests <= idle + 1 + 3 * 4, "{deleted} deleted: {requests}");
        assert_eq!(lookups(&world, before), 0);
        let known: usize = circle.readers.iter().map(|reader| reader.ledger.tasks().count()).sum();
        assert_eq!(known, 1203 - deleted);
        for _ in 0..3 {
            world.pass(INTERVAL);
            circle.refresh(&mut world);
        }
        world.pass(INTERVAL);
        assert_eq!(circle.refresh(&mut world), idle);
        assert_eq!(events(&circle), 1);
    }
}
