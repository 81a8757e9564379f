//! One account's way to one service: each attempt waits for the budget, is signed, sent, counted and judged.
//!
//! Which credential is used is for others to say: see [`super::connection`] and [`super::credentials`].

use super::answer::{self, Reply};
use super::budget::{Paused, Permit};
use super::clock::{CloudClock, Verdict};
use super::credentials::{Identity, Unsigned};
use super::redact::Redactor;
use super::retry::Patience;
use super::transport::{Broken, Client, Destination, Way};
use super::{Answer, Call, Cloud, sign};
use crate::config::{Endpoint, Secret};
use crate::model::observe::{Api, Note};
use crate::model::{CloudTime, Failure, Reason, Timestamp};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// For so long a request that is not needed waits for the budget: no longer than clocks and answers jitter.
const SPARE_WAIT: Duration = Duration::from_secs(1);

/// Our own words about a connection, which may quote the other side.
const MESSAGE_LIMIT: usize = 500;

/// A way to one service.
pub(super) struct Line {
    pub(super) cloud: Arc<Cloud>,
    pub(super) account: Arc<str>,
    pub(super) endpoint: Endpoint,
    client: Client,
    way: Way,
    /// The cloud's clock, over whichever line.
    pub(super) clock: Arc<CloudClock>,
}

impl Line {
    /// A line of an account's. Nothing is sent yet.
    pub(super) fn new(
        cloud: &Arc<Cloud>,
        account: &Arc<str>,
        endpoint: &Endpoint,
        way: Way,
        clock: &Arc<CloudClock>,
    ) -> Result<Self, Failure> {
        let client = cloud.transport.client(endpoint.as_str(), &way).map_err(|(reason, message)| Failure {
            message,
            ..failure(reason, format!("connecting account {account} to {endpoint}"))
        })?;
        let (cloud, account, clock) = (Arc::clone(cloud), Arc::clone(account), Arc::clone(clock));
        Ok(Self { cloud, account, endpoint: endpoint.clone(), client, way, clock })
    }

    /// The account shares the budget of an API from now on.
    pub(super) fn join(&self, api: Api) {
        self.cloud.budget(self.endpoint.authority(), api).join(&self.account);
    }

    /// Asks as `identity`, again if need be, and returns what `read` makes of the answer.
    pub(super) async fn ask<T>(
        &self,
        call: &Call<'_>,
        identity: &Identity,
        read: impl Fn(&Answer) -> Result<T, (Reason, String)>,
    ) -> Result<T, Failure> {
        let mut patience = Patience::new(match self.way {
            Way::Outward { .. } => self.cloud.max_attempts,
            // Who is not there now will not be there in a second.
            Way::Nearby => NonZeroU32::MIN,
        });
        let mut last = None;
        loop {
            patience.attempt();
            let permit = match self.permit(call, &mut patience).await {
                Ok(permit) => permit,
                Err(paused) => return Err(last.unwrap_or(paused)),
            };
            let failure = match self.paid(permit, call, identity, &read).await {
                Ok(Some(read)) => return Ok(read),
                Ok(None) => {
                    patience.not_an_attempt();
                    continue;
                }
                Err(failure) => failure,
            };
            self.note_error(call, &failure);
            let Some(pause) = patience.pause_after(&failure, fastrand::f64()) else { return Err(failure) };
            self.again(call, pause, &failure).await;
            last = Some(failure);
        }
    }

    /// Waits for the right to one request.
    ///
    /// # Errors
    /// When the cloud wants us to wait for longer than the call may.
    pub(super) async fn permit(&self, call: &Call<'_>, patience: &mut Patience) -> Result<Permit, Failure> {
        let Self { account, cloud, .. } = self;
        let budget = cloud.budget(self.endpoint.authority(), call.api);
        let (permit, waited) = budget.permit(patience.left()).await.map_err(|paused| self.paused(call, &paused))?;
        patience.paused(waited.pausing);
        self.note_wait(call, waited.in_all);
        if patience.is_retry() {
            cloud.observer.note(Note::Retry { account, api: call.api });
        }
        Ok(permit)
    }

    /// The right to one request, if the budget has one to spare.
    pub(super) async fn spare_permit(&self, call: &Call<'_>) -> Option<Permit> {
        let budget = self.cloud.budget(self.endpoint.authority(), call.api);
        // Where the cloud wants a pause, nothing is spared.
        let permit = tokio::time::timeout(SPARE_WAIT, budget.permit(Duration::ZERO)).await.ok()?;
        let (permit, waited) = permit.ok()?;
        self.note_wait(call, waited.in_all);
        Some(permit)
    }

    /// One request, for which there is a permit. `None`: its answer is good, but it disputes our clock, and is to be asked for
    /// again. Nothing must be read before it is settled what time it is. It takes at most two requests more. A refusal is
    /// not repeated for it: five wrong signatures lock a key. What stands nearby settles nothing.
    pub(super) async fn paid<T>(
        &self,
        permit: Permit,
        call: &Call<'_>,
        identity: &Identity,
        read: impl Fn(&Answer) -> Result<T, (Reason, String)>,
    ) -> Result<Option<T>, Failure> {
        let outcome = self.send(call, identity).await;
        match &outcome {
            Ok(_) => permit.good(),
            Err(failure) if failure.reason == Reason::Throttled => permit.throttled(failure, fastrand::f64()),
            Err(_) => drop(permit),
        }
        let outcome = outcome.and_then(|answer| {
            if self.way != Way::Nearby && self.clock.is_disputed() {
                return Ok(None);
            }
            read(&answer).map(Some).map_err(|(reason, message)| Failure {
                status: Some(answer.status),
                // It may quote the answer.
                message: self.redactor(identity).clean(&message, MESSAGE_LIMIT),
                request_id: answer.request_id,
                ..failure(reason, self.tried(call))
            })
        });
        outcome.map_err(|failure| Failure { reason: reason_for(identity, &failure), ..failure })
    }

