//! Carries a plan out: asks the cloud, page by page, and writes what it answers into the books.

use super::attribution::{Ask, Member, Of, Parted, Strangers, Together, Undivided};
use super::board::{Board, Place};
use super::inquiry::{Desk, Inquiry};
use super::memory::Memory;
use super::plan::{Lost, Part, Plan, Taken};
use super::register::Register;
use super::statistics::may_stand_in;
use crate::config::Watch;
use crate::hss::{List, Query, TaskList};
use crate::model::observe::{Note, Observe};
use crate::model::{Applied, Book, ClockOffset, Event, Failure, Ledger, Reason, Task, TaskType, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What a walk needs to know of its scope.
pub(super) struct Scope<'a> {
    pub(super) watch: &'a Watch,
    pub(super) task_type: TaskType,
    pub(super) place: Place,
    /// Lets the ledger know what a list of all has shown of these tasks, if they are new to it.
    pub(super) claim: &'a (dyn Fn(&mut Ledger, &[Task]) -> Applied + Sync),
}

/// With what a walk is made.
pub(super) struct Tools<'a> {
    pub(super) board: &'a Board,
    pub(super) list: &'a TaskList,
    pub(super) observer: &'a dyn Observe,
    pub(super) now: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Where statistics are asked for.
    pub(super) desk: &'a Desk,
    /// Whether its turn comes so seldom that statistics may stand in for a head.
    pub(super) behind: bool,
}

/// How a walk ended.
#[derive(Default)]
pub(super) struct Walked {
    /// For the next one.
    pub(super) memory: Memory,
    /// Requests sent, retries included.
    pub(super) requests: u64,
    /// Whether the cloud answered at all: the credential is good.
    pub(super) answered: bool,
    /// Whether it then refused the credential, where nothing depended on it.
    pub(super) doubted: bool,
    /// Why it ended before its plan did, if so.
    pub(super) failure: Option<Failure>,
    /// Why a page could not be read without which it went on: the rest of a walk.
    pub(super) set_aside: Option<Failure>,
}

/// Walks through the pages that a plan asks for. A walk that fails leaves in the book what its pages gave: each is true
/// by itself.
pub(super) async fn walk(part: Part, mut memory: Memory, scope: &Scope<'_>, tools: &Tools<'_>) -> Walked {
    let Scope { watch, task_type, place, claim } = scope;
    let Tools { board, list, observer, now, desk, behind } = tools;
    let mut inquiry = Inquiry::new(desk, list, watch, *task_type);
    let time = list.time();
    memory.rebase(time.base);
    let may_stand_in = |book: &mut Book| {
        book.ledger.rebase(time);
        may_stand_in(&memory, &book.ledger, time.at, watch.stale_after / 2)
    };
    if *behind
        && part == Part::Refresh
        && board.write(*place, may_stand_in) == Some(true)
        && inquiry.stands_in(&mut memory, time).await
    {
        return Walked { memory, answered: true, ..Walked::default() };
    }
    let plan = board.write(*place, |book| Plan::new(part, watch.filter.trigger, memory, &book.ledger));
    let Some(mut plan) = plan else { return Walked::default() };
    let mut requests = 0;
    let mut set_aside = None;
    let failure = loop {
        let Some(query) = plan.next() else {
            let Some(said) = inquiry.after_pages(&mut plan).await else { break None };
            board.write(*place, |book| plan.take_statistics(&said, &book.ledger));
            continue;
        };
        let page = match list.read(watch, *task_type, &query, &mut requests).await {
            Ok(page) => page,
            Err(failure) if failure.reason.concerns_all() => break Some(failure),
            Err(failure) => {
                let at = inquiry.last_read();
                let Some(applied) = board.write(*place, |book| plan.set_aside(at, &mut book.ledger)).flatten() else {
                    break Some(failure);
                };
                applied.events.iter().for_each(|event| log(watch, *task_type, event));
                set_aside = Some(failure);
                continue;
            }
        };
        inquiry.page_was_read(page.time());
        let taken = board.write(*place, |book| {
            book.cloud_ahead = ClockOffset::between(now(), page.at);
            book.ledger.rebase(page.time());
            let claimed = claim(&mut book.ledger, &page.tasks);
            let mut taken = plan.take(page, &mut book.ledger);
            if let Ok(taken) = &mut taken {
                taken.applied.add(claimed);
            }
            taken
        });
        match taken {
            Some(Ok(Taken { applied, reread })) => {
                note(reread, watch, *observer);
                applied.events.iter().for_each(|event| log(watch, *task_type, event));
            }
            Some(Err(why)) => break Some(lost(watch, *task_type, why)),
            None => break None,
        }
    };
    if part == Part::Refresh && failure.is_none() {
        board.write(*place, |book| inquiry.end(&mut plan, &book.ledger, *observer));
    }
    let (answered, doubted) = (inquiry.has_read(), inquiry.was_refused());
    Walked { memory: plan.end(), requests, answered, doubted, failure, set_aside }
}

