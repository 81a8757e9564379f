//! What IAM says of an account: which projects it can see, and which domain it is of.
//!
//! Source: IAM's API reference, `KeystoneListProjects` and `KeystoneListAuthDomains`. How one signs in there is said in
//! [`super::credentials`].

use super::credentials::Identity;
use super::line::Line;
use super::{Call, Scope, repair};
use crate::model::observe::Api;
use crate::model::{Failure, Reason};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// No account has more projects or enterprise projects.
const MOST_ITEMS: usize = 10_000;

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
        self.0.ask(&call, identity, |answer| projects(&answer.body)).await
    }

    /// The domains that `identity` is of.
    pub(super) async fn domains(&self, identity: &Identity) -> Result<Vec<Domain>, Failure> {
        let call = call(Api::ListDomains, "ListDomains".to_owned(), "/v3/auth/domains", Vec::new());
        self.0.ask(&call, identity, |answer| domains(&answer.body)).await
    }
}

fn call(api: Api, what: String, path: &str, query: Vec<(&'static str, String)>) -> Call<'static> {
    let body = Vec::new().into();
    Call { api, what, method: "GET", path: path.to_owned(), query, body, scope: Scope::None }
}

/// A list in an answer: as many items as are kept, and how many there are. An item that says too little is left out.
pub(super) struct Items<T> {
    kept: Vec<T>,
    listed: usize,
}

impl<T> Items<T> {
    /// The items of the list `key`, if there is one and it has an end.
    pub(super) fn of(list: Option<Self>, key: &str) -> Result<Vec<T>, (Reason, String)> {
        let Self { kept, listed } = list.ok_or_else(|| no_list(key))?;
        if listed > MOST_ITEMS {
            let why = format!("the list `{key}` of the answer has {listed} items, more than {MOST_ITEMS}");
            return Err((Reason::TooLarge, why));
        }
        Ok(kept)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        list.deserialize_seq(ItemsVisitor(PhantomData))
    }
}

struct ItemsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = Items<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let (mut kept, mut listed) = (Vec::new(), 0);
        while listed < MOST_ITEMS
            && let Some(item) = items.next_element::<&RawValue>()?
        {
            // What one item holds costs no other.
            kept.extend(serde_json::from_str::<T>(item.get()));
            listed += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            listed += 1;
        }
        Ok(Items { kept, listed })
    }
}

pub(super) fn no_list(key: &str) -> (Reason, String) {
    (Reason::Decode, format!("the answer holds no list `{key}`"))
}

#[derive(Deserialize)]
struct ProjectList<'a> {
    #[serde(borrow)]
    projects: Option<Items<ProjectItem<'a>>>,
}

#[derive(Deserialize)]
struct ProjectItem<'a> {
    id: String,
    name: String,
    #[serde(borrow)]
    enabled: Option<&'a RawValue>,
}

fn projects(body: &[u8]) -> Result<Vec<Project>, (Reason, String)> {
    repair::read(body, |body| {
        serde_json::from_slice::<ProjectList<'_>>(body).map(|list| listed_projects(list.projects))
    })
    .map_err(|why| (Reason::Decode, why))?
}

fn listed_projects(items: Option<Items<ProjectItem<'_>>>) -> Result<Vec<Project>, (Reason, String)> {
    let items = Items::of(items, "projects")?;
    let items = items.into_iter().filter(|item| !item.id.is_empty() && !item.name.is_empty());
    Ok(items
        .map(|ProjectItem { id, name, enabled }| Project {
            id: id.into(),
            name: name.into(),
            enabled: enabled.is_none_or(|enabled| enabled.get() != "false"),
        })
        .collect())
}

#[derive(Deserialize)]
struct DomainList {
    domains: Option<Items<DomainItem>>,
}

#[derive(Deserialize)]
struct DomainItem {
    id: String,
    name: String,
}

fn domains(body: &[u8]) -> Result<Vec<Domain>, (Reason, String)> {
    let list: DomainList =
        repair::read(body, |body| serde_json::from_slice(body)).map_err(|why| (Reason::Decode, why))?;
    let items = Items::of(list.domains, "domains")?;
    let items = items.into_iter().filter(|item| !item.id.is_empty() && !item.name.is_empty());
    Ok(items.map(|DomainItem { id, name }| Domain { id: id.into(), name: name.into() }).collect())
}
