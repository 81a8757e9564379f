//! What the pod that we run in is given: a temporary access key, for the token that stands in a file.
//!
//! Source: the vendor's SDKs. An agent on the node answers.

use super::lease::{self, Lease};
use super::{Header, Identity, Look, Secret, Source, Ways};
use crate::cloud::line::Line;
use crate::cloud::{Call, Scope};
use crate::config::{self, Endpoint, SecretSource};
use crate::model::Failure;
use crate::model::observe::Api;

/// Whom to ask, and where the pod's token is.
pub(super) struct PodIdentity {
    endpoint: Endpoint,
    path: String,
    token: Source,
}

/// Whom to ask, and with which token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pod {
    endpoint: Endpoint,
    path: String,
    token: Secret,
}

impl PodIdentity {
    pub(super) fn new(config: &config::PodIdentity) -> Self {
        let config::PodIdentity { endpoint, path, token_file } = config;
        let token = Source::new("the pod's token", &SecretSource::File(token_file.clone()));
        Self { endpoint: endpoint.clone(), path: path.clone(), token }
    }

    pub(super) fn look(&mut self, look: Look) -> Result<Pod, String> {
        let token = self.token.read(look)?;
        Ok(Pod { endpoint: self.endpoint.clone(), path: self.path.clone(), token })
    }
}

impl Pod {
    pub(super) const API: Api = Api::PodIdentity;

    pub(super) fn line(&self, ways: &Ways) -> Result<Line, Failure> {
        ways.nearby(&self.endpoint)
    }

    pub(super) async fn ask(&self, ways: &Ways) -> Result<Lease, Failure> {
        let call = Call {
            api: Self::API,
            what: "PodIdentity(the pod's access key)".to_owned(),
            method: "POST",
            path: self.path.clone(),
            query: Vec::new(),
            body: "{}".into(),
            scope: Scope::None,
        };
        let headers = vec![Header::new("authorization", self.token.expose())];
        let stranger = Identity::Stranger { headers, told: vec![self.token.clone()] };
        self.line(ways)?.ask(&call, &stranger, lease::read).await
    }
}
