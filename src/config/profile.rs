//! The profile file of the vendor's SDKs: an INI file, of which the section `[basic]` is ours.

use super::credentials::check;
use super::endpoint::{Endpoint, PlainHttp};
use super::secret::Secret;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What a profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who we are.
    pub holds: ProfileHolds,
    /// `iam_endpoint`
    pub iam_endpoint: Option<Endpoint>,
}

/// The credential of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as of `Credentials`")]
pub enum ProfileHolds {
    /// `ak`, `sk` and perhaps `security_token`.
    AccessKey { id: Secret, secret: Secret, security_token: Option<Secret> },
    /// `idp_id` and `id_token_file`.
    IdToken { provider: Arc<str>, file: PathBuf },
}

/// The section for credentials of projects; `[global]` is for other services.
const SECTION: &str = "basic";

impl Profile {
    /// Reads a profile. The error says what is wrong with it and shows nothing that stands in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let keys = section(text)?;
        let secret = |name: &str| -> Result<Option<Secret>, String> {
            let value = keys.get(name).copied().filter(|value| !value.is_empty());
            value
                .map(|value| check(value).map_err(|fault| format!("has an `{name}` that {}", fault.reason)))
                .transpose()
        };
        let word = |name: &str| keys.get(name).copied().filter(|value| !value.is_empty());
        let holds = match (secret("ak")?, secret("sk")?, word("idp_id"), word("id_token_file")) {
            (Some(id), Some(secret_key), _, _) => {
                ProfileHolds::AccessKey { id, secret: secret_key, security_token: secret("security_token")? }
            }
            (None, None, Some(provider), Some(file)) => {
                ProfileHolds::IdToken { provider: provider.into(), file: PathBuf::from(file) }
            }
            (Some(_), None, _, _) => return Err("has an `ak` and no `sk`".to_owned()),
            (None, Some(_), _, _) => return Err("has an `sk` and no `ak`".to_owned()),
            _ => return Err(format!("has neither `ak` and `sk` nor `idp_id` and `id_token_file` below `[{SECTION}]`")),
        };
        let endpoint = word("iam_endpoint").map(|text| Endpoint::parse(text, PlainHttp::Loopback));
        let endpoint = endpoint.transpose().map_err(|error| format!("has an `iam_endpoint` that {error}"))?;
        Ok(Self { holds, iam_endpoint: endpoint })
    }
}

/// The keys of our section.
fn section(text: &str) -> Result<HashMap<&str, &str>, String> {
    let mut keys = HashMap::new();
    let (mut ours, mut found) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            ours = name.trim() == SECTION;
            found |= ours;
        } else if let Some((key, value)) = line.split_once('=') {
            if ours {
                keys.insert(key.trim(), value.trim());
            }
        } else {
            return Err(format!("is no profile: line {number} is neither `[section]` nor `key = value`"));
        }
    }
    if found { Ok(keys) } else { Err(format!("has no section `[{SECTION}]`")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = Profile::parse(text).unwrap_err();
        assert!(error.contains(expected) && !error.contains("canary"), "{error}");
    }

    #[test]
    fn a_profile_holds_a_key_or_names_a_token() {
        let text = "# mine\n[global]\nak = other\n[basic]\nak = AK\nsk=SK\n; more\nsecurity_token =\n";
        let key = ProfileHolds::AccessKey { id: Secret::new("AK"), secret: Secret::new("SK"), security_token: None };
        assert_eq!(Profile::parse(text), Ok(Profile { holds: key, iam_endpoint: None }));
        let text = "[basic]\nidp_id = corp\nid_token_file = /run/token\niam_endpoint = https://iam.example.com\n";
        let token = ProfileHolds::IdToken { provider: "corp".into(), file: "/run/token".into() };
        let profile = Profile::parse(text).unwrap();
        assert_eq!((profile.holds, profile.iam_endpoint.unwrap().as_str()), (token, "https://iam.example.com"));
    }

    #[test]
    fn what_is_no_profile_is_not_repeated() {
        refused("canary", "line 1");
        refused("[global]\nak = canary\nsk = canary\n", "no section `[basic]`");
        refused("[basic]\nak = canary\n", "an `ak` and no `sk`");
        refused("[basic]\nsk = canary\n", "an `sk` and no `ak`");
        refused("[basic]\n", "neither");
        refused("[basic]\nak = canary two\nsk = canary\n", "an `ak` that holds a space");
        refused("[basic]\nak = A\nsk = B\niam_endpoint = canary\n", "`iam_endpoint` that begins neither");
    }
}