/// Targets of a project that are read together.
pub(super) struct Project<'a> {
    /// All that the caller may see of the project.
    pub(super) all: &'a Watch,
    /// In the order of their places.
    pub(super) scopes: Vec<Scope<'a>>,
    /// Which of them are read by the undivided list alone.
    pub(super) joined: Vec<bool>,
    pub(super) task_type: TaskType,
}

/// What a walk through an undivided list leaves behind beside the rest.
#[derive(Default)]
pub(super) struct Divided {
    /// Targets that could not be read while the rest was divided, by their index.
    pub(super) failed: BTreeMap<usize, Failure>,
    /// Targets that the undivided list leaves out though they can be read.
    pub(super) left_out: BTreeSet<usize>,
    /// Whether the cloud, asked for one task, answers with others: then nothing can be divided for sure.
    pub(super) ids_unheeded: bool,
    /// Whether the undivided list could be read at all.
    pub(super) shown: bool,
}

/// Walks through a project's undivided list, and divides what is new.
pub(super) async fn walk_together(
    mut memory: Memory,
    strangers: &mut Strangers,
    project: &Project<'_>,
    tools: &Tools<'_>,
) -> (Walked, Divided) {
    let Project { all, scopes, joined, task_type } = project;
    let Tools { board, list, observer, now, desk, behind } = tools;
    let places: Vec<Place> = scopes.iter().map(|scope| scope.place).collect();
    let mut inquiry = Inquiry::new(desk, list, all, *task_type);
    let time = list.time();
    memory.rebase(time.base);
    let quiet = board.write_all(&places, |books| {
        let mut undivided = undivided(books, joined, strangers);
        undivided.rebase(time);
        *behind && may_stand_in(&memory, &undivided, time.at, all.stale_after / 2)
    });
    if quiet && inquiry.stands_in(&mut memory, time).await {
        return (Walked { memory, answered: true, ..Walked::default() }, Divided { shown: true, ..Divided::default() });
    }
    let mut together = board
        .write_all(&places, |books| Together::new(all.filter.trigger, memory, &undivided(books, joined, strangers)));
    let (mut requests, mut set_aside) = (0, None);
    let mut divided = Divided::default();
    let failure = loop {
        if let Some(said) = inquiry.after_pages(together.plan()).await {
            board.write_all(&places, |books| {
                together.plan().take_statistics(&said, &undivided(books, joined, strangers));
            });
        }
        let ask = board.write_all(&places, |books| together.next(&undivided(books, joined, strangers)));
        let Some(Ask { of, query }) = ask else { break None };
        let (watch, member) = match of {
            Of::All => (*all, None),
            Of::Member(index) => (scopes.get(index).map_or(*all, |scope| scope.watch), Some(index)),
        };
        let page = match (list.read(watch, *task_type, &query, &mut requests).await, member) {
            (Ok(page), _) => page,
            (Err(failure), Some(index)) if !failure.reason.concerns_all() => {
                divided.failed.insert(index, failure);
                together.skip();
                continue;
            }
            (Err(failure), _) if failure.reason.concerns_all() => break Some(failure),
            (Err(failure), _) => {
                let at = inquiry.last_read();
                let may_go_on = board.write_all(&places, |books| {
                    let mut undivided = undivided(books, joined, strangers);
                    (together.plan().set_aside(at, &mut undivided).is_some(), undivided.ended)
                });
                let (true, ended) = may_go_on else { break Some(failure) };
                log_all(scopes, *task_type, &ended);
                set_aside = Some(failure);
                continue;
            }
        };
        inquiry.page_was_read(page.time());
        divided.shown |= of == Of::All;
        let (taken, ended) = board.write_all(&places, |books| {
            let ahead = ClockOffset::between(now(), page.at);
            books.iter_mut().for_each(|book| book.cloud_ahead = ahead);
            let mut undivided = undivided(books, joined, strangers);
            (together.take(page, &mut undivided), undivided.ended)
        });
        log_all(scopes, *task_type, &ended);
        match taken {
            Ok(Taken { reread, .. }) => note(reread, all, *observer),
            Err(why) => break Some(lost(all, *task_type, why)),
        }
    };
    if failure.is_none() {
        board.write_all(&places, |books| {
            inquiry.end(together.plan(), &undivided(books, joined, strangers), *observer);
        });
    }
    let Parted { memory, left_out, ids_unheeded } =
        board.write_all(&places, |books| together.end(&mut undivided(books, joined, strangers)));
    (divided.left_out, divided.ids_unheeded) = (left_out, ids_unheeded);
    let (answered, doubted) = (inquiry.has_read(), inquiry.was_refused());
    (Walked { memory, requests, answered, doubted, failure, set_aside }, divided)
}

