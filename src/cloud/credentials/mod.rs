//! Who we are to the cloud: where a credential comes from, how long it is good, and how a request carries it.
//!
//! A [`provider`] says what there is: a credential that is good as it stands, or what one is asked for with. What was asked
//! for has an end, and [`renewal`] decides when the next one is asked for; here that is done, by one at a time, and off
//! the way of the requests. It is always a temporary access key, which is good for every project of the account.

mod access_key;
mod agency;
mod chain;
mod file;
mod id_token;
mod identity;
mod lease;
mod metadata;
mod password;
mod pod_identity;
mod profile;
mod provider;
mod renewal;
mod sign_in;
mod source;
mod token;
mod ways;

pub(super) use identity::{Header, Identity, Unsigned};
pub(super) use ways::Ways;

use super::line::failure;
use super::redact::Redactor;
use crate::config;
use crate::config::{Secret, SecretSource};
use crate::model::observe::Note;
use crate::model::{Failure, Reason};
use lease::Lease;
use provider::{Found, Provider, Recipe};
use renewal::{Failed, Need, Renewal};
use source::Source;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::Instant;

/// The credential of one account. What comes from a file follows the file, and what has an end is renewed.
pub(super) struct Credentials {
    ways: Arc<Ways>,
    held: Mutex<Held>,
    /// A renewal has ended, well or not.
    ended: watch::Sender<()>,
    started: Instant,
}

struct Held {
    provider: Provider,
    /// What the provider had when it was last looked at, or which of its parts was wrong and why.
    found: Option<Result<Found, String>>,
    generation: u64,
    renewal: Renewal,
    lease: Option<Lease>,
    /// How the last renewal failed.
    failure: Option<Failure>,
}

/// How closely to look at a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Read it if its time or length have changed.
    IfChanged,
    /// Read it.
    Anew,
}

/// What a request can do.
enum Step {
    Go(Identity),
    Fail(Failure),
    Wait,
}

impl Credentials {
    pub(super) fn new(credentials: &config::Credentials, ways: Arc<Ways>) -> Arc<Self> {
        let mut held = Held {
            provider: Provider::new(credentials),
            found: None,
            generation: 0,
            renewal: Renewal::default(),
            lease: None,
            failure: None,
        };
        // What is wrong with it is for the first request to say.
        if let Ok(Found::Asked(recipe)) = held.look(Look::IfChanged) {
            recipe.join(&ways);
        }
        let (ended, _) = watch::channel(());
        Arc::new(Self { ways, held: Mutex::new(held), ended, started: Instant::now() })
    }

