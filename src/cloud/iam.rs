//! What IAM says of an account: which projects it can see, and which domain it is of.
//!
//! Source: IAM's API reference, `KeystoneListProjects` and `KeystoneListAuthDomains`. How one signs in there is said in
//! [`super::credentials`].

use super::credentials::Identity;
use super::line::Line;
use super::{Answer, Call, Scope, repair};
use crate::model::observe::Api;
use crate::model::{Failure, Reason};
use serde_json::Value;
use std::sync::Arc;

/// The way to IAM.
pub(super) struct Iam(pub(super) Line);

/// A project, as IAM lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// 32 hexadecimal digits.
    pub id: Arc<str>,
    /// The region's name, and for a sub-project more behind it, as in `cn-north-4_payments`.
    pub name: Arc<str>,
    /// Whether it can be used.
    pub enabled: bool,
}

/// A domain: IAM's word for one of the vendor's customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// 32 hexadecimal digits.
    pub id: Arc<str>,
    /// The name that one signs in with.
    pub name: Arc<str>,
}

impl Iam {
    /// The projects that `identity` can see, of this name only if one is given.
    pub(super) async fn projects(&self, name: Option<&str>, identity: &Identity) -> Result<Vec<Project>, Failure> {
        let query = name.map(|name| ("name", name.to_owned()));
        let what = match name {
            Some(name) => format!("ListProjects({name})"),
            None => "ListProjects".to_owned(),
        };
        let call = call(Api::ListProjects, what, "/v3/projects", query.into_iter().collect());
        self.0.ask(&call, identity, |answer| list(answer, "projects", project)).await
    }

    /// The domains that `identity` is of.
    pub(super) async fn domains(&self, identity: &Identity) -> Result<Vec<Domain>, Failure> {
        let call = call(Api::ListDomains, "ListDomains".to_owned(), "/v3/auth/domains", Vec::new());
        self.0.ask(&call, identity, |answer| list(answer, "domains", domain)).await
    }
}

fn call(api: Api, what: String, path: &str, query: Vec<(&'static str, String)>) -> Call<'static> {
    let body = Vec::new().into();
    Call { api, what, method: "GET", path: path.to_owned(), query, body, scope: Scope::None }
}

/// The items of a list. One that says too little is left out.
pub(super) fn list<T>(answer: &Answer, key: &str, read: fn(&Value) -> Option<T>) -> Result<Vec<T>, (Reason, String)> {
    let json: Option<Value> = repair::read(&answer.body, |body| serde_json::from_slice(body)).ok();
    let items = json.as_ref().and_then(|json| json.get(key)).and_then(Value::as_array);
    let items = items.ok_or_else(|| (Reason::Decode, format!("the answer holds no list `{key}`")))?;
    Ok(items.iter().filter_map(read).collect())
}

fn project(item: &Value) -> Option<Project> {
    Some(Project {
        id: text(item, "id")?,
        name: text(item, "name")?,
        enabled: item.get("enabled").and_then(Value::as_bool).unwrap_or(true),
    })
}

fn domain(item: &Value) -> Option<Domain> {
    Some(Domain { id: text(item, "id")?, name: text(item, "name")? })
}

pub(super) fn text(item: &Value, key: &str) -> Option<Arc<str>> {
    item.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Arc::from)
}
