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
        let plain = vec![("content-type".to_owned(), "application/json".to_owned())];
        let (status, headers, body, manner) = match self.decide(received, &request, now) {
            Ok((page, manner)) => (200, plain, page.to_string().into_bytes(), manner),
            Err(Other::Refused(refusal)) => {
                (refusal.status, plain, refusal.body(&request_id).to_string().into_bytes(), Manner::Plain)
            }
            Err(Other::Answer { status, headers, body }) => (status, headers, body, Manner::Plain),
        };
        Answer { number, request_id, status, headers, body, manner }
    }

    fn decide(&mut self, received: &Received<'_>, request: &LoggedRequest, now: u64) -> Result<(Value, Manner), Other> {
        if let Some(refusal) = received.too_large.clone() {
            return Err(refusal.into());
        }
        let (Some(Api::ListTasks), "POST") = (request.api, received.signed.method) else {
            return Err(Refusal::no_such_api().into());
        };
        self.edit();
        let credential = self.gate.admit(&received.signed, now)?;
        if let Some(limit) = self.rate_limit {
            self.list_tasks_calls.admit(limit, &credential.user, &received.address, now)?;
        }
        let page = || self.list_tasks(&received.signed, request, &credential);
        match self.faults.next(request) {
            None => Ok((page()?, Manner::Plain)),
            Some(What::Answer { status, headers, body }) => Err(Other::Answer { status, headers, body }),
            Some(What::Refuse(refusal)) => Err(refusal.into()),
            Some(What::Rewrite(change)) => {
                let mut page = page()?;
                change(&mut page);
                Ok((page, Manner::Plain))
            }
            Some(What::Late(by)) => Ok((page()?, Manner::Late(by))),
            Some(What::Held(hold)) => Ok((page()?, Manner::Held(hold))),
            Some(What::Slow { piece, pause }) => Ok((page()?, Manner::Slow { piece, pause })),
            Some(What::Cut) => Ok((page()?, Manner::Cut)),
            Some(What::Reset) => Ok((Value::Null, Manner::Reset)),
            Some(What::Compressed) => Ok((page()?, Manner::Compressed)),
        }
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

/// An answer that is not a page.
enum Other {
    Refused(Refusal),
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
}

impl From<Refusal> for Other {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
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
