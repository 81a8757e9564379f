//! What the cloud answers to a request: let in, count, spoil, answer. Pure but for the faults' script.

use super::auth::{Caller, Gate, Granted, Signed};
use super::content::Content;
use super::eps;
use super::faults::{Faults, Hold, What};
use super::iam::{Iam, Scope, is_of_another_region};
use super::limits::Calls;
use super::log::{Api, Log, LoggedRequest};
use super::options::{Options, RateLimit, Statistics};
use super::query::{Query, StatisticsQuery};
use super::refusal::Refusal;
use super::route::{Door, Route};
use super::world::{Project, World};
use std::collections::HashMap;
use std::time::Duration;

/// A change of the world that is made just before a request is answered.
pub(super) type Edit = Box<dyn FnOnce(&mut World) + Send>;

/// Everything that changes.
pub(super) struct Cloud {
    pub(super) world: World,
    pub(super) gate: Gate,
    pub(super) iam: Iam,
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
            iam: Iam::new(options.directory.clone(), options.seed),
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
        let decided = self.admit(received, &request, now).and_then(|(route, caller)| {
            let fault = self.faults.next(&request);
            let Some((what, with)) = fault else {
                return self.dispatch(received, &request, route, caller.as_ref(), None).map(Decision::of);
            };
            let answered = spoil(what, |copy| self.dispatch(received, &request, route, caller.as_ref(), copy));
            let mut decision = answered.unwrap_or_else(|refusal| Decision::refuse(&refusal, &request_id));
            decision.headers.extend(with);
            Ok(decision)
        });
        let decision = decided.unwrap_or_else(|refusal| Decision::refuse(&refusal, &request_id));
        let Decision { status, mut headers, body, manner } = decision;
        if request.api.is_some_and(Api::is_of_iam) {
            headers.push(("x-iam-trace-id".to_owned(), request_id.clone()));
        }
        Answer { number, request_id, status, headers, body, manner }
    }

    /// What the call answers: of this copy of the world, or of the world itself.
    fn dispatch(
        &mut self,
        received: &Received<'_>,
        request: &LoggedRequest,
        route: Route,
        caller: Option<&Caller>,
        copy: Option<&World>,
    ) -> Result<Content, Refusal> {
        let (signed, now) = (&received.signed, request.at);
        let (world, iam) = (copy.unwrap_or(&self.world), &mut self.iam);
        match (route, caller) {
            (Route::ListTasks, Some(caller)) => list_tasks(world, signed, request, caller),
            (Route::ShowTaskStatistics, Some(caller)) => statistics(world, signed, request, caller),
            (Route::Projects, Some(caller)) => iam.list_projects(world, caller, signed.query),
            (Route::OwnProjects, Some(caller)) => Ok(iam.list_own_projects(world, caller)),
            (Route::Domains, Some(caller)) => iam.list_domains(caller),
            (Route::EnterpriseProjects, Some(caller)) => eps::list(&iam.directory, world, caller, signed),
            (Route::Token, caller) => iam.create_token(world, caller, &self.gate.credentials, signed, now),
            (Route::IdToken, _) => iam.exchange_id_token(world, signed, now),
            (Route::TemporaryKey, caller) => iam.create_key(caller, &self.gate.credentials, signed, now),
            (Route::MetadataToken, _) => iam.metadata_token(signed, now),
            (Route::MetadataKey, _) => iam.metadata_key(signed, now),
            (Route::PodIdentity, _) => iam.pod_key(signed, now),
            (_, None) => Err(Refusal::unauthenticated()),
        }
    }

    /// Whether the request gets as far as the service, which call it is, and whose.
    fn admit(
        &mut self,
        received: &Received<'_>,
        request: &LoggedRequest,
        now: u64,
    ) -> Result<(Route, Option<Caller>), Refusal> {
        if let Some(refusal) = received.too_large.clone() {
            return Err(refusal);
        }
        let signed = &received.signed;
        let route = Route::read(signed.path).map(|(route, _)| route);
        let route = route.filter(|route| route.method() == signed.method).ok_or_else(Refusal::no_such_api)?;
        match (route, self.statistics) {
            (Route::ListTasks, _) => self.edit(),
            (Route::ShowTaskStatistics, Statistics::LeftOut) => return Err(Refusal::no_such_api()),
            _ => {}
        }
        let caller = self.caller(route.door(), signed, request, now)?;
        if (route, self.statistics) == (Route::ShowTaskStatistics, Statistics::Refused) {
            return Err(Refusal::not_allowed());
        }
        let limit = match route.api() {
            Api::ListTasks | Api::ShowTaskStatistics => self.rate_limit,
            Api::InstanceMetadata | Api::PodIdentity => None,
            _ => self.iam.directory.rules.rate_limit,
        };
        if let Some(limit) = limit {
            let user = caller.as_ref().map_or("", |caller| &caller.credential.user);
            self.calls.entry(route.api()).or_default().admit(limit, user, &received.address, now)?;
        }
        Ok((route, caller))
    }

    /// Who asks, as far as this door wants to know.
    fn caller(
        &mut self,
        door: Door,
        signed: &Signed<'_>,
        request: &LoggedRequest,
        now: u64,
    ) -> Result<Option<Caller>, Refusal> {
        let (key, token) = (signed.header("authorization").is_some(), signed.header("x-auth-token").is_some());
        let admitted = match (door, key, token) {
            (Door::Open, ..) | (Door::SignIn, false, false) => return Ok(None),
            (Door::Iam, false, false) => return Err(Refusal::unauthenticated()),
            _ => self.gate.admit(self.iam.issued(), signed, now),
        };
        match door {
            Door::Iam | Door::SignIn if !key => admitted.map_err(|_| Refusal::invalid_token()),
            Door::Hss => admitted.and_then(|caller| self.in_project(caller, request)),
            _ => admitted,
        }
        .map(Some)
    }

    /// A caller of HSS, who sees no more than their token is good for.
    fn in_project(&self, mut caller: Caller, request: &LoggedRequest) -> Result<Caller, Refusal> {
        let directory = &self.iam.directory;
        match &caller.scope {
            Scope::Any => {}
            Scope::Project(id) if is_of_another_region(directory, id) => return Err(Refusal::token_expired()),
            Scope::Project(id) => caller.credential.projects = Granted::Only(vec![id.clone()]),
            Scope::Domain | Scope::Nothing => return Err(Refusal::not_allowed()),
        }
        match request.api {
            Some(api) if directory.denies(&caller.credential.user, api) => Err(Refusal::no_permission()),
            _ => Ok(caller),
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
}

/// What a fault makes of the answer that the world gives, or a copy of it.
fn spoil(what: What, answer_of: impl FnOnce(Option<&World>) -> Result<Content, Refusal>) -> Result<Decision, Refusal> {
    let manner = match what {
        What::Answer { status, body } => {
            return Ok(Decision { status, headers: Vec::new(), body, manner: Manner::Plain });
        }
        What::Refuse(refusal) => return Err(refusal),
        What::Rewrite(change) => {
            let mut content = answer_of(None)?;
            change(&mut content.value);
            return Ok(Decision::of(content));
        }
        What::Copy(copy) => return answer_of(Some(&copy)).map(Decision::of),
        What::Broken => {
            let mut decision = answer_of(None).map(Decision::of)?;
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
    Ok(Decision { manner, ..answer_of(None).map(Decision::of)? })
}

fn list_tasks(
    world: &World,
    signed: &Signed<'_>,
    request: &LoggedRequest,
    caller: &Caller,
) -> Result<Content, Refusal> {
    let project = project(world, request, caller)?;
    let query = Query::read(signed.query, signed.header("content-type"), signed.body)?;
    world.list(project, query, &|id| caller.credential.enterprise_projects.covers(id)).map(Content::ok)
}

fn statistics(
    world: &World,
    signed: &Signed<'_>,
    request: &LoggedRequest,
    caller: &Caller,
) -> Result<Content, Refusal> {
    let project = project(world, request, caller)?;
    let query = StatisticsQuery::read(signed.query)?;
    world.statistics(project, &query, &|id| caller.credential.enterprise_projects.covers(id)).map(Content::ok)
}

/// The project that a request names, if the caller may see it.
fn project<'a>(world: &'a World, request: &LoggedRequest, caller: &Caller) -> Result<&'a Project, Refusal> {
    let project = world.projects().iter().find(|project| project.id() == request.project);
    let project = project.filter(|project| caller.credential.projects.covers(project.id()));
    project.ok_or_else(|| Refusal::gateway(403, "0310", "The project is unavailable"))
}

/// An answer, and how it is sent.
struct Decision {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

impl Decision {
    fn of(content: Content) -> Self {
        let body = content.body();
        let mut headers = vec![("content-type".to_owned(), content.content_type().to_owned())];
        headers.extend(content.headers);
        Self { status: content.status, headers, body, manner: Manner::Plain }
    }

    fn refuse(refusal: &Refusal, request_id: &str) -> Self {
        let refused = Content { status: refusal.status, headers: Vec::new(), value: refusal.body(request_id) };
        Self::of(refused)
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
