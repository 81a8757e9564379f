//! An agency: another account's permission to act for it, which a credential of our own shows.

use super::lease::Lease;
use super::provider::Found;
use super::{Ways, sign_in};
use crate::model::Failure;
use crate::model::observe::Api;
use std::sync::Arc;

/// An agency, and who acts for it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Assumed {
    pub(super) domain: Arc<str>,
    pub(super) agency: Arc<str>,
    pub(super) source: Box<Found>,
}

impl Assumed {
    pub(super) const API: Api = Api::CreateTemporaryAccessKey;

    pub(super) async fn ask(&self, ways: &Ways) -> Result<Lease, Failure> {
        let iam = ways.iam(None)?;
        let identity = match &*self.source {
            Found::Ready(identity) => identity.clone(),
            // It is needed for one request, so it is not kept.
            Found::Asked(recipe) => Box::pin(recipe.ask(ways)).await?.identity,
        };
        sign_in::key_by_agency(&iam, &self.domain, &self.agency, &identity).await
    }
}
