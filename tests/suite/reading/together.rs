//! Targets that are read together: whatever happens to any of them, each ledger equals its part of the world, and every run
//! was one event of its owner.

use super::circle::Circle;
use super::clock::Clock;
use super::proof::{self, Due, every_fourth};
use super::world::{Faults, OLD_COPY, Unstarted, World};
use hss_exporter::model::Status;
use hss_exporter::refresh::plan::Part;

const INTERVAL: u64 = 300;

/// How many tasks are asked for one by one in a refresh.
const LOOKUPS: usize = 20;

fn churn(seed: u64) {
    let unstarted = [Unstarted::Head, Unstarted::Tail, Unstarted::Mixed][seed as usize % 3];
    let history = [0, 20, 150, 199, 250, 400, 700, 900][seed as usize / 3 % 8];
    let projects = 2 + seed as usize % 5;
    let mut world = World::with_projects(seed, unstarted, projects);
    // Some are watched by nobody.
    let targets = world.dice.usize(2..=projects);
    world.shuffles = world.dice.bool();
    world.heeds_ids = world.dice.u8(..8) > 0;
    world.says_total = world.dice.u8(..8) > 0;
    world.plans = seed.is_multiple_of(2);
    world.begin_with(history);
    world.clock = Clock::of(seed, world.now);
    let mut circle = Circle::new(targets, &world);
    if world.dice.bool() {
        circle.refresh(&mut world);
        circle.read_history(&mut world);
    }
    let faulty = world.dice.bool();
    let stale = [0, 30][world.dice.usize(..2)];
    let rounds = world.dice.usize(1..20);
    for _ in 0..rounds {
        let pause = world.dice.u64(OLD_COPY..2 * INTERVAL);
        world.pass(pause);
        let busy = if world.dice.bool() { world.dice.usize(1..8) } else { 0 };
        let cut = if world.dice.u8(0..4) == 0 { world.dice.usize(0..4) } else { usize::MAX };
        let one = world.dice.usize(..targets);
        let which = if faulty { world.dice.u8(..10) } else { u8::MAX };
        world.faults = Faults {
            broken: if faulty { 5 } else { 0 },
            total: if faulty { 10 } else { 0 },
            doubled: if faulty { 10 } else { 0 },
            stale: if faulty { stale } else { 0 },
            shut_out: Some(one).filter(|_| which == 0),
            left_out: Some(one).filter(|_| which == 1),
            refuses_all: which == 2,
        };
        let happen = |world: &mut World| {
            for _ in 0..world.dice.usize(..=busy) {
                world.happen();
            }
        };
        let read = &mut circle.readers[one];
        match (world.dice.u8(..6), read.since.is_some(), read.ledger.complete()) {
            (0 | 1, true, false) => circle.read_alone(one, Part::History, &mut world, cut, happen),
            (0, _, true) => circle.read_alone(one, Part::Reconcile, &mut world, cut, happen),
            _ => circle.refresh_with(&mut world, cut, happen),
        }
    }
    world.faults = Faults::default();
    world.pass(OLD_COPY);
    let turns = 4 + (world.tasks().filter(|task| task.status != Status::Finished).count()) / LOOKUPS;
    let be_quiet = |circle: &mut Circle, world: &mut World| {
        for _ in 0..turns {
            circle.read_history(world);
            world.pass(INTERVAL);
            circle.refresh(world);
            circle.read_history(world);
        }
    };
    let check = |circle: &Circle, world: &mut World, due: Due| {
        for (index, reader) in circle.readers.iter().enumerate() {
            proof::check(reader, world, due, &format!("seed {seed}, target {index} of {targets} in {projects}"));
        }
    };
    be_quiet(&mut circle, &mut world);
    check(&circle, &mut world, Due::Soon);
    world.pass(3600);
    be_quiet(&mut circle, &mut world);
    check(&circle, &mut world, Due::Hour);
    for _ in 0..2 {
        circle.reconcile(&mut world);
        be_quiet(&mut circle, &mut world);
    }
    check(&circle, &mut world, Due::Reconciled);
}

#[test]
fn after_any_churn_each_ledger_equals_its_part_of_the_cloud_1() {
    every_fourth(0, churn);
}

#[test]
fn after_any_churn_each_ledger_equals_its_part_of_the_cloud_2() {
    every_fourth(1, churn);
}

#[test]
fn after_any_churn_each_ledger_equals_its_part_of_the_cloud_3() {
    every_fourth(2, churn);
}

#[test]
fn after_any_churn_each_ledger_equals_its_part_of_the_cloud_4() {
    every_fourth(3, churn);
}

#[track_caller]
fn check_requests(targets: usize, history: u64, idle: usize) {
    let mut world = World::with_projects(1, Unstarted::Tail, targets);
    for i in 0..history {
        world.add_finished(std::time::Duration::from_secs(3600 + i * 60));
    }
    let mut circle = Circle::that_has_read(targets, &mut world);
    circle.refresh(&mut world);
    world.pass(INTERVAL);
    assert_eq!(circle.refresh(&mut world), idle);
}

#[test]
fn where_nothing_has_changed_one_request_reads_all_targets() {
    for targets in [2, 10, 100] {
        for history in [0, 10, 1000, 5000] {
            check_requests(targets, history, 1);
        }
    }
}
