//! The ways of one account to the services that give credentials.

use crate::cloud::Cloud;
use crate::cloud::clock::CloudClock;
use crate::cloud::line::{Line, failure};
use crate::cloud::transport::Way;
use crate::config::{Account, Endpoint};
use crate::model::{Failure, Reason};
use std::path::PathBuf;
use std::sync::Arc;

/// Ways that are opened when they are needed.
pub(in crate::cloud) struct Ways {
    pub(super) cloud: Arc<Cloud>,
    pub(super) account: Arc<str>,
    iam: Option<Endpoint>,
    eps: Option<Endpoint>,
    ca_file: Option<PathBuf>,
    clock: Arc<CloudClock>,
}

impl Ways {
    pub(in crate::cloud) fn new(cloud: &Arc<Cloud>, account: &Account, clock: &Arc<CloudClock>) -> Self {
        Self {
            cloud: Arc::clone(cloud),
            account: Arc::clone(&account.name),
            iam: account.iam_endpoint.clone(),
            eps: account.eps_endpoint.clone(),
            ca_file: account.ca_file.clone(),
            clock: Arc::clone(clock),
        }
    }

    /// The way to IAM, or to another one than the account's.
    pub(in crate::cloud) fn iam(&self, other: Option<&Endpoint>) -> Result<Line, Failure> {
        let Some(endpoint) = other.or(self.iam.as_ref()) else {
            let message = "no IAM endpoint is known for its region: set the account's `endpoints.iam`".to_owned();
            return Err(Failure {
                message,
                ..failure(Reason::Invalid, format!("signing in for account {}", self.account))
            });
        };
        let way = Way::Outward { ca_file: self.ca_file.clone() };
        Line::new(&self.cloud, &self.account, endpoint, way, &self.clock)
    }

    /// The way to the enterprise project service, if it is known where that is.
    pub(in crate::cloud) fn eps(&self) -> Result<Option<Line>, Failure> {
        let way = || Way::Outward { ca_file: self.ca_file.clone() };
        self.eps
            .as_ref()
            .map(|endpoint| Line::new(&self.cloud, &self.account, endpoint, way(), &self.clock))
            .transpose()
    }

    /// The way to what stands on this machine or beside it.
    pub(super) fn nearby(&self, endpoint: &Endpoint) -> Result<Line, Failure> {
        Line::new(&self.cloud, &self.account, endpoint, Way::Nearby, &self.clock)
    }
}
