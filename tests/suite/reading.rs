//! Reading a list that moves while it is read: the plan, the pages and the ledger, against a world in memory.
//!
//! No sockets: what is decided is pure. The world changes between any two pages; once it is quiet, the ledger must equal
//! it, and every run that ended must have been one event.
#![cfg(test)]

/// What happens in the world.
mod churn;
/// What the answers say about the time, and how it is told.
mod clock;
/// Who reads several targets together.
mod circle;
/// What it costs.
mod counts;
/// Many tasks are deleted at once.
mod deletions;
/// Any world, and what must be true of reading it.
mod proof;
/// Who reads it.
mod reader;
/// What ends in it.
mod runs;
/// Several targets, read together.
mod together;
/// What is read.
mod world;

use hss_exporter::hss::{List, Query};
use hss_exporter::refresh::plan::Part;
use proof::Due;
use reader::Reader;
use std::time::Duration;
use world::{Unstarted, World, clusters};

#[track_caller]
fn check_requests(history: usize, running: usize, ready: usize, first: usize, idle: usize) {
    let mut world = World::with_history(history as u64);
    for _ in 0..running {
        let id = world.add();
        world.start(&id);
    }
    for _ in 0..ready {
        world.add();
    }
    world.pass(60);
    let mut reader = Reader::that_has_read(&mut world);
    assert_eq!(world.requests.len(), first, "first read");
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), idle, "idle");
    reader.check_equals(&mut world, "still");
}

#[test]
fn where_nothing_has_changed_the_head_is_the_only_request() {
    check_requests(0, 0, 0, 1, 1);
    check_requests(199, 0, 0, 1, 1);
    // A full page is not believed to be the last: the lists of the first read, and one page more.
    check_requests(200, 0, 0, 4, 1);
    check_requests(201, 0, 0, 4, 1);
    check_requests(1000, 3, 0, 3 + 5, 1);
    check_requests(1000, 3, 250, 1 + 1 + 2 + 6, 1);
}

#[test]
fn news_costs_as_many_pages_as_it_fills() {
    let mut world = World::with_history(1000);
    let mut reader = Reader::that_has_read(&mut world);
    for (arrivals, requests) in [(1, 1), (190, 1), (191, 2), (389, 2), (390, 3)] {
        world.pass(300);
        for _ in 0..arrivals {
            let id = world.add();
            world.start(&id);
            world.pass(1);
            world.finish(&id);
        }
        assert_eq!(reader.refresh(&mut world), requests, "{arrivals} arrivals");
        reader.check_equals(&mut world, "arrivals");
    }
}

#[test]
fn a_walk_that_was_interrupted_leaves_no_hole() {
    let mut world = World::with_history(300);
    let mut reader = Reader::that_has_read(&mut world);
    world.pass(60);
    for _ in 0..500 {
        let id = world.add();
        world.start(&id);
        world.pass(1);
        world.finish(&id);
    }
    reader.turn(Part::Refresh, &mut world, 1, |_| {});
    reader.turn(Part::Refresh, &mut world, 2, |_| {});
    reader.refresh(&mut world);
    reader.check_equals(&mut world, "interrupted");
}

#[test]
fn tasks_that_began_together_come_in_any_order_and_none_is_missed() {
    for seed in 0..8 {
        let mut world = World::new(seed, Unstarted::Tail);
        world.shuffles = true;
        for i in 0..990 {
            world.add_finished(Duration::from_secs(3600 + i / 30 * 3600));
        }
        let mut reader = Reader::new();
        reader.refresh(&mut world);
        reader.read_history(&mut world);
        reader.check_equals(&mut world, &format!("seed {seed}"));
    }
}

#[test]
fn a_cloud_that_does_not_heed_ids_makes_us_lose_no_task() {
    let mut world = World::new(1, Unstarted::Tail);
    world.heeds_ids = false;
    let deep: Vec<_> = (0..3).map(|_| world.add()).collect();
    deep.iter().for_each(|id| world.start(id));
    world.pass(10_000);
    for i in 0..500 {
        world.add_finished(Duration::from_secs(60 + i));
    }
    let mut reader = Reader::that_has_read(&mut world);
    for _ in 0..4 {
        world.pass(60);
        reader.refresh(&mut world);
        reader.check_equals(&mut world, "they run");
    }
    world.finish(&deep[0]);
    world.delete(&deep[1]);
    for _ in 0..2 {
        world.pass(60);
        reader.refresh(&mut world);
    }
    reader.check_equals(&mut world, "one has ended, one is gone, one runs");
    world.pass(60);
    assert_eq!(reader.refresh(&mut world), 2, "the head, and what runs");
}

#[test]
fn what_has_left_its_place_near_the_head_is_looked_for() {
    let mut world = World::with_history(400);
    let mut reader = Reader::that_has_read(&mut world);
    let ids: Vec<_> =
        world.answer(&Query { list: List::All, offset: 10 }).tasks.into_iter().map(|task| task.id).collect();
    // Deleted: the total falls, it is asked for twice, and then it is no recent run any more.
    world.delete(&ids[0]);
    // Retried, and sorted where nobody reads: the total does not move.
    world.retry(&ids[1]);
    for _ in 0..2 {
        world.pass(300);
        reader.refresh(&mut world);
    }
    assert!(!reader.ledger.has(&ids[0]));
    reader.check_equals(&mut world, "left its place");
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), 1, "and then it is quiet again");
}

