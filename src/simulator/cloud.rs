//! What the cloud answers to a request: let in, count, spoil, answer. Pure but for the faults' script.

use super::auth::{Credential, Gate, Signed};
use super::faults::{Faults, Hold, What};
use super::limits::Calls;
use super::log::{Api, Log, LoggedRequest};
use super::options::{Options, RateLimit, Statistics};
use super::query::{Query, StatisticsQuery};
use super::refusal::Refusal;
use super::world::{Project, World};
use serde_json::Value;
use std::collections::HashMap;
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
    statistics: Statistics,
    calls: HashMap<Api, Calls>,
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
            statistics: options.statistics,
            calls: HashMap::new(),
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
        let decided = self.admit(received, &request, now).and_then(|(api, credential)| {
            let of = |world: &World| match api {
                Api::ListTasks => list_tasks(world, &received.signed, &request, &credential),
                Api::ShowTaskStatistics => statistics(world, &received.signed, &request, &credential),
            };
            let Some((what, with)) = self.faults.next(&request) else {
                return of(&self.world).map(Decision::of);
            };
            if matches!(what, What::Answer { .. }) {
                headers.clear();
            }
            headers.extend(with);
            spoil(what, &self.world, of)
        });
        let Decision { status, body, manner } = decided.unwrap_or_else(|refusal| Decision {
            status: refusal.status,
            body: refusal.body(&request_id).to_string().into_bytes(),
            manner: Manner::Plain,
        });
        Answer { number, request_id, status, headers, body, manner }
    }

    /// Whether the request gets as far as HSS, which API it calls, and whose it is.
    fn admit(
        &mut self,
        received: &Received<'_>,
        request: &LoggedRequest,
        now: u64,
    ) -> Result<(Api, Credential), Refusal> {
        if let Some(refusal) = received.too_large.clone() {
            return Err(refusal);
        }
        let api = request.api.filter(|api| api.method() == received.signed.method).ok_or_else(Refusal::no_such_api)?;
        match (api, self.statistics) {
            (Api::ListTasks, _) => self.edit(),
            (Api::ShowTaskStatistics, Statistics::LeftOut) => return Err(Refusal::no_such_api()),
            (Api::ShowTaskStatistics, Statistics::Answered | Statistics::Refused) => {}
        }
        let credential = self.gate.admit(&received.signed, now)?;
        if (api, self.statistics) == (Api::ShowTaskStatistics, Statistics::Refused) {
            return Err(Refusal::not_allowed());
        }
        if let Some(limit) = self.rate_limit {
            self.calls.entry(api).or_default().admit(limit, &credential.user, &received.address, now)?;
        }
        Ok((api, credential))
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
}

/// What a fault makes of the answer that a world gives.
fn spoil(what: What, world: &World, answer_of: impl Fn(&World) -> Result<Value, Refusal>) -> Result<Decision, Refusal> {
    let answer = || answer_of(world).map(Decision::of);
    let manner = match what {
        What::Answer { status, body } => return Ok(Decision { status, body, manner: Manner::Plain }),
        What::Refuse(refusal) => return Err(refusal),
        What::Rewrite(change) => {
            let mut answer = answer_of(world)?;
            change(&mut answer);
            return Ok(Decision::of(answer));
        }
        What::Copy(copy) => return answer_of(&copy).map(Decision::of),
        What::Broken => {
            let mut decision = answer()?;
            decision.body.truncate(decision.body.len() / 2);
            return Ok(decision);
        }
        What::Late(by) => Manner::Late(by),
        What::Held(hold) => Manner::Held(hold),
        What::Slow { piece, pause } => Manner::Slow { piece, pause },
        What::Cut => Manner::Cut,
        What::Reset => Manner::Reset,
        What::Compressed => Manner::Compressed,
    };
    Ok(Decision { manner, ..answer()? })
}

fn list_tasks(
    world: &World,
    signed: &Signed<'_>,
    request: &LoggedRequest,
    credential: &Credential,
) -> Result<Value, Refusal> {
    let project = project(world, request, credential)?;
    let query = Query::read(signed.query, signed.header("content-type"), signed.body)?;
    world.list(project, query, &|id| credential.enterprise_projects.covers(id))
}

fn statistics(
    world: &World,
    signed: &Signed<'_>,
    request: &LoggedRequest,
    credential: &Credential,
) -> Result<Value, Refusal> {
    let project = project(world, request, credential)?;
    let query = StatisticsQuery::read(signed.query)?;
    world.statistics(project, &query, &|id| credential.enterprise_projects.covers(id))
}

/// The project that a request names, if the caller may see it.
fn project<'a>(world: &'a World, request: &LoggedRequest, credential: &Credential) -> Result<&'a Project, Refusal> {
    let project = world.projects().iter().find(|project| project.id() == request.project);
    let project = project.filter(|project| credential.projects.covers(project.id()));
    project.ok_or_else(|| Refusal::gateway(403, "0310", "The project is unavailable"))
}

/// An answer, but for its headers.
struct Decision {
    status: u16,
    body: Vec<u8>,
    manner: Manner,
}

impl Decision {
    fn of(answer: Value) -> Self {
        Self { status: 200, body: answer.to_string().into_bytes(), manner: Manner::Plain }
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
