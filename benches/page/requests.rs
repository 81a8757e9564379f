//! How many requests reading takes, counted from the plan alone: no clock, no network.

use crate::world::{WINDOW, history, now};
use hss_exporter::hss::wire::Oddities;
use hss_exporter::hss::{List, Page, Query};
use hss_exporter::model::{Ledger, Status, Task};
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::{Part, Plan};
use std::fmt::Write;

const HISTORY: [usize; 4] = [0, 200, 1_000, 20_000];

/// A row a history: what we ask, and what it takes to read the list anew each time.
pub(crate) fn table() -> String {
    let mut text = String::from(
        "\n| tasks | first read | idle refresh | the whole list, 200 a page | the whole list, 10 a page |\n\
         |---:|---:|---:|---:|---:|\n",
    );
    for tasks in HISTORY {
        let (first, idle) = count(&history(tasks));
        let again = |page: usize| tasks.div_ceil(page).max(1);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {tasks} | {first} | {idle} | {} | {} |", again(200), again(10));
    }
    text
}

/// The requests of a first read, until the window is complete, and of the refresh after it.
fn count(list: &[Task]) -> (usize, usize) {
    let mut ledger = Ledger::new(WINDOW);
    let (mut memory, mut first) = read(Part::Refresh, Memory::default(), &mut ledger, list);
    while !ledger.complete() {
        let (next, more) = read(Part::History, memory, &mut ledger, list);
        memory = next;
        first += more;
    }
    let (_, idle) = read(Part::Refresh, memory, &mut ledger, list);
    (first, idle)
}

fn read(part: Part, memory: Memory, ledger: &mut Ledger, list: &[Task]) -> (Memory, usize) {
    let mut plan = Plan::new(part, None, memory, ledger);
    let mut requests = 0;
    while let Some(query) = plan.next() {
        requests += 1;
        if plan.take(answer(list, &query), ledger).is_err() {
            break;
        }
    }
    (plan.end(), requests)
}

fn answer(list: &[Task], query: &Query) -> Page {
    let listed = |task: &&Task| match &query.list {
        List::All | List::Newest => true,
        List::Running => task.status == Status::Running,
        List::Ready => task.status == Status::Ready,
        List::Finished(trigger) => task.status == Status::Finished && task.trigger == *trigger,
        List::One(id) => task.id == *id,
    };
    let total = list.iter().filter(listed).count() as u64;
    let tasks = list.iter().filter(listed).skip(query.offset as usize).take(query.limit() as usize);
    let tasks: Vec<Task> = tasks.cloned().collect();
    let listed = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
    Page { at: now(), total: Some(total), tasks, listed, oddities: Oddities::default() }
}