#[test]
fn a_waiting_task_that_is_gone_is_asked_for_again_by_the_next_refresh() {
    let mut world = World::with_history(400);
    let id = world.add();
    let mut reader = Reader::that_has_read(&mut world);
    world.delete(&id);
    world.pass(300);
    // The total has moved: the waiting tasks are listed, and this one is asked for.
    assert_eq!(reader.refresh(&mut world), 3);
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), 2);
    assert!(!reader.ledger.has(&id));
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), 1);
}

#[test]
fn a_first_refresh_is_one_request_so_that_the_next_target_gets_its_turn() {
    let mut world = World::with_history(1000);
    let mut reader = Reader::new();
    assert_eq!(reader.refresh(&mut world), 1);
    assert_eq!(reader.refresh(&mut world), 1);
    assert!(!reader.ledger.complete());
}

#[test]
fn reading_the_window_again_mends_what_short_cuts_have_missed() {
    let mut world = World::with_history(1000);
    let mut reader = Reader::that_has_read(&mut world);
    world.pass(3700);
    reader.refresh(&mut world);
    // Far down: one is gone, one is corrected, one was run again in its old place and ended unseen.
    let deep: Vec<_> = world.answer(&Query { list: List::All, offset: 600 }).tasks;
    world.delete(&deep[0].id);
    world.change(&deep[1].id, |task| task.counts = clusters(0, 1, 7));
    world.finish(&deep[2].id);
    reader.refresh(&mut world);
    assert!(reader.ledger.has(&deep[0].id), "nobody looks there");
    let mut turns = 0;
    loop {
        turns += 1;
        world.pass(1800);
        for _ in 0..150 {
            let id = world.add();
            world.start(&id);
            world.pass(1);
            world.finish(&id);
        }
        reader.refresh(&mut world);
        reader.turn(Part::Reconcile, &mut world, usize::MAX, |_| {});
        if reader.memory.reconcile.is_none() {
            break;
        }
    }
    assert!((6..=12).contains(&turns), "about a page a turn: {turns}");
    reader.check_equals(&mut world, "reconciled");
    assert!(!reader.ledger.has(&deep[0].id), "what is gone is forgotten");
    let corrected = reader.ledger.tasks().find(|known| known.task.id == deep[1].id).unwrap();
    assert_eq!(corrected.task.counts, clusters(0, 1, 7));
}

#[test]
fn where_one_page_holds_all_there_is_nothing_to_read_again() {
    let mut world = World::new(1, Unstarted::Tail);
    world.add_finished(Duration::from_secs(3600));
    let mut reader = Reader::new();
    reader.refresh(&mut world);
    assert!(reader.memory.saw_all);
}

/// Its id is known from the first page, and on the last one it would bear witness that the pages fit together.
#[test]
fn a_task_that_is_retried_to_the_end_of_the_list_hides_no_gap() {
    let mut world = World::with_history(300);
    let mut reader = Reader::new();
    reader.refresh(&mut world);
    let first: Vec<_> =
        world.answer(&Query { list: List::All, offset: 0 }).tasks.into_iter().map(|task| task.id).collect();
    for id in &first[20..50] {
        world.delete(id);
    }
    world.retry(&first[0]);
    reader.read_history(&mut world);
    proof::check(&reader, &mut world, Due::Hour, "pulled up");
}

#[test]
fn a_cloud_that_gives_the_first_page_at_any_offset_is_found_out() {
    for cap in [None, Some(50), Some(7)] {
        let mut world = World::with_history(300);
        (world.heeds_offset, world.cap) = (false, cap);
        let mut reader = Reader::new();
        let mut well = reader.turn(Part::Refresh, &mut world, usize::MAX, |_| {});
        for _ in 0..12 {
            well &= reader.turn(Part::History, &mut world, usize::MAX, |_| {});
        }
        // Seven are no cap: what is asked for is ten at least.
        assert_eq!(well, cap == Some(7), "{cap:?}");
        assert_eq!(reader.ledger.complete(), cap == Some(7));
        assert!(world.requests.len() < 40);
    }
}

#[test]
fn pages_that_are_cut_are_found_out_when_a_run_begins_at_the_latest() {
    let mut world = World::with_history(300);
    // No round number, so nothing looks strange at first.
    world.cap = Some(73);
    let mut reader = Reader::that_has_read(&mut world);
    assert!(reader.memory.saw_all);
    for _ in 0..2 {
        world.pass(300);
        let id = world.add();
        world.start(&id);
        world.pass(10);
        world.finish(&id);
        reader.refresh(&mut world);
    }
    reader.read_history(&mut world);
    reader.check_equals(&mut world, "cut");
    // Of the totals of all pages, the last was not that of the head.
    world.pass(300);
    reader.refresh(&mut world);
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), 1, "idle");
}
