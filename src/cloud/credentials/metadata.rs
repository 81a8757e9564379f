//! What the instance that we run on is given: a temporary access key of the agency that it has.
//!
//! Source: the vendor's ECS guide (instance metadata), and its SDKs. Version 2 wants a token, which is asked for first;
//! where there is only version 1, nobody knows of tokens.

use super::lease::{self, Lease};
use super::{Header, Identity, Secret, Ways, source};
use crate::cloud::line::Line;
use crate::cloud::{Answer, Call, Scope};
use crate::config::Endpoint;
use crate::model::observe::Api;
use crate::model::{Failure, Reason};

pub(super) const API: Api = Api::InstanceMetadata;

/// By these the service says that it is version 1.
const NO_VERSION_2: [u16; 3] = [404, 405, 503];

/// What the service says where the instance has no agency.
const NO_AGENCY: &str = "configure Cloud Service Agency";

pub(super) async fn ask(endpoint: &Endpoint, ways: &Ways) -> Result<Lease, Failure> {
    let line = ways.nearby(endpoint)?;
    let stranger = |headers, told| Identity::Stranger { headers, told };
    let lifetime = Header::new("x-metadata-token-ttl-seconds", "21600");
    let call = call("PUT", "/meta-data/latest/api/token", "a token");
    let (headers, told) = match line.ask(&call, &stranger(vec![lifetime], Vec::new()), token).await {
        Ok(token) => (vec![Header::new("x-metadata-token", token.expose())], vec![token]),
        Err(failure) if failure.status.is_some_and(|status| NO_VERSION_2.contains(&status)) => Default::default(),
        Err(failure) => return Err(failure),
    };
    key(&line, &stranger(headers, told)).await
}

/// Whether the failure says that there is no such service here, or that it has no credential to give.
pub(super) fn is_absent(failure: &Failure) -> bool {
    let unreachable = failure.status.is_none() && matches!(failure.reason, Reason::Connect | Reason::Timeout);
    unreachable || failure.reason == Reason::NotFound || failure.message.contains(NO_AGENCY)
}

async fn key(line: &Line, identity: &Identity) -> Result<Lease, Failure> {
    let call = call("GET", "/openstack/latest/securitykey", "the instance's access key");
    line.ask(&call, identity, lease::read).await
}

fn call(method: &'static str, path: &str, what: &str) -> Call<'static> {
    Call {
        api: API,
        what: format!("InstanceMetadata({what})"),
        method,
        path: path.to_owned(),
        query: Vec::new(),
        body: Vec::new().into(),
        scope: Scope::None,
    }
}

/// The whole body is the token.
fn token(answer: &Answer) -> Result<Secret, (Reason, String)> {
    let wrong = |why: &str| (Reason::Decode, format!("the answer, which should be a token, {why}"));
    let text = std::str::from_utf8(&answer.body).map_err(|_| wrong("is no text"))?.trim();
    source::check(text).map_err(wrong)?;
    Ok(Secret::new(text))
}