/// Asks only how many tasks there are in all enterprise projects.
pub(super) async fn count_together(strangers: &mut Strangers, project: &Project<'_>, tools: &Tools<'_>) -> Walked {
    let mut walked = Walked::default();
    let query = Query { list: List::Newest, offset: 0 };
    match tools.list.read(project.all, project.task_type, &query, &mut walked.requests).await {
        Ok(page) => {
            walked.answered = true;
            strangers.count(page.total);
        }
        Err(failure) => walked.failure = Some(failure),
    }
    walked
}

fn undivided<'a>(books: &'a mut [&mut Book], joined: &[bool], strangers: &'a mut Strangers) -> Undivided<'a> {
    let members = books.iter_mut().zip(joined);
    let members = members.map(|(book, joined)| Member { ledger: &mut book.ledger, joined: *joined }).collect();
    Undivided { members, strangers, ended: Vec::new() }
}

fn note(reread: bool, watch: &Watch, observer: &dyn Observe) {
    if reread {
        observer.note(Note::PageReread { account: &watch.target.account });
    }
}

fn log_all(scopes: &[Scope<'_>], task_type: TaskType, ended: &[(usize, Event)]) {
    for (index, event) in ended {
        if let Some(scope) = scopes.get(*index) {
            log(scope.watch, task_type, event);
        }
    }
}

fn log(watch: &Watch, task_type: TaskType, Event { kind, run }: &Event) {
    let (success, failed) = run.counts.done();
    tracing::info!(
        target = "hss_exporter",
        scope = %watch.target,
        task_type = task_type.as_str(),
        task_id = %run.id,
        trigger_type = kind.trigger.as_str(),
        scan = kind.scan.as_str(),
        outcome = run.outcome().as_str(),
        success,
        failed,
        "scan task finished"
    );
}

fn lost(watch: &Watch, task_type: TaskType, why: Lost) -> Failure {
    Failure {
        reason: Reason::Inconsistent,
        tried: format!("reading the tasks ({}) of {}", task_type.as_str(), watch.target),
        status: None,
        code: None,
        message: why.message().to_owned(),
        request_id: None,
        retry_after: None,
    }
}
