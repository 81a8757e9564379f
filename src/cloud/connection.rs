//! One account's way to the cloud: each attempt waits for the budget, is signed, sent, counted and judged, and one that may
//! fare better is made again.

use super::answer::{self, Reply};
use super::budget::{Paused, Permit};
use super::credentials::{Credentials, Identity, Unsigned};
use super::retry::Patience;
use super::skew::Skew;
use super::transport::{Broken, Client, Destination};
use super::words::Scrub;
use super::{Answer, Call, Cloud, sign};
use crate::config::{Account, Endpoint};
use crate::model::observe::{Api, Note};
use crate::model::{Failure, Reason};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// For so long a request that is not needed waits for the budget: no longer than clocks and answers jitter.
const SPARE_WAIT: Duration = Duration::from_secs(1);

/// Our own words about a connection, which may quote the other side.
const MESSAGE_LIMIT: usize = 500;

/// One account's way to the cloud.
pub struct Connection {
    cloud: Arc<Cloud>,
    account: Arc<str>,
    endpoint: Endpoint,
    client: Client,
    credentials: Credentials,
    skew: Skew,
}

/// Why an attempt had no good answer.
enum Stop {
    /// It failed; with whose credential, if it came so far.
    Failed(Failure, Option<Identity>),
    /// It was not made: the cloud wants us to wait for longer than the call may.
    Paused(Failure),
}

impl Connection {
    pub(super) fn new(cloud: Arc<Cloud>, account: &Account) -> Result<Self, Failure> {
        let endpoint = account.hss_endpoint.clone();
        let client =
            cloud.transport.client(endpoint.as_str(), account.ca_file.as_deref()).map_err(|(reason, message)| {
                Failure { message, ..failure(reason, format!("connecting account {} to {endpoint}", account.name)) }
            })?;
        let credentials = Credentials::new(&account.credentials);
        Api::ALL.into_iter().for_each(|api| cloud.budget(endpoint.authority(), api).join(&account.name));
        Ok(Self { cloud, account: Arc::clone(&account.name), endpoint, client, credentials, skew: Skew::default() })
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
        let mut patience = Patience::new(self.cloud.max_attempts);
        let mut token_renewed = false;
        let mut last = None;
        loop {
            patience.attempt();
            let (failure, identity) = match self.attempt(call, &mut patience, attempts, &read).await {
                Ok(read) => return Ok(read),
                Err(Stop::Failed(failure, identity)) => (failure, identity),
                Err(Stop::Paused(failure)) => return Err(last.unwrap_or(failure)),
            };
            self.cloud.observer.note(Note::Error { account: &self.account, api: call.api, reason: failure.reason });
            let newer_token = failure.status == Some(401)
                && !token_renewed
                && identity.is_some_and(|refused| self.credentials.has_newer_token(&refused));
            let pause = if newer_token {
                token_renewed = true;
                Duration::ZERO
            } else {
                match patience.pause_after(&failure, fastrand::f64()) {
                    Some(pause) => pause,
                    None => return Err(failure),
                }
            };
            tracing::debug!(account = %self.account, target = call.what, ?pause, %failure, "trying again");
            tokio::time::sleep(pause).await;
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
        self.identity(call).ok()?;
        let budget = self.cloud.budget(self.endpoint.authority(), call.api);
        // Where the cloud wants a pause, nothing is spared.
        let permit = tokio::time::timeout(SPARE_WAIT, budget.permit(Duration::ZERO)).await.ok()?;
        let (permit, waited) = permit.ok()?;
        self.note_wait(call, waited.in_all);
        let outcome = self.paid(permit, call, &mut 0, read).await;
        Some(outcome.map_err(|stop| {
            let (Stop::Failed(failure, _) | Stop::Paused(failure)) = stop;
            self.cloud.observer.note(Note::Error { account: &self.account, api: call.api, reason: failure.reason });
            failure
        }))
    }

    /// Grows whenever the credential has changed, so that whoever stopped using a refused one knows when to try anew.
    /// Cheap: looks at the times of files, and reads only those that have changed.
    pub fn credential_generation(&self) -> u64 {
        self.credentials.generation()
    }

    /// One request, if the credential can be had.
    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        patience: &mut Patience,
        attempts: &mut u64,
        read: impl Fn(&Answer) -> Result<T, (Reason, String)>,
    ) -> Result<T, Stop> {
        let failed = |failure| Stop::Failed(failure, None);
        // No permit is spent on a request that cannot be made.
        self.identity(call).map_err(failed)?;
        let permit = self.permit(call, patience).await?;
        self.paid(permit, call, attempts, read).await
    }

