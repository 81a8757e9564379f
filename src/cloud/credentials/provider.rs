//! Where a credential comes from: what is there to be read, and what has to be asked for.

use super::access_key;
use super::agency::Assumed;
use super::chain::{Chain, Rest};
use super::id_token::{Federated, IdToken};
use super::lease::Lease;
use super::password::{Login, Password};
use super::pod_identity::{Pod, PodIdentity};
use super::profile::ProfileFile;
use super::{Identity, Look, Source, Ways, metadata};
use crate::config::{Credentials, Endpoint};
use crate::model::Failure;
use crate::model::observe::Api;
use std::sync::Arc;

/// A kind of credentials, and where its parts are.
pub(super) enum Provider {
    AccessKey(access_key::Sources),
    Token(Source),
    Password(Password),
    IdToken(IdToken),
    Agency { domain: Arc<str>, agency: Arc<str>, source: Box<Provider> },
    Metadata(Endpoint),
    Profile(ProfileFile),
    PodIdentity(PodIdentity),
    Chain(Chain),
}

/// What a provider has, as its files are now. Two that are equal come of the same sources.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A credential that is good for as long as it stands there.
    Ready(Identity),
    /// What a credential is asked for with. It has an end.
    Asked(Recipe),
}

/// Whom to ask for a credential, and with what.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Recipe {
    Login(Login),
    Federated(Federated),
    Assumed(Assumed),
    Metadata(Endpoint),
    Pod(Pod),
    Rest(Rest),
}

impl Provider {
    pub(super) fn new(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::AccessKey { id, secret, security_token } => {
                Self::AccessKey(access_key::Sources::new(id, secret, security_token.as_ref()))
            }
            Credentials::Token(token) => Self::Token(Source::new("the token", token)),
            Credentials::Password { domain, user, password } => Self::Password(Password::new(domain, user, password)),
            Credentials::IdToken { provider, token } => Self::IdToken(IdToken::new(provider, token, None)),
            Credentials::Agency { domain, agency, source } => Self::Agency {
                domain: Arc::clone(domain),
                agency: Arc::clone(agency),
                source: Box::new(Self::new(source)),
            },
            Credentials::Metadata(endpoint) => Self::Metadata(endpoint.clone()),
            Credentials::Profile(path) => Self::Profile(ProfileFile::new(path.clone())),
            Credentials::PodIdentity(pod) => Self::PodIdentity(PodIdentity::new(pod)),
            Credentials::Default(chain) => Self::Chain(Chain::new(chain)),
        }
    }

    /// What there is now, or a sentence about what is wrong with it.
    pub(super) fn look(&mut self, look: Look) -> Result<Found, String> {
        let asked = |recipe| Ok(Found::Asked(recipe));
        match self {
            Self::AccessKey(key) => Ok(Found::Ready(Identity::AccessKey(key.look(look)?))),
            Self::Token(token) => Ok(Found::Ready(Identity::Token(token.read(look)?))),
            Self::Password(password) => asked(Recipe::Login(password.look(look)?)),
            Self::IdToken(token) => asked(Recipe::Federated(token.look(look)?)),
            Self::Agency { domain, agency, source } => asked(Recipe::Assumed(Assumed {
                domain: Arc::clone(domain),
                agency: Arc::clone(agency),
                source: Box::new(source.look(look)?),
            })),
            Self::Metadata(endpoint) => asked(Recipe::Metadata(endpoint.clone())),
            Self::Profile(profile) => profile.look(look),
            Self::PodIdentity(pod) => asked(Recipe::Pod(pod.look(look)?)),
            Self::Chain(chain) => chain.look(look),
        }
    }
}

impl Recipe {
    /// Asks for the credential.
    pub(super) async fn ask(&self, ways: &Ways) -> Result<Lease, Failure> {
        match self {
            Self::Login(login) => login.ask(ways).await,
            Self::Federated(federated) => federated.ask(ways).await,
            Self::Assumed(assumed) => assumed.ask(ways).await,
            Self::Metadata(endpoint) => metadata::ask(endpoint, ways).await,
            Self::Pod(pod) => pod.ask(ways).await,
            Self::Rest(rest) => rest.ask(ways).await,
        }
    }

    /// Shares the budgets from now on of which asking takes, so that what is counted begins with zero.
    pub(super) fn join(&self, ways: &Ways) {
        let (line, apis): (_, &[Api]) = match self {
            Self::Login(_) => (ways.iam(None), &Login::APIS),
            Self::Federated(federated) => (federated.iam(ways), &Federated::APIS),
            Self::Assumed(Assumed { source, .. }) => {
                if let Found::Asked(source) = &**source {
                    source.join(ways);
                }
                (ways.iam(None), &[Assumed::API])
            }
            Self::Metadata(endpoint) => (ways.nearby(endpoint), &[metadata::API]),
            Self::Pod(pod) => (pod.line(ways), &[Pod::API]),
            Self::Rest(rest) => return rest.join(ways),
        };
        // What is wrong with the way is for who asks to say.
        if let Ok(line) = line {
            apis.iter().for_each(|api| line.join(*api));
        }
    }
}