    /// The credential as it is now. It is waited for where there is none, and renewed beside where its end is near.
    ///
    /// # Errors
    /// What is wrong with its parts, or what asking for it failed with.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Identity, Failure> {
        let mut ended = self.ended.subscribe();
        loop {
            match self.step() {
                Step::Go(identity) => return Ok(identity),
                Step::Fail(failure) => return Err(failure),
                Step::Wait => drop(ended.changed().await),
            }
        }
    }

    /// Whether there is another credential by now than the one that was refused: in a file, which is read whether it looks
    /// changed or not, or because one was asked for. Only who was refused waits for that.
    pub(super) async fn replaced(self: &Arc<Self>, refused: &Identity) -> bool {
        let mut ended = self.ended.subscribe();
        {
            let mut held = self.held();
            match held.look(Look::Anew) {
                Ok(Found::Ready(Identity::Token(token))) => return Identity::Token(token) != *refused,
                Ok(Found::Asked(_)) => {}
                // Another key may be in the file by now, but a key that was just refused must not be followed by guesses.
                Ok(Found::Ready(_)) | Err(_) => return false,
            }
            if held.holds_another_than(refused) {
                return true;
            }
            if !held.renewal.refused(self.started.elapsed()) {
                return false;
            }
        }
        let _ = self.step();
        loop {
            {
                let held = self.held();
                if held.holds_another_than(refused) || !held.renewal.is_under_way() {
                    return held.holds_another_than(refused);
                }
            }
            drop(ended.changed().await);
        }
    }

    /// A number that grows whenever what the credential is made of has changed, for better or worse.
    pub(super) fn generation(&self) -> u64 {
        let mut held = self.held();
        // What is wrong with it is for the next request to say.
        let _ = held.look(Look::IfChanged);
        held.generation
    }

    /// Looks at what there is, and begins a renewal where one is due.
    fn step(self: &Arc<Self>) -> Step {
        let mut held = self.held();
        let recipe = match held.look(Look::IfChanged) {
            Ok(Found::Ready(identity)) => {
                if held.lease.take().is_some() {
                    self.ways.cloud.observer.note(Note::CredentialExpiry { account: &self.ways.account, at: None });
                }
                return Step::Go(identity);
            }
            Ok(Found::Asked(recipe)) => recipe,
            Err(message) => {
                let tried = format!("reading the credentials of account {}", self.ways.account);
                return Step::Fail(Failure { message, ..failure(Reason::Auth, tried) });
            }
        };
        let need = held.renewal.need(self.started.elapsed());
        let step = match (need, &held.lease, &held.failure) {
            (Need::Nothing | Need::Renewal, Some(lease), _) => Step::Go(lease.identity.clone()),
            (Need::Failed, _, Some(failure)) => Step::Fail(failure.clone()),
            _ => Step::Wait,
        };
        if matches!(need, Need::Renewal | Need::New) {
            held.renewal.begin();
            let under_way = UnderWay { of: Arc::clone(self), generation: held.generation, over: false };
            // Where nothing can be spawned any more, it ends at once, which takes hold of what is held.
            drop(held);
            tokio::spawn(under_way.go(recipe));
        }
        step
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing can panic while it is held.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn look(&mut self, look: Look) -> Result<Found, String> {
        let found = self.provider.look(look);
        if self.found.as_ref() != Some(&found) {
            self.generation += 1;
            self.renewal.sources_changed();
            self.found = Some(found.clone());
        }
        found
    }

    fn holds_another_than(&self, refused: &Identity) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.identity != *refused)
    }
}

/// A renewal that has begun. However it ends, others may begin one after it.
struct UnderWay {
    of: Arc<Credentials>,
    /// With what it was begun.
    generation: u64,
    over: bool,
}

impl UnderWay {
    async fn go(mut self, recipe: Recipe) {
        recipe.join(&self.of.ways);
        let outcome = recipe.ask(&self.of.ways).await;
        self.over = true;
        self.end(outcome);
    }

    fn end(&self, outcome: Result<Lease, Failure>) {
        let Credentials { ways, started, ended, .. } = &*self.of;
        let (now, account) = (started.elapsed(), &*ways.account);
        let mut held = self.of.held();
        match outcome {
            Ok(lease) => {
                if held.renewal.obtained(now, lease.lifetime) > 0 {
                    tracing::info!(account, "the credential is renewed again");
                }
                ways.cloud.observer.note(Note::CredentialExpiry { account, at: Some(lease.expires) });
                (held.lease, held.failure) = (Some(lease), None);
            }
            // What it was asked for with has changed, and so may the answer.
            Err(_) if held.generation != self.generation => held.renewal.abandoned(),
            Err(failure) => {
                let first = held.renewal.failed(now, how(&failure), fastrand::f64());
                let until = held.lease.as_ref().map(|lease| until(lease).to_string());
                if first {
                    tracing::warn!(account, %failure, until, "the credential is not renewed");
                } else {
                    tracing::debug!(account, %failure, until, "the credential is still not renewed");
                }
                held.failure = Some(failure);
            }
        }
        drop(held);
        ended.send_replace(());
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.over {
            let tried = format!("renewing the credential of account {}", self.of.ways.account);
            let message = "it broke off: this is a defect".to_owned();
            self.end(Err(Failure { message, ..failure(Reason::Server, tried) }));
        }
    }
}

/// Until when the old one is good.
fn until(lease: &Lease) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + lease.expires.as_date().since_epoch())
}

/// Whether the next renewal may fare better by itself.
fn how(failure: &Failure) -> Failed {
    let asked: Option<Duration> = failure.retry_after;
    match failure.reason {
        Reason::Throttled
        | Reason::Server
        | Reason::Timeout
        | Reason::Connect
        | Reason::Tls
        | Reason::Decode
        | Reason::TooLarge
        | Reason::Inconsistent => Failed::MayPass { asked },
        Reason::Auth
        | Reason::TokenExpired
        | Reason::Permission
        | Reason::Invalid
        | Reason::NotFound
        | Reason::Blocked => Failed::Refused,
    }
}
