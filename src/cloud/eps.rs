//! What the enterprise project service (EPS) says of an account: which enterprise projects it has.
//!
//! Source: EPS's API reference, `ListEnterpriseProject`.

use super::credentials::Identity;
use super::iam::{list, text};
use super::line::{Line, failure};
use super::{Answer, Call, Scope, repair};
use crate::model::observe::Api;
use crate::model::{Failure, Reason};
use serde_json::Value;
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
            let (page, whole) = self.0.ask(&call, identity, page).await?;
            all.extend(page);
            if offset.saturating_add(PAGE) >= whole {
                return Ok(all);
            }
        }
        let message = format!("the list of enterprise projects does not end after {}", MOST_PAGES * PAGE);
        Err(Failure { message, ..failure(Reason::TooLarge, "ListEnterpriseProjects".to_owned()) })
    }
}

/// What a page lists, and how many there are in all.
fn page(answer: &Answer) -> Result<(Vec<EnterpriseProject>, usize), (Reason, String)> {
    let json: Option<Value> = repair::read(&answer.body, |body| serde_json::from_slice(body)).ok();
    let total = json.as_ref().and_then(|json| json.get("total_count")).and_then(Value::as_u64);
    let total = total.ok_or_else(|| (Reason::Decode, "the answer holds no number `total_count`".to_owned()))?;
    let page = list(answer, "enterprise_projects", one)?;
    Ok((page, usize::try_from(total).unwrap_or(usize::MAX)))
}

/// One that is in use, as all should be.
fn one(item: &Value) -> Option<EnterpriseProject> {
    let enabled = item.get("status").and_then(Value::as_i64).is_none_or(|status| status == ENABLED);
    let one = EnterpriseProject { id: text(item, "id")?, name: text(item, "name")? };
    enabled.then_some(one)
}
