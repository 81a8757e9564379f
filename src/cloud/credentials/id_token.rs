//! A token of another identity provider (OpenID Connect): a token of IAM for it, and a temporary access key for that.

use super::lease::Lease;
use super::{Look, Secret, Source, Ways, sign_in};
use crate::cloud::line::Line;
use crate::config::{Endpoint, SecretSource};
use crate::model::Failure;
use crate::model::observe::Api;
use std::sync::Arc;

/// A provider, and where its token comes from: a file, which the provider's side keeps fresh.
pub(super) struct IdToken {
    provider: Arc<str>,
    token: Source,
    iam: Option<Endpoint>,
}

/// A provider and its token, as it is now.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Federated {
    provider: Arc<str>,
    token: Secret,
    /// Where it is shown, if not at the account's own IAM.
    iam: Option<Endpoint>,
}

impl IdToken {
    pub(super) fn new(provider: &Arc<str>, token: &SecretSource, iam: Option<&Endpoint>) -> Self {
        let token = Source::new("the identity provider's token", token);
        Self { provider: Arc::clone(provider), token, iam: iam.cloned() }
    }

    pub(super) fn look(&mut self, look: Look) -> Result<Federated, String> {
        let token = self.token.read(look)?;
        Ok(Federated { provider: Arc::clone(&self.provider), token, iam: self.iam.clone() })
    }
}

impl Federated {
    pub(super) const APIS: [Api; 2] = [Api::CreateToken, Api::CreateTemporaryAccessKey];

    pub(super) fn iam(&self, ways: &Ways) -> Result<Line, Failure> {
        ways.iam(self.iam.as_ref())
    }

    pub(super) async fn ask(&self, ways: &Ways) -> Result<Lease, Failure> {
        let iam = self.iam(ways)?;
        let token = sign_in::token_by_id_token(&iam, &self.provider, &self.token).await?;
        sign_in::key_by_token(&iam, &token).await
    }
}