    /// One request, for which there is a permit.
    async fn paid<T>(
        &self,
        permit: Permit,
        call: &Call<'_>,
        attempts: &mut u64,
        read: impl Fn(&Answer) -> Result<T, (Reason, String)>,
    ) -> Result<T, Stop> {
        let identity = self.identity(call).map_err(|failure| Stop::Failed(failure, None))?;
        *attempts += 1;
        let outcome = self.send(call, &identity).await;
        match &outcome {
            Ok(_) => permit.good(),
            Err(failure) if failure.reason == Reason::Throttled => permit.throttled(failure, fastrand::f64()),
            Err(_) => drop(permit),
        }
        let outcome = outcome.and_then(|answer| {
            read(&answer).map_err(|(reason, message)| Failure {
                status: Some(answer.status),
                // It may quote the answer.
                message: identity.scrub().clean(&message, MESSAGE_LIMIT),
                request_id: answer.request_id,
                ..failure(reason, self.tried(call))
            })
        });
        outcome.map_err(|mut failure| {
            failure.reason = reason_for(&identity, &failure);
            Stop::Failed(failure, Some(identity))
        })
    }

    /// Waits for the right to one request.
    async fn permit(&self, call: &Call<'_>, patience: &mut Patience) -> Result<Permit, Stop> {
        let Connection { account, cloud, .. } = self;
        let budget = cloud.budget(self.endpoint.authority(), call.api);
        let (permit, waited) = budget.permit(patience.left()).await.map_err(|paused| self.paused(call, &paused))?;
        patience.paused(waited.pausing);
        self.note_wait(call, waited.in_all);
        if patience.is_retry() {
            cloud.observer.note(Note::Retry { account, api: call.api });
        }
        Ok(permit)
    }

    /// What is said of a request that is not sent, because the cloud has refused another one.
    fn paused(&self, call: &Call<'_>, Paused { left, refusal }: &Paused) -> Stop {
        let refusal = refusal.as_deref().cloned().unwrap_or_else(|| failure(Reason::Throttled, String::new()));
        let message =
            format!("no request is sent for {} s, after this answer: {}", left.as_secs() + 1, refusal.message);
        Stop::Paused(Failure { message, tried: self.tried(call), retry_after: Some(*left), ..refusal })
    }

    fn identity(&self, call: &Call<'_>) -> Result<Identity, Failure> {
        let wrong = |message| Failure { message, ..failure(Reason::Auth, self.tried(call)) };
        self.credentials.current().map_err(wrong)
    }

    /// Signs a request, sends it, and judges what comes back.
    async fn send(&self, call: &Call<'_>, identity: &Identity) -> Result<Answer, Failure> {
        let scrub = identity.scrub();
        let destination = Destination::new(self.endpoint.as_str(), &call.path, &query(call))
            .map_err(|message| Failure { message, ..failure(Reason::Invalid, self.tried(call)) })?;
        let headers = identity.headers(&Unsigned {
            method: call.method,
            path: destination.path(),
            query: destination.query(),
            host: destination.host(),
            project_id: call.project_id,
            date: sign::date((self.cloud.clock)().since_epoch().as_secs()),
            body: &call.body,
        });
        let started = Instant::now();
        let outcome = self.client.send(call.method, destination, &headers, call.body.clone()).await;
        self.note_attempt(call, &outcome, started.elapsed(), &scrub);
        let now = (self.cloud.clock)();
        let reply = outcome.map_err(|Broken { reason, message, status }| Failure {
            status,
            message: scrub.clean(&message, MESSAGE_LIMIT),
            ..failure(reason, self.tried(call))
        })?;
        if let Some(date) = reply.date() {
            let seconds = self.skew.learn(now, date, &self.account);
            self.cloud.observer.note(Note::ClockSkew { account: &self.account, seconds });
        }
        let at = reply.date().unwrap_or_else(|| self.skew.correct(now));
        answer::judge(&reply, &self.tried(call), at, &scrub)?;
        Ok(Answer { status: reply.status, request_id: reply.request_id(&scrub), body: reply.body, at })
    }

    fn note_wait(&self, call: &Call<'_>, waited: Duration) {
        if !waited.is_zero() {
            self.cloud.observer.note(Note::BudgetWait { account: &self.account, api: call.api, waited });
        }
    }

    fn note_attempt(&self, call: &Call<'_>, outcome: &Result<Reply, Broken>, took: Duration, scrub: &Scrub) {
        let (code, request_id) = match outcome {
            Ok(reply) => (Some(reply.status), reply.request_id(scrub)),
            Err(broken) => (broken.status, None),
        };
        self.cloud.observer.note(Note::Attempt { account: &self.account, api: call.api, code, took });
        tracing::debug!(
            account = %self.account, api = call.api.as_str(), target = call.what,
            status = code, ?took, request_id, "attempt"
        );
    }

    fn tried(&self, call: &Call<'_>) -> String {
        format!("{} at {}", call.what, self.endpoint)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("account", &self.account).field("endpoint", &self.endpoint).finish()
    }
}

/// What a refusal means for this credential: an access key without an end has nothing to renew.
fn reason_for(identity: &Identity, failure: &Failure) -> Reason {
    match failure.reason {
        Reason::TokenExpired if !identity.expires() => Reason::Auth,
        reason => reason,
    }
}

/// A failure of which nothing is known but the reason.
fn failure(reason: Reason, tried: String) -> Failure {
    Failure { reason, tried, status: None, code: None, message: String::new(), request_id: None, retry_after: None }
}

fn query(call: &Call<'_>) -> String {
    let pairs = call.query.iter().map(|(key, value)| format!("{key}={}", sign::encode_component(value)));
    pairs.collect::<Vec<_>>().join("&")
}
