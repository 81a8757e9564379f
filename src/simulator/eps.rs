//! What stands in for EPS: the account's enterprise projects, page by page.

use super::auth::{Caller, Signed};
use super::content::Content;
use super::iam::{Directory, Scope};
use super::log::Api;
use super::query::parameter;
use super::refusal::Refusal;
use super::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MAX_LIMIT: usize = 1000;
/// Nobody looks at it.
const MADE_AT: &str = "2018-05-18T06:49:06Z";

/// `GET /v1.0/enterprise-projects`
pub(super) fn list(
    directory: &Directory,
    world: &World,
    caller: &Caller,
    signed: &Signed<'_>,
) -> Result<Content, Refusal> {
    if !is_for_the_account(directory, caller, signed)
        || directory.denies(&caller.credential.user, Api::ListEnterpriseProjects)
    {
        return Err(Refusal::eps(403, "EPS.0004", "You have no right to do this action"));
    }
    let invalid = |name: &str| Refusal::eps(400, "EPS.0001", format!("Invalid parameter: {name}"));
    let number = |name: &str, default: usize| match parameter(signed.query, name) {
        Some(text) => text.parse::<usize>().map_err(|_| invalid(name)),
        None => Ok(default),
    };
    let (limit, offset) = (number("limit", MAX_LIMIT)?, number("offset", 0)?);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid("limit"));
    }
    let status = match parameter(signed.query, "status").as_deref() {
        None => None,
        Some("1") => Some(1),
        Some("2") => Some(2),
        Some(_) => return Err(invalid("status")),
    };
    let mut seen = BTreeSet::new();
    let all = world.projects().iter().flat_map(|project| project.enterprise_projects());
    let found: Vec<Value> = all
        .filter(|one| seen.insert(one.id.clone()) && caller.credential.enterprise_projects.covers(&one.id))
        .map(|one| (one, if directory.disabled(&one.id) { 2 } else { 1 }))
        .filter(|(_, is)| status.is_none_or(|wanted| wanted == *is))
        .map(|(one, status)| {
            json!({
                "id": *one.id,
                "name": *one.name,
                "description": "",
                "status": status,
                "type": "prod",
                "created_at": MADE_AT,
                "updated_at": MADE_AT,
                "delete_flag": false,
            })
        })
        .collect();
    let page: Vec<&Value> = found.iter().skip(offset).take(limit).collect();
    Ok(Content::ok(json!({ "enterprise_projects": page, "total_count": found.len() })))
}

/// A key has to say which account it means; a token has to be the account's.
fn is_for_the_account(directory: &Directory, caller: &Caller, signed: &Signed<'_>) -> bool {
    match (signed.header("authorization"), &caller.scope) {
        (Some(_), _) => signed.header("x-domain-id") == Some(&directory.domain.id),
        (None, Scope::Any | Scope::Domain) => true,
        (None, Scope::Project(_) | Scope::Nothing) => false,
    }
}
