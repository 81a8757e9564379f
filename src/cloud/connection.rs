//! One account's way to HSS: a request is made with the account's credential, and made again where it may fare better.

use super::clock::CloudClock;
use super::credentials::{Credentials, Identity, Ways};
use super::eps::Eps;
use super::iam::Iam;
use super::line::{Line, failure};
use super::retry::Patience;
use super::transport::Way;
use super::{Answer, Call, Cloud, Domain, EnterpriseProject, Project};
use crate::config::Account;
use crate::model::observe::Api;
use crate::model::{CloudTime, Failure, Reason};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One account's way to the cloud.
pub struct Connection {
    line: Line,
    ways: Arc<Ways>,
    credentials: Arc<Credentials>,
}

impl Connection {
    pub(super) fn new(cloud: &Arc<Cloud>, account: &Account) -> Result<Self, Failure> {
        let clock = Arc::new(CloudClock::new(&account.name, (cloud.clock)(), Instant::now()));
        let way = Way::Outward { ca_file: account.ca_file.clone() };
        let line = Line::new(cloud, &account.name, &account.hss_endpoint, way, &clock)?;
        Api::OF_HSS.into_iter().for_each(|api| line.join(api));
        let ways = Arc::new(Ways::new(cloud, account, &clock));
        let credentials = Credentials::new(&account.credentials, Arc::clone(&ways));
        Ok(Self { line, ways, credentials })
    }

    /// Asks the cloud, again if need be, and returns what `read` makes of its answer. Waits for the budget as long as it
    /// takes, but a minute at most where the cloud wants a pause. An answer that cannot be read is a failed attempt like any
    /// other. Every request sent is added to `attempts`.
    ///
    /// # Errors
    /// What the last attempt failed with.
    pub async fn call<T>(
        &self,
        call: &Call<'_>,
        attempts: &mut u64,
        read: impl Fn(&Answer) -> Result<T, (Reason, String)>,
    ) -> Result<T, Failure> {
        let Self { line, credentials, .. } = self;
        let mut patience = Patience::new(line.cloud.max_attempts);
        let (mut replaced, mut last) = (false, None);
        let without = |failure: Failure| {
            line.note_error(call, &failure);
            failure
        };
        loop {
            patience.attempt();
            // No permit is spent on a request that cannot be made.
            credentials.current().await.map_err(without)?;
            let permit = match line.permit(call, &mut patience).await {
                Ok(permit) => permit,
                Err(paused) => return Err(last.unwrap_or(paused)),
            };
            let identity = credentials.current().await.map_err(without)?;
            *attempts += 1;
            let failure = match line.paid(permit, call, &identity, &read).await {
                Ok(Some(read)) => return Ok(read),
                Ok(None) => {
                    patience.not_an_attempt();
                    continue;
                }
                Err(failure) => failure,
            };
            line.note_error(call, &failure);
            let refused = failure.status == Some(401) && !replaced;
            let pause = if refused && credentials.replaced(&identity).await {
                replaced = true;
                Duration::ZERO
            } else {
                match patience.pause_after(&failure, fastrand::f64()) {
                    Some(pause) => pause,
                    None => return Err(failure),
                }
            };
            line.again(call, pause, &failure).await;
            last = Some(failure);
        }
    }

    /// Asks the cloud once, if the budget has a request to spare, and returns what `read` makes of its answer: for what
    /// nobody depends on. `None`: nothing was sent.
    ///
    /// # Errors
    /// What the attempt failed with.
    pub async fn call_in_passing<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&Answer) -> Result<T, (Reason, String)>,
    ) -> Option<Result<T, Failure>> {
        self.credentials.current().await.ok()?;
        let permit = self.line.spare_permit(call).await?;
        let identity = self.credentials.current().await.ok()?;
        let outcome = self.line.paid(permit, call, &identity, read).await.transpose()?;
        Some(outcome.inspect_err(|failure| self.line.note_error(call, failure)))
    }

    /// What time it is in the cloud, as far as its answers have said.
    pub fn time(&self) -> CloudTime {
        self.line.clock.at(Instant::now())
    }

    /// Grows whenever what the credential is made of has changed, so that whoever stopped using a refused one knows when to
    /// try anew. A renewal is no such change. Cheap: looks at the times of files, and reads only those that have changed.
    pub fn credential_generation(&self) -> u64 {
        self.credentials.generation()
    }

    /// The projects that the account can see, of this name only if one is given: a region's own project has the region's
    /// name.
    ///
    /// # Errors
    /// What the last attempt failed with, or that no IAM endpoint is known.
    pub async fn projects(&self, name: Option<&str>) -> Result<Vec<Project>, Failure> {
        let iam = self.iam(Api::ListProjects)?;
        iam.projects(name, &self.credentials.current().await?).await
    }

    /// The domains that the account's credential is of: one, for what is known.
    ///
    /// # Errors
    /// As of [`Self::projects`].
    pub async fn domains(&self) -> Result<Vec<Domain>, Failure> {
        let iam = self.iam(Api::ListDomains)?;
        iam.domains(&self.credentials.current().await?).await
    }

    /// The enterprise projects in use that the account can see.
    ///
    /// # Errors
    /// What the last attempt failed with, or that no EPS or IAM endpoint is known.
    pub async fn enterprise_projects(&self) -> Result<Vec<EnterpriseProject>, Failure> {
        let Some(line) = self.ways.eps()? else {
            let message = "no EPS endpoint is known for its region: set the account's `endpoints.eps`".to_owned();
            let tried = format!("ListEnterpriseProjects for account {}", self.line.account);
            return Err(Failure { message, ..failure(Reason::Invalid, tried) });
        };
        line.join(Api::ListEnterpriseProjects);
        let domain = match self.credentials.current().await? {
            // A token is its domain's already.
            Identity::Token(_) => None,
            Identity::AccessKey(_) | Identity::Stranger { .. } => self.domains().await?.pop().map(|domain| domain.id),
        };
        Eps(line).enterprise_projects(domain.as_deref(), &self.credentials.current().await?).await
    }

    fn iam(&self, api: Api) -> Result<Iam, Failure> {
        let line = self.ways.iam(None)?;
        line.join(api);
        Ok(Iam(line))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { account, endpoint, .. } = &self.line;
        f.debug_struct("Connection").field("account", account).field("endpoint", endpoint).finish()
    }
}
