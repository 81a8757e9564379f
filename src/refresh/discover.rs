//! Looks for the projects and enterprise projects that are to be discovered, now and then; what follows is for `roll` to say.

use super::roll::{Found, Periods, Rolls, Targets, key};
use crate::cloud::{Clock, Connection};
use crate::config::{Account, Search, Watch};
use crate::model::Failure;
use crate::model::observe::{Note, Observe, Sought};
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
    pub(super) async fn run(mut self, periods: Periods, tell: watch::Sender<Vec<Watch>>) {
        let mut failures = 0_u32;
        loop {
            let failed = self.look().await.err();
            failures = if failed.is_some() { failures.saturating_add(1) } else { 0 };
            let watched: BTreeSet<_> = tell.borrow().iter().map(|watch| key(&watch.target)).collect();
            let Targets { watches, left_out } = self.rolls.targets(&self.account, &watched);
            if let (Some(kind), 1..) = (self.kinds().pop(), left_out) {
                tracing::error!(account = %self.account.name, left_out, "too many targets were discovered");
                self.errors(kind, 1);
            }
            tell.send_replace(watches);
            let known = self.kinds().into_iter().all(|kind| self.is_known(kind));
            let wait = periods.wait(known, failures, failed.map(|failure| failure.reason));
            tokio::time::sleep(wait).await;
        }
    }

    /// Looks once. What cannot be found out leaves what is known as it was.
    ///
    /// # Errors
    /// What went wrong last.
    async fn look(&mut self) -> Result<(), Failure> {
        let mut failed = None;
        for kind in self.kinds() {
            let account = &self.account.name;
            match self.ask(kind).await {
                Ok(found) => {
                    match kind {
                        Sought::Projects => self.rolls.projects.call(found),
                        Sought::EnterpriseProjects => self.rolls.enterprise_projects.call(found),
                    }
                    self.observer.note(Note::Discovered { account, kind, at: (self.clock)() });
                }
                Err(failure) => {
                    self.errors(kind, 1);
                    tracing::warn!(%account, kind = kind.as_str(), %failure, "discovery failed; what is known stays");
                    failed = Some(failure);
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn ask(&self, kind: Sought) -> Result<Vec<Found>, Failure> {
        match kind {
            Sought::Projects => {
                let sub_project = format!("{}_", self.account.region);
                let is_here = |name: &str| name == &*self.account.region || name.starts_with(&sub_project);
                let projects = self.connection.projects(None).await?.into_iter();
                let here = projects.filter(|project| project.enabled && is_here(&project.name));
                Ok(here.map(|project| Found { id: project.id, name: project.name }).collect())
            }
            Sought::EnterpriseProjects => {
                let ones = self.connection.enterprise_projects().await?.into_iter();
                Ok(ones.map(|one| Found { id: one.id, name: one.name }).collect())
            }
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

    /// Looks once, and answers all targets of the account.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn once(mut self) -> Result<Vec<Watch>, Failure> {
        self.look().await?;
        Ok(self.rolls.targets(&self.account, &BTreeSet::new()).watches)
    }
}
