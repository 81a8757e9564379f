//! Carries a plan out: asks the cloud, page by page, and writes what it answers into the book.

use super::board::{Board, Place};
use super::inquiry::{Desk, Inquiry};
use super::memory::Memory;
use super::plan::{Lost, Part, Plan, Taken};
use super::statistics;
use crate::config::Watch;
use crate::hss::TaskList;
use crate::model::observe::{Note, Observe};
use crate::model::{ClockOffset, Event, Failure, Reason, TaskType, Timestamp};

/// What a walk needs to know of its scope.
pub(super) struct Scope<'a> {
    pub(super) watch: &'a Watch,
    pub(super) task_type: TaskType,
    pub(super) place: Place,
    /// Where statistics are asked for.
    pub(super) desk: &'a Desk,
    /// Whether it comes too seldom to its turn, and statistics may stand in for a head.
    pub(super) crowded: bool,
}

/// How a walk ended.
pub(super) struct Walked {
    /// For the next one.
    pub(super) memory: Memory,
    /// Requests sent, retries included.
    pub(super) requests: u64,
    /// Whether the cloud answered at all: the credential is good.
    pub(super) answered: bool,
    /// Whether it refused the credential where nothing depended on it.
    pub(super) doubted: bool,
    /// Why it ended before its plan did, if so.
    pub(super) failure: Option<Failure>,
}

/// Walks through the pages that a plan asks for. A walk that fails leaves in the book what its pages gave: each is true
/// by itself.
pub(super) async fn walk(
    part: Part,
    mut memory: Memory,
    scope: &Scope<'_>,
    board: &Board,
    list: &TaskList,
    observer: &dyn Observe,
    now: &(dyn Fn() -> Timestamp + Send + Sync),
) -> Walked {
    let Scope { watch, task_type, place, desk, crowded } = scope;
    let account = &watch.target.account;
    let mut inquiry = Inquiry::new(desk, list, watch, *task_type);
    if *crowded
        && part == Part::Refresh
        && let Some(Some(at)) = board.write(*place, |book| {
            let at = book.cloud_ahead.to_cloud(now());
            statistics::may_stand_in(&memory, &book.ledger, at, watch.stale_after / 2).then_some(at)
        })
        && inquiry.stands_in(&mut memory, at).await
    {
        return Walked { memory, requests: 0, answered: true, doubted: false, failure: None };
    }
    let plan = board.write(*place, |book| Plan::new(part, watch.filter.trigger, memory, &book.ledger));
    let Some(mut plan) = plan else {
        return Walked { memory: Memory::default(), requests: 0, answered: false, doubted: false, failure: None };
    };
    let mut requests = 0;
    let (mut head_read, mut last_read) = (None, Timestamp::default());
    let failure = loop {
        let Some(query) = plan.next() else {
            let Some(said) = inquiry.after_pages(&mut plan, last_read).await else { break None };
            board.write(*place, |book| plan.take_statistics(&said, &book.ledger));
            continue;
        };
        let page = match list.read(watch, *task_type, &query, &mut requests).await {
            Ok(page) => page,
            Err(failure) => break Some(failure),
        };
        head_read = head_read.or(Some(page.at));
        last_read = page.at;
        let taken = board.write(*place, |book| {
            book.cloud_ahead = ClockOffset::between(now(), page.at);
            plan.take(page, &mut book.ledger)
        });
        match taken {
            Some(Ok(Taken { applied, reread })) => {
                if reread {
                    observer.note(Note::PageReread { account });
                }
                applied.events.iter().for_each(|event| log(watch, *task_type, event));
            }
            Some(Err(Lost)) => break Some(lost(watch, *task_type)),
            None => break None,
        }
    };
    if let (Part::Refresh, None, Some(read)) = (part, &failure, head_read) {
        board.write(*place, |book| inquiry.end(&mut plan, read, &book.ledger, observer));
    }
    let (answered, doubted) = (head_read.is_some(), inquiry.was_refused());
    Walked { memory: plan.end(), requests, answered, doubted, failure }
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

fn lost(watch: &Watch, task_type: TaskType) -> Failure {
    Failure {
        reason: Reason::Inconsistent,
        tried: format!("reading the tasks ({}) of {}", task_type.as_str(), watch.target),
        status: None,
        code: None,
        message: "the pages of the list do not fit together".to_owned(),
        request_id: None,
        retry_after: None,
    }
}
