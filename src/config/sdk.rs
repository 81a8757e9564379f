//! The variables by which the vendor's SDKs are given credentials.

use super::credentials::from_variable;
use super::endpoint::{Endpoint, PlainHttp};
use super::raw::{Context, Holds, NamedFile};
use super::report::{At, Fault};
use super::{Credentials, DefaultChain, PodIdentity, SecretSource};
use std::path::PathBuf;

const AK: &str = "HUAWEICLOUD_SDK_AK";
const SK: &str = "HUAWEICLOUD_SDK_SK";
const SECURITY_TOKEN: &str = "HUAWEICLOUD_SDK_SECURITY_TOKEN";
const PROVIDER: &str = "HUAWEICLOUD_SDK_IDP_ID";
const ID_TOKEN_FILE: &str = "HUAWEICLOUD_SDK_ID_TOKEN_FILE";
const PROFILE: &str = "HUAWEICLOUD_SDK_CREDENTIALS_FILE";
const POD_URI: &str = "HC_CONTAINER_CREDENTIALS_FULL_URI";
const POD_TOKEN_FILE: &str = "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// Where the profile file is, below the home folder.
const PROFILE_BELOW_HOME: &str = ".huaweicloud/credentials";

/// Where an instance's metadata are served.
pub(super) const METADATA: &str = "http://169.254.169.254";

/// What is said where the environment holds no credential.
pub const NO_SDK_VARIABLES: &str = "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not set";

/// What is said where the environment knows of no pod identity.
pub const NO_POD_VARIABLES: &str =
    "HC_CONTAINER_CREDENTIALS_FULL_URI and HC_CONTAINER_AUTHORIZATION_TOKEN_FILE are not set";

/// The credential in the environment. `Some(None)` if there is none, none if it is wrong.
pub(super) fn environment(at: &At, cx: &mut Context<'_>) -> Option<Option<Credentials>> {
    if both(AK, SK, at, cx)? {
        let (id, secret) = (variable(AK, cx), variable(SK, cx));
        let security_token = match cx.variable(SECURITY_TOKEN) {
            Some(_) => Some(variable(SECURITY_TOKEN, cx)?),
            None => None,
        };
        return Some(Some(Credentials::AccessKey { id: id?, secret: secret?, security_token }));
    }
    if both(PROVIDER, ID_TOKEN_FILE, at, cx)? {
        let provider = cx.variable(PROVIDER)?.into();
        let token = SecretSource::File(file(ID_TOKEN_FILE, cx)?);
        return Some(Some(Credentials::IdToken { provider, token }));
    }
    Some(None)
}

/// What the vendor's SDKs would use.
pub(super) fn default(at: &At, cx: &mut Context<'_>) -> Option<Credentials> {
    if let Some(credentials) = environment(at, cx)? {
        return Some(credentials);
    }
    let pod_identity = if both(POD_URI, POD_TOKEN_FILE, at, cx)? { Some(pod_identity(at, cx)?) } else { None };
    let metadata = Endpoint::parse(METADATA, PlainHttp::Anywhere).ok()?;
    let profile = profile(cx).map(|(_, path)| path);
    Some(Credentials::Default(DefaultChain { profile, metadata, pod_identity }))
}

/// Where the profile file is, if nobody says otherwise, and how a problem with it calls it.
pub(super) fn profile(cx: &Context<'_>) -> Option<(At, PathBuf)> {
    let named = cx.variable(PROFILE).map(|path| (At::named(PROFILE), PathBuf::from(path)));
    named.or_else(|| Some((At::named(&format!("~/{PROFILE_BELOW_HOME}")), home(cx)?.join(PROFILE_BELOW_HOME))))
}

/// The home folder.
pub(super) fn home(cx: &Context<'_>) -> Option<PathBuf> {
    cx.variable("HOME").map(PathBuf::from)
}

/// The pod's identity, which has to be there.
pub(super) fn pod_identity(at: &At, cx: &mut Context<'_>) -> Option<PodIdentity> {
    if !both(POD_URI, POD_TOKEN_FILE, at, cx)? {
        let remedy = "run in a pod whose service account has an identity, or write other credentials";
        cx.report.refuse(at, None, Fault::new(format!("cannot be had: {NO_POD_VARIABLES}"), remedy));
        return None;
    }
    let token_file = file(POD_TOKEN_FILE, cx)?;
    let uri = cx.variable(POD_URI)?.to_owned();
    let (scheme, rest) = uri.split_once("://").unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match Endpoint::parse(&format!("{scheme}://{host}"), PlainHttp::Anywhere) {
        Ok(endpoint) => Some(PodIdentity { endpoint, path: path.to_owned(), token_file }),
        Err(error) => {
            let fault = Fault::new(format!("{POD_URI} {error}"), "set it as the cluster does");
            cx.report.refuse(at, None, fault);
            None
        }
    }
}

/// Whether both variables are set, or none of them.
fn both(one: &str, other: &str, at: &At, cx: &mut Context<'_>) -> Option<bool> {
    let (set, missing) = match (cx.variable(one).is_some(), cx.variable(other).is_some()) {
        (true, true) => return Some(true),
        (false, false) => return Some(false),
        (true, false) => (one, other),
        (false, true) => (other, one),
    };
    let fault = Fault::new(format!("{set} is set, and {missing} is not"), "set both of them, or none");
    cx.report.refuse(at, None, fault);
    None
}

/// The secret that one of these variables holds.
fn variable(name: &str, cx: &mut Context<'_>) -> Option<SecretSource> {
    from_variable(&At::named(name), name, Holds::Secret, cx)
}

/// A file that one of these variables names.
fn file(variable: &str, cx: &mut Context<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(cx.variable(variable)?);
    cx.files.push(NamedFile {
        at: At::named(variable),
        written: String::new(),
        path: path.clone(),
        holds: Holds::Secret,
    });
    Some(path)
}
