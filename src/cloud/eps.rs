//! What the enterprise project service (EPS) says of an account: which enterprise projects it has.
//!
//! Source: EPS's API reference, `ListEnterpriseProject`.

use super::credentials::Identity;
use super::iam::Items;
use super::line::{Line, failure};
use super::{Call, Scope, repair};
use crate::model::observe::Api;
use crate::model::{Failure, Reason};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// As many as a page may hold.
const PAGE: usize = 1000;

/// So many pages are read at most: ten times what the vendor lets an account have.
const MOST_PAGES: usize = 10;

/// That of enterprise projects in use.
const ENABLED: i64 = 1;

/// The way to EPS.
pub(super) struct Eps(pub(super) Line);

/// An enterprise project, as EPS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterpriseProject {
    /// `0` is the default one.
    pub id: Arc<str>,
    /// As its owner calls it.
    pub name: Arc<str>,
}

impl Eps {
    /// The enterprise projects in use that `identity` can see, of this domain where the request has to say which.
    pub(super) async fn enterprise_projects(
        &self,
        domain: Option<&str>,
        identity: &Identity,
    ) -> Result<Vec<EnterpriseProject>, Failure> {
        let mut all = Vec::new();
        for number in 0..MOST_PAGES {
            let offset = number * PAGE;
            let call = Call {
                api: Api::ListEnterpriseProjects,
                what: format!("ListEnterpriseProjects(from {offset})"),
                method: "GET",
                path: "/v1.0/enterprise-projects".to_owned(),
                query: vec![
                    ("limit", PAGE.to_string()),
                    ("offset", offset.to_string()),
                    ("status", ENABLED.to_string()),
                ],
                body: Vec::new().into(),
                scope: domain.map_or(Scope::None, Scope::Domain),
            };
            let (page, whole) = self.0.ask(&call, identity, |answer| page(&answer.body)).await?;
            all.extend(page);
            if offset.saturating_add(PAGE) >= whole {
                return Ok(all);
            }
        }
        let message = format!("the list of enterprise projects does not end after {}", MOST_PAGES * PAGE);
        Err(Failure { message, ..failure(Reason::TooLarge, "ListEnterpriseProjects".to_owned()) })
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    total_count: Option<&'a RawValue>,
    #[serde(borrow)]
    enterprise_projects: Option<Items<Item<'a>>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    id: String,
    name: String,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

/// What a page lists, and how many there are in all. All that are listed should be in use.
fn page(body: &[u8]) -> Result<(Vec<EnterpriseProject>, usize), (Reason, String)> {
    repair::read(body, |body| serde_json::from_slice::<List<'_>>(body).map(listed))
        .map_err(|why| (Reason::Decode, why))?
}

fn listed(
    List { total_count, enterprise_projects }: List<'_>,
) -> Result<(Vec<EnterpriseProject>, usize), (Reason, String)> {
    let items = Items::of(enterprise_projects, "enterprise_projects")?;
    let total = total_count.and_then(|total| total.get().parse::<u64>().ok());
    let total = total.ok_or_else(|| (Reason::Decode, "the answer holds no number `total_count`".to_owned()))?;
    let in_use = |status: &RawValue| status.get().parse::<i64>().map_or(true, |status| status == ENABLED);
    let items = items
        .into_iter()
        .filter(|Item { id, name, status }| !id.is_empty() && !name.is_empty() && status.is_none_or(in_use));
    let page = items.map(|Item { id, name, .. }| EnterpriseProject { id: id.into(), name: name.into() });
    Ok((page.collect(), usize::try_from(total).unwrap_or(usize::MAX)))
}