    /// Counts that a request failed, or could not be made.
    pub(super) fn note_error(&self, call: &Call<'_>, failure: &Failure) {
        self.cloud.observer.note(Note::Error { account: &self.account, api: call.api, reason: failure.reason });
    }

    /// The pause before the next attempt.
    pub(super) async fn again(&self, call: &Call<'_>, pause: Duration, failure: &Failure) {
        tracing::debug!(account = %self.account, target = call.what, ?pause, %failure, "trying again");
        tokio::time::sleep(pause).await;
    }

    /// What is said of a request that is not sent, because the cloud has refused another one.
    fn paused(&self, call: &Call<'_>, Paused { left, refusal }: &Paused) -> Failure {
        let refusal = refusal.as_deref().cloned().unwrap_or_else(|| failure(Reason::Throttled, String::new()));
        let message =
            format!("no request is sent for {} s, after this answer: {}", left.as_secs() + 1, refusal.message);
        Failure { message, tried: self.tried(call), retry_after: Some(*left), ..refusal }
    }

    /// Signs a request, sends it, and judges what comes back.
    async fn send(&self, call: &Call<'_>, identity: &Identity) -> Result<Answer, Failure> {
        let redactor = self.redactor(identity);
        let destination = Destination::new(self.endpoint.as_str(), &call.path, &query(call))
            .map_err(|message| Failure { message, ..failure(Reason::Invalid, self.tried(call)) })?;
        let sent = (self.cloud.clock)();
        let headers = identity.headers(&Unsigned {
            method: call.method,
            path: destination.path(),
            query: destination.query(),
            host: destination.host(),
            scope: call.scope,
            date: sign::date(sent.since_epoch().as_secs()),
            body: &call.body,
        });
        let started = Instant::now();
        let outcome = self.client.send(call.method, destination, &headers, call.body.clone(), call.body_limit()).await;
        self.note_attempt(call, &outcome, started.elapsed(), &redactor);
        let reply = outcome.map_err(|Broken { reason, message, status }| Failure {
            status,
            message: redactor.clean(&message, MESSAGE_LIMIT),
            ..failure(reason, self.tried(call))
        })?;
        let CloudTime { at, base } = self.time_of(&reply, sent);
        answer::judge(&reply, &self.tried(call), at, &redactor)?;
        let token = reply.header("x-subject-token").map(Secret::new);
        Ok(Answer { status: reply.status, request_id: reply.request_id(&redactor), body: reply.body, at, base, token })
    }

    /// What takes the secrets of a request out of what is said about it: the credential's, and those of the proxies.
    fn redactor(&self, identity: &Identity) -> Redactor {
        identity.redactor(self.cloud.transport.secrets())
    }

    /// When the cloud gave this reply, to a request that was `sent` at this moment of our wall clock.
    fn time_of(&self, reply: &Reply, sent: Timestamp) -> CloudTime {
        let (now, account) = (Instant::now(), &*self.account);
        match (&self.way, reply.date()) {
            // What stands nearby has this machine's clock: that is asked where the cloud's is not known.
            (Way::Nearby, Some(date)) if !self.clock.is_confirmed() => {
                return CloudTime { at: date, ..self.clock.at(now) };
            }
            (Way::Nearby, _) => {}
            (Way::Outward { .. }, None) => self.clock.answered_without_date(),
            (Way::Outward { .. }, Some(date)) => match self.clock.learn(date, sent, now) {
                Verdict::Believed => {
                    let seconds = (self.cloud.clock)().as_secs_f64() - date.as_secs_f64();
                    self.cloud.observer.note(Note::ClockSkew { account, seconds });
                }
                Verdict::Distrusted => self.cloud.observer.note(Note::DateDistrusted { account }),
            },
        }
        self.clock.at(now)
    }

    fn note_wait(&self, call: &Call<'_>, waited: Duration) {
        if !waited.is_zero() {
            self.cloud.observer.note(Note::BudgetWait { account: &self.account, api: call.api, waited });
        }
    }

    fn note_attempt(&self, call: &Call<'_>, outcome: &Result<Reply, Broken>, took: Duration, redactor: &Redactor) {
        let (code, request_id) = match outcome {
            Ok(reply) => (Some(reply.status), reply.request_id(redactor)),
            Err(broken) => (broken.status, None),
        };
        self.cloud.observer.note(Note::Attempt { account: &self.account, api: call.api, code, took });
        tracing::debug!(
            account = %self.account, api = call.api.as_str(), target = call.what,
            status = code, ?took, request_id, "attempt"
        );
    }

    /// For people: what is asked, and where.
    pub(super) fn tried(&self, call: &Call<'_>) -> String {
        format!("{} at {}", call.what, self.endpoint)
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
pub(super) fn failure(reason: Reason, tried: String) -> Failure {
    Failure { reason, tried, status: None, code: None, message: String::new(), request_id: None, retry_after: None }
}

fn query(call: &Call<'_>) -> String {
    let pairs = call.query.iter().map(|(key, value)| format!("{key}={}", sign::encode_component(value)));
    pairs.collect::<Vec<_>>().join("&")
}
