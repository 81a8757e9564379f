//! The password of an IAM user: a token for it, and a temporary access key for the token.

use super::lease::Lease;
use super::{Look, Secret, Source, Ways, sign_in};
use crate::config::SecretSource;
use crate::model::Failure;
use crate::model::observe::Api;
use std::sync::Arc;

/// A user, and where the password comes from.
pub(super) struct Password {
    domain: Arc<str>,
    user: Arc<str>,
    password: Source,
}

/// A user and the password, as it is now.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    domain: Arc<str>,
    user: Arc<str>,
    password: Secret,
}

impl Password {
    pub(super) fn new(domain: &Arc<str>, user: &Arc<str>, password: &SecretSource) -> Self {
        let password = Source::password(password);
        Self { domain: Arc::clone(domain), user: Arc::clone(user), password }
    }

    pub(super) fn look(&mut self, look: Look) -> Result<Login, String> {
        let password = self.password.read(look)?;
        Ok(Login { domain: Arc::clone(&self.domain), user: Arc::clone(&self.user), password })
    }
}

impl Login {
    pub(super) const APIS: [Api; 2] = [Api::CreateToken, Api::CreateTemporaryAccessKey];

    pub(super) async fn ask(&self, ways: &Ways) -> Result<Lease, Failure> {
        let iam = ways.iam(None)?;
        let token = sign_in::token_by_password(&iam, &self.domain, &self.user, &self.password).await?;
        sign_in::key_by_token(&iam, &token).await
    }
}
