//! The profile file of the vendor's SDKs, read again when it changes.

use super::access_key::AccessKey;
use super::file::{Follow, read_text};
use super::id_token::IdToken;
use super::provider::{Found, Recipe};
use super::{Identity, Look};
use crate::config::{Profile, ProfileHolds, SecretSource};
use std::path::{Path, PathBuf};

/// A profile file.
pub(super) struct ProfileFile(Follow<Profile>);

impl ProfileFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Follow::new(path))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Whether the file is there at all.
    pub(super) fn exists(&self) -> bool {
        self.path().try_exists().unwrap_or(true)
    }

    pub(super) fn look(&mut self, look: Look) -> Result<Found, String> {
        let wrong = |path: &Path, why: &str| format!("the profile file {} {why}", path.display());
        let Profile { holds, iam_endpoint } = self.0.read(look, |path| {
            let text = read_text(path).map_err(|why| wrong(path, &why))?;
            Profile::parse(&text).map_err(|why| wrong(path, &why))
        })?;
        Ok(match holds {
            ProfileHolds::AccessKey { id, secret, security_token } => {
                Found::Ready(Identity::AccessKey(AccessKey { id, secret, security_token }))
            }
            ProfileHolds::IdToken { provider, file } => {
                let token = SecretSource::File(file);
                let mut id_token = IdToken::new(&provider, &token, iam_endpoint.as_ref());
                Found::Asked(Recipe::Federated(id_token.look(look)?))
            }
        })
    }
}
