//! Looks for the projects and enterprise projects that are to be discovered, now and then; what follows is for `roll` to say.

use super::roll::{Found, Key, MOST_TARGETS, Periods, Rolls, Targets, key};
use crate::cloud::{Clock, Connection};
use crate::config::{Account, Search, Watch};
use crate::model::observe::{Note, Observe, Sought};
use crate::model::{Failure, Reason};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

/// Looks for an account's targets.
pub(super) struct Finder {
    account: Account,
    connection: Arc<Connection>,
    observer: Arc<dyn Observe>,
    clock: Clock,
    rolls: Rolls,
}

/// What is told after each look.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// All targets that are known.
    pub(super) watches: Vec<Watch>,
    /// What went wrong, if anything did.
    pub(super) failed: Option<Arc<Failure>>,
}

impl Finder {
    pub(super) fn new(
        account: &Account,
        connection: Arc<Connection>,
        observer: &Arc<dyn Observe>,
        clock: &Clock,
    ) -> Self {
        let finder = Self {
            account: account.clone(),
            connection,
            observer: Arc::clone(observer),
            clock: Arc::clone(clock),
            rolls: Rolls::default(),
        };
        // They count from the start.
        finder.kinds().into_iter().for_each(|kind| finder.errors(kind, 0));
        finder
    }

    /// What is looked for.
    fn kinds(&self) -> Vec<Sought> {
        let any = |wants: fn(&Search) -> bool| self.account.searches.iter().any(wants);
        let kinds = [
            any(Search::wants_projects).then_some(Sought::Projects),
            any(Search::wants_enterprise_projects).then_some(Sought::EnterpriseProjects),
        ];
        kinds.into_iter().flatten().collect()
    }

    /// Looks for targets again and again, and tells which there are: also if it is still none.
    pub(super) async fn run(mut self, periods: Periods, tell: watch::Sender<Told>) {
        let mut failures = 0_u32;
        loop {
            let watched = tell.borrow().watches.iter().map(|watch| key(&watch.target)).collect();
            let (watches, failed) = self.look(&watched).await;
            failures = if failed.is_some() { failures.saturating_add(1) } else { 0 };
            let known = self.kinds().into_iter().all(|kind| self.is_known(kind));
            let wait = periods.wait(known, failures, failed.as_ref().map(|failure| failure.reason));
            tell.send_replace(Told { watches, failed: failed.map(Arc::new) });
            tokio::time::sleep(wait).await;
        }
    }

    /// Looks once, and answers all targets of the account that are known then, and what went wrong last, if anything did.
    /// What cannot be found out leaves what is known as it was. A refused credential is not tried twice: too many wrong
    /// signatures lock it.
    async fn look(&mut self, watched: &BTreeSet<Key>) -> (Vec<Watch>, Option<Failure>) {
        let (mut found_out, mut failed) = (Vec::new(), None);
        for kind in self.kinds() {
            let account = &self.account.name;
            match self.ask(kind).await {
                Ok(found) => {
                    match kind {
                        Sought::Projects => self.rolls.projects.call(found),
                        Sought::EnterpriseProjects => self.rolls.enterprise_projects.call(found),
                    }
                    found_out.push(kind);
                }
                Err(failure) => {
                    self.errors(kind, 1);
                    tracing::warn!(%account, kind = kind.as_str(), %failure, "discovery failed; what is known stays");
                    let refused = failure.reason.concerns_all();
                    failed = Some(failure);
                    if refused {
                        break;
                    }
                }
            }
        }
        let Targets { watches, left_out } = self.rolls.targets(&self.account, watched);
        if left_out > 0 {
            tracing::error!(
                account = %self.account.name, left_out, most = MOST_TARGETS,
                "more targets were discovered than can be watched; `include` and `exclude` say which are meant"
            );
            found_out.pop().into_iter().for_each(|kind| self.errors(kind, 1));
        }
        for kind in found_out {
            self.observer.note(Note::Discovered { account: &self.account.name, kind, at: (self.clock)() });
        }
        (watches, failed)
    }

    /// All that there are: at least one, since every region has a project and every account an enterprise project.
    async fn ask(&self, kind: Sought) -> Result<Vec<Found>, Failure> {
        let found = match kind {
            Sought::Projects => {
                let sub_project = format!("{}_", self.account.region);
                let is_here = |name: &str| name == &*self.account.region || name.starts_with(&sub_project);
                let projects = self.connection.projects(None).await?.into_iter();
                let here = projects.filter(|project| project.enabled && is_here(&project.name));
                here.map(|project| Found { id: project.id, name: project.name }).collect::<Vec<Found>>()
            }
            Sought::EnterpriseProjects => {
                let ones = self.connection.enterprise_projects().await?.into_iter();
                ones.map(|one| Found { id: one.id, name: one.name }).collect()
            }
        };
        if found.is_empty() { Err(self.nothing(kind)) } else { Ok(found) }
    }

    fn nothing(&self, kind: Sought) -> Failure {
        let Account { name, region, .. } = &self.account;
        let message = match kind {
            Sought::Projects => format!("IAM lists no project of {region} for this credential: check the region"),
            Sought::EnterpriseProjects => {
                "EPS lists no enterprise project for this credential: it needs eps:enterpriseProjects:list".to_owned()
            }
        };
        let tried = format!("discovery of {} for account {name}", kind.as_str());
        Failure {
            reason: Reason::NotFound,
            tried,
            status: None,
            code: None,
            message,
            request_id: None,
            retry_after: None,
        }
    }

    const fn is_known(&self, kind: Sought) -> bool {
        match kind {
            Sought::Projects => self.rolls.projects.is_known(),
            Sought::EnterpriseProjects => self.rolls.enterprise_projects.is_known(),
        }
    }

    fn errors(&self, kind: Sought, count: u64) {
        self.observer.note(Note::DiscoveryErrors { account: &self.account.name, kind, count });
    }

    /// Looks once, and answers all targets of the account that are known then, and what went wrong, if anything did.
    pub(super) async fn once(mut self) -> (Vec<Watch>, Option<Failure>) {
        self.look(&BTreeSet::new()).await
    }
}
