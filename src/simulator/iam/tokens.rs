//! Tokens: for a password, an agency, another token, or the token of another identity provider.

use super::super::auth::{Caller, Credential, Signed};
use super::super::content::Content;
use super::super::refusal::Refusal;
use super::super::world::World;
use super::issued::{Scope, moment};
use super::people::Principal;
use super::{Iam, Login, projects};
use serde_json::{Map, Value, json};

impl Iam {
    /// `POST /v3/auth/tokens`; `configured` are the tokens that nobody had to ask for.
    pub(in super::super) fn create_token(
        &mut self,
        world: &World,
        caller: Option<&Caller>,
        configured: &[Credential],
        signed: &Signed<'_>,
        now: u64,
    ) -> Result<Content, Refusal> {
        let body = body(signed)?;
        let (method, who) = match method(&body)? {
            "password" => ("password", self.by_password(&body, now)?),
            "assume_role" => ("assume_role", self.by_agency(caller, &body)?),
            "token" => ("token", self.by_token(configured, signed, &body, now)?),
            _ => return Err(Refusal::invalid_body()),
        };
        let scope = self.scope(world, &body, &who, Scope::Domain)?;
        Ok(self.answer_token(world, method, who, scope, now))
    }

    /// `POST /v3.0/OS-AUTH/id-token/tokens`. Without a scope the token can only be exchanged for a temporary key.
    pub(in super::super) fn exchange_id_token(
        &mut self,
        world: &World,
        signed: &Signed<'_>,
        now: u64,
    ) -> Result<Content, Refusal> {
        let body = body(signed)?;
        let id_token = text(&body, "/auth/id_token/id").ok_or_else(Refusal::invalid_body)?;
        let provider = &self.directory.identity_provider;
        if signed.header("x-idp-id") != Some(&provider.id) {
            let name = signed.header("x-idp-id").unwrap_or_default();
            return Err(Refusal::iam(404, format!("Could not find identity provider: {name}.")));
        }
        if id_token != provider.token {
            return Err(Refusal::iam(401, "Authentication failed"));
        }
        let who = self.directory.user(&provider.user).map(Principal::from);
        let who = who.ok_or_else(|| Refusal::iam(401, "Authentication failed"))?;
        let scope = self.scope(world, &body, &who, Scope::Nothing)?;
        Ok(self.answer_token(world, "mapped", who, scope, now))
    }

    fn by_password(&mut self, body: &Value, now: u64) -> Result<Principal, Refusal> {
        let of_user = |key: &str| text(body, &format!("/auth/identity/password/user/{key}"));
        let given = [of_user("name"), of_user("password"), of_user("domain/name")];
        let [Some(name), Some(password), Some(domain)] = given else { return Err(Refusal::invalid_body()) };
        let wrong = || Refusal::iam(401, "The username or password is wrong.");
        let directory = &self.directory;
        let user = directory.user(name).filter(|_| domain == directory.domain.name).ok_or_else(wrong)?;
        let login = self.logins.entry(user.name.clone()).or_default();
        if now < login.locked_until {
            return Err(Refusal::iam(401, "The account is locked."));
        }
        if user.password != password {
            login.failures = login.failures.saturating_add(1);
            if login.failures >= directory.rules.login_failures {
                *login = Login { failures: 0, locked_until: now.saturating_add(directory.rules.login_lock) };
            }
            return Err(wrong());
        }
        login.failures = 0;
        if !user.enabled {
            return Err(Refusal::iam(401, "The user is disabled."));
        }
        Ok(user.into())
    }

    /// The agency that a body names, if the caller may stand in for it.
    pub(super) fn by_agency(&self, caller: Option<&Caller>, body: &Value) -> Result<Principal, Refusal> {
        let caller = caller.ok_or_else(Refusal::unauthenticated)?;
        let of_agency = |key: &str| text(body, &format!("/auth/identity/assume_role/{key}"));
        let name = of_agency("agency_name").ok_or_else(Refusal::invalid_body)?;
        let domain = match (of_agency("domain_name"), of_agency("domain_id")) {
            (Some(domain), _) => domain,
            (None, Some(id)) if id == self.directory.domain.id => &self.directory.domain.name,
            (None, Some(id)) => return Err(Refusal::iam(404, format!("Could not find domain: {id}."))),
            (None, None) => return Err(Refusal::invalid_body()),
        };
        if self.directory.user(&caller.credential.user).is_some_and(|user| !user.agent_operator) {
            return Err(Refusal::forbidden());
        }
        let agency = self.directory.agencies.iter().find(|agency| agency.name == name && agency.domain == domain);
        agency.map(Principal::from).ok_or_else(|| Refusal::iam(404, format!("Could not find agency: {name}.")))
    }

