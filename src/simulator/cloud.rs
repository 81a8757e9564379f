//! What the cloud answers to a request: let in, count, spoil, answer. Pure but for the faults' script.

use super::auth::{Credential, Gate, Signed};
use super::faults::{Faults, Hold, What};
use super::limits::Calls;
use super::log::{Api, Log, LoggedRequest};
use super::options::{Options, RateLimit};
use super::query::Query;
use super::refusal::Refusal;
use super::world::World;
use serde_json::Value;
use std::time::Duration;

/// A change of the world that is made just before a request is answered.
pub(super) type Edit = Box<dyn FnOnce(&mut World) + Send>;

/// Everything that changes.
pub(super) struct Cloud {
    pub(super) world: World,
    pub(super) gate: Gate,
    pub(super) log: Log,
    /// Edits, each with the number of the ListTasks call before which it is made.
    pub(super) edits: Vec<(u64, Edit)>,
    faults: Faults,
    rate_limit: Option<RateLimit>,
    list_tasks_calls: Calls,
    seed: u64,
}

/// A request as it was received.
pub(super) struct Received<'a> {
    pub(super) signed: Signed<'a>,
    /// The caller's.
    pub(super) address: String,
    /// There is more body than the gateway takes.
    pub(super) too_large: Option<Refusal>,
}

/// An answer, and how it is sent.
pub(super) struct Answer {
    pub(super) number: u64,
    pub(super) request_id: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) manner: Manner,
}

/// How an answer is sent.
pub(super) enum Manner {
    Plain,
    Late(Duration),
    Held(Hold),
    Slow { piece: usize, pause: Duration },
    Cut,
    Reset,
    Compressed,
}

impl Cloud {
    pub(super) fn new(options: &Options, faults: Faults, now: u64) -> Self {
        Self {
            world: World::new(options, now),
            gate: Gate::new(options.credentials.clone()),
            log: Log::default(),
            edits: Vec::new(),
            faults,
            rate_limit: options.rate_limit,
            list_tasks_calls: Calls::default(),
            seed: options.seed,
        }
    }

    /// Answers a request that came at `now`, milliseconds since the Unix epoch.
    pub(super) fn answer(&mut self, received: &Received<'_>, now: u64) -> Answer {
        self.world.advance(now);
        let request = LoggedRequest {
            credential: claimed(&received.signed),
            ..LoggedRequest::read(now, received.signed.path, received.signed.query, received.signed.body)
        };
        let number = self.log.push(request.clone());
        let request_id = format!("{:032x}", super::dice::dice(self.seed, &[6, number]).u128(..));
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let decided = self.admit(received, &request, now).and_then(|credential| {
            let Some((what, with)) = self.faults.next(&request) else {
                return self.list_tasks(&received.signed, &request, &credential).map(Decision::page);
            };
            if matches!(what, What::Answer { .. }) {
                headers.clear();
            }
            headers.extend(with);
            Self::spoil(what, || self.list_tasks(&received.signed, &request, &credential))
        });
        let Decision { status, body, manner } = decided.unwrap_or_else(|refusal| Decision {
            status: refusal.status,
            body: refusal.body(&request_id).to_string().into_bytes(),
            manner: Manner::Plain,
        });
        Answer { number, request_id, status, headers, body, manner }
    }

    /// Whether the request gets as far as HSS, and whose it is.
    fn admit(&mut self, received: &Received<'_>, request: &LoggedRequest, now: u64) -> Result<Credential, Refusal> {
        if let Some(refusal) = received.too_large.clone() {
            return Err(refusal);
        }
        let (Some(Api::ListTasks), "POST") = (request.api, received.signed.method) else {
            return Err(Refusal::no_such_api());
        };
        self.edit();
        let credential = self.gate.admit(&received.signed, now)?;
        if let Some(limit) = self.rate_limit {
            self.list_tasks_calls.admit(limit, &credential.user, &received.address, now)?;
        }
        Ok(credential)
    }

    /// What a fault makes of an answer.
    fn spoil(what: What, page: impl Fn() -> Result<Value, Refusal>) -> Result<Decision, Refusal> {
        let manner = match what {
            What::Answer { status, body } => return Ok(Decision { status, body, manner: Manner::Plain }),
            What::Refuse(refusal) => return Err(refusal),
            What::Rewrite(change) => {
                let mut page = page()?;
                change(&mut page);
                return Ok(Decision::page(page));
            }
            What::Late(by) => Manner::Late(by),
            What::Held(hold) => Manner::Held(hold),
            What::Slow { piece, pause } => Manner::Slow { piece, pause },
            What::Cut => Manner::Cut,
            What::Reset => Manner::Reset,
            What::Compressed => Manner::Compressed,
        };
        Ok(Decision { manner, ..Decision::page(page()?) })
    }

    /// Makes the edits that are due before this call.
    fn edit(&mut self) {
        let call = self.log.count(Api::ListTasks);
        let (due, later) = std::mem::take(&mut self.edits).into_iter().partition(|(number, _)| *number <= call);
        self.edits = later;
        for (_, edit) in Vec::<(u64, Edit)>::from_iter(due) {
            edit(&mut self.world);
        }
    }

    fn list_tasks(
        &self,
        signed: &Signed<'_>,
        request: &LoggedRequest,
        credential: &Credential,
    ) -> Result<Value, Refusal> {
        let project = self.world.projects().iter().find(|project| project.id() == request.project);
        let Some(project) = project.filter(|project| credential.projects.covers(project.id())) else {
            return Err(Refusal::gateway(403, "0310", "The project is unavailable"));
        };
        let query = Query::read(signed.query, signed.header("content-type"), signed.body)?;
        self.world.list(project, query, &|id| credential.enterprise_projects.covers(id))
    }
}

/// An answer, but for its headers.
struct Decision {
    status: u16,
    body: Vec<u8>,
    manner: Manner,
}

impl Decision {
    fn page(page: Value) -> Self {
        Self { status: 200, body: page.to_string().into_bytes(), manner: Manner::Plain }
    }
}

/// Whom a request claims to come from.
fn claimed(signed: &Signed<'_>) -> String {
    match (signed.header("authorization"), signed.header("x-auth-token")) {
        (Some(authorization), _) => super::auth::claimed_key(authorization).unwrap_or_default().to_owned(),
        (None, Some(_)) => "token".to_owned(),
        (None, None) => String::new(),
    }
}
