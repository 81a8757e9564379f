//! The vendor's default: whoever has a credential for us, asked one after the other. Who has none is passed over; any
//! other error stops, because a credential that does not work is not one that was not meant.

use super::lease::Lease;
use super::pod_identity::{Pod, PodIdentity};
use super::profile::ProfileFile;
use super::provider::{Found, Recipe};
use super::{Look, Ways, metadata};
use crate::cloud::line::failure;
use crate::config::{self, Endpoint};
use crate::model::{Failure, Reason};

/// What comes after the environment, which the configuration has looked at.
pub(super) struct Chain {
    profile: Option<ProfileFile>,
    metadata: Endpoint,
    pod_identity: Option<PodIdentity>,
}

/// Those who have to be asked.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Rest {
    /// Who had nothing for us, and why.
    passed: Vec<String>,
    metadata: Endpoint,
    pod: Option<Pod>,
}

impl Chain {
    pub(super) fn new(config: &config::DefaultChain) -> Self {
        let config::DefaultChain { profile, metadata, pod_identity } = config;
        Self {
            profile: profile.clone().map(ProfileFile::new),
            metadata: metadata.clone(),
            pod_identity: pod_identity.as_ref().map(PodIdentity::new),
        }
    }

    pub(super) fn look(&mut self, look: Look) -> Result<Found, String> {
        let profile = match &mut self.profile {
            Some(profile) if profile.exists() => return profile.look(look),
            Some(profile) => format!("profile: there is no {}", profile.path().display()),
            None => "profile: HOME is not set".to_owned(),
        };
        let passed = vec![format!("environment: {}", config::NO_SDK_VARIABLES), profile];
        let pod = self.pod_identity.as_mut().map(|pod| pod.look(look)).transpose()?;
        Ok(Found::Asked(Recipe::Rest(Rest { passed, metadata: self.metadata.clone(), pod })))
    }
}

impl Rest {
    pub(super) fn join(&self, ways: &Ways) {
        Recipe::Metadata(self.metadata.clone()).join(ways);
        if let Some(pod) = &self.pod {
            Recipe::Pod(pod.clone()).join(ways);
        }
    }

    pub(super) async fn ask(&self, ways: &Ways) -> Result<Lease, Failure> {
        let absent = match metadata::ask(&self.metadata, ways).await {
            Err(failure) if metadata::is_absent(&failure) => failure,
            outcome => return outcome,
        };
        match &self.pod {
            Some(pod) => pod.ask(ways).await,
            None => {
                let metadata = format!("metadata: {} said: {}", self.metadata, absent.message);
                let pod = format!("pod identity: {}", config::NO_POD_VARIABLES);
                let passed = self.passed.iter().chain([&metadata, &pod]).map(String::as_str);
                let message = format!("nobody has a credential for us; {}", passed.collect::<Vec<_>>().join("; "));
                let tried = format!("finding the default credentials of account {}", ways.account);
                Err(Failure { message, ..failure(Reason::Auth, tried) })
            }
        }
    }
}