    /// The scope that a body asks for, if they may have it.
    fn scope(&self, world: &World, body: &Value, who: &Principal, unsaid: Scope) -> Result<Scope, Refusal> {
        let domain = &self.directory.domain;
        let Some(scope) = body.pointer("/auth/scope").filter(|scope| !scope.is_null()) else { return Ok(unsaid) };
        if let (None, Some(wanted)) = (scope.get("project"), scope.get("domain")) {
            let is = |key: &str, ours: &str| wanted.get(key).is_none_or(|value| value == ours);
            let ours = is("id", &domain.id) && is("name", &domain.name);
            return if ours { Ok(Scope::Domain) } else { Err(Refusal::forbidden()) };
        }
        let wanted = text(scope, "/project/id").map(|id| ("id", id));
        let wanted = wanted.or_else(|| text(scope, "/project/name").map(|name| ("name", name)));
        let (key, wanted) = wanted.ok_or_else(Refusal::invalid_body)?;
        let all = projects::all(&self.directory, world);
        let found =
            all.into_iter().find(|project| if key == "id" { project.id == wanted } else { project.name == wanted });
        let project = found.ok_or_else(|| Refusal::iam(404, format!("Could not find project: {wanted}.")))?;
        if !project.enabled || !who.projects.covers(&project.id) {
            return Err(Refusal::forbidden());
        }
        Ok(Scope::Project(project.id))
    }

    fn answer_token(&mut self, world: &World, method: &str, who: Principal, scope: Scope, now: u64) -> Content {
        let (rules, domain) = (self.directory.rules, self.directory.domain.clone());
        let expires = now.saturating_add(rules.token_lifetime);
        let domain = json!({ "id": domain.id, "name": domain.name });
        let mut token = Map::new();
        let mut set = |key: &str, value: Value| token.insert(key.to_owned(), value);
        set("catalog", json!([]));
        set("expires_at", moment(expires).into());
        set("issued_at", moment(now).into());
        set("methods", json!([method]));
        set("roles", json!([{ "id": "0", "name": "te_admin" }]));
        set("user", json!({ "domain": domain, "id": who.user, "name": who.user, "password_expires_at": "" }));
        match &scope {
            Scope::Project(id) => {
                let all = projects::all(&self.directory, world);
                let name = all.into_iter().find(|project| project.id == *id).map(|project| project.name);
                set("project", json!({ "domain": domain, "id": id, "name": name }));
            }
            Scope::Domain => {
                set("domain", domain);
            }
            Scope::Any | Scope::Nothing => {}
        }
        let value = self.issuer.token(who, scope, rules.token_length, now, rules.token_lifetime);
        Content::created(json!({ "token": token })).with_header("X-Subject-Token", &value)
    }
}

/// The body, which has to be JSON, and to be called so.
pub(super) fn body(signed: &Signed<'_>) -> Result<Value, Refusal> {
    let is_json = signed.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let body = is_json.then(|| serde_json::from_slice(signed.body).ok()).flatten();
    body.ok_or_else(Refusal::invalid_body)
}

/// The one method of signing in that a body names.
pub(super) fn method(body: &Value) -> Result<&str, Refusal> {
    let methods = body.pointer("/auth/identity/methods").and_then(Value::as_array);
    match methods.map(Vec::as_slice) {
        Some([Value::String(method)]) => Ok(method),
        _ => Err(Refusal::invalid_body()),
    }
}

/// A text that is not empty.
pub(super) fn text<'a>(body: &'a Value, pointer: &str) -> Option<&'a str> {
    body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}
