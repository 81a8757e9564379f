//! Asks for the statistics on the way: before a head, for which they may stand in, or after the pages, which they may
//! show to be not enough. Whatever becomes of it, the refresh goes on.

use super::memory::Memory;
use super::plan::Plan;
use super::register::Register;
use super::statistics::{Pause, Trust, Word};
use crate::config::{Filter, Watch};
use crate::hss::{Statistics, TaskList};
use crate::model::observe::{Note, Observe};
use crate::model::{CloudTime, Failure, Reason, TaskType, Timestamp};
use tokio::sync::Mutex;

/// Where the scopes of an account ask for statistics, one at a time: so a credential that is refused is refused once.
#[derive(Debug, Default)]
pub(super) struct Desk(Mutex<Pause>);

/// What one refresh of a scope asks.
pub(super) struct Inquiry<'a> {
    desk: &'a Desk,
    list: &'a TaskList,
    watch: &'a Watch,
    task_type: TaskType,
    before_head: Option<Statistics>,
    /// When the head was read, and the last page.
    head_read: Option<CloudTime>,
    last_read: CloudTime,
    asked: bool,
    refused: bool,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(desk: &'a Desk, list: &'a TaskList, watch: &'a Watch, task_type: TaskType) -> Self {
        let (before_head, head_read, last_read) = (None, None, CloudTime::default());
        Self { desk, list, watch, task_type, before_head, head_read, last_read, asked: false, refused: false }
    }

    /// Whether the statistics stand in for the head: they say that nothing has changed.
    pub(super) async fn stands_in(&mut self, memory: &mut Memory, now: CloudTime) -> bool {
        self.before_head = self.ask(&mut memory.trust, now).await;
        self.before_head.is_some_and(|said| memory.trust.stands_in(&said))
    }

    /// The cloud has shown a page.
    pub(super) fn page_was_read(&mut self, now: CloudTime) {
        self.head_read = self.head_read.or(Some(now));
        self.last_read = now;
    }

    /// When it last showed one.
    pub(super) fn last_read(&self) -> Timestamp {
        self.last_read.at
    }

    /// Whether it has shown any.
    pub(super) fn has_read(&self) -> bool {
        self.head_read.is_some()
    }

    /// What they say after the pages, if there is no page left to read and this may tell anything. Once.
    pub(super) async fn after_pages(&mut self, plan: &mut Plan) -> Option<Statistics> {
        if self.asked || !plan.wants_statistics(self.last_read.at) {
            return None;
        }
        self.ask(plan.trust(), self.last_read).await
    }

    /// The refresh has read the head, and all else that it wanted.
    pub(super) fn end(&self, plan: &mut Plan, ledger: &impl Register, observer: &dyn Observe) {
        let Some(read) = self.head_read.map(|read| read.on(self.last_read.base).at) else { return };
        let word = plan.trust().head_was_read(self.before_head, ledger, read);
        if word == Word::Refuted || plan.has_refuted_statistics() {
            let (target, task_type) = (&self.watch.target, self.task_type.as_str());
            observer.note(Note::StatisticsDistrusted { account: &target.account });
            let often = plan.trust().refuted();
            match often {
                1 => tracing::warn!(scope = %target, task_type, "the statistics are wrong; the list is believed"),
                _ => tracing::debug!(scope = %target, task_type, often, "the statistics are wrong again"),
            }
        }
    }

    /// Whether the credential was refused.
    pub(super) fn was_refused(&self) -> bool {
        self.refused
    }

    async fn ask(&mut self, trust: &mut Trust, now: CloudTime) -> Option<Statistics> {
        self.asked = true;
        // They know no filter.
        if self.watch.filter != Filter::default() {
            return None;
        }
        let mut pause = self.desk.0.lock().await;
        let generation = self.list.credential_generation();
        if pause.lasts(now, generation) {
            return None;
        }
        match self.list.statistics(self.watch, self.task_type).await? {
            Ok(said) => Some(said),
            Err(failure) => {
                self.failed(&failure);
                if !pause.failed(failure.reason, now, generation) {
                    trust.failed(now.at);
                }
                None
            }
        }
    }

    fn failed(&mut self, failure: &Failure) {
        self.refused = matches!(failure.reason, Reason::Auth | Reason::TokenExpired);
        let (target, task_type) = (&self.watch.target, self.task_type.as_str());
        tracing::debug!(scope = %target, task_type, %failure, "no statistics; nothing depends on them");
    }
}
