//! How an account proves who it is: exactly one kind, each part of it from exactly one place.

use super::endpoint::{Endpoint, PlainHttp};
use super::raw::{Context, Holds, NamedFile};
use super::reader::Group;
use super::report::{At, Fault, Located};
use super::{Credentials, Secret, SecretSource, scalar, sdk};

/// The vendor's limit for a token; nothing else is as long.
const MAX_LENGTH: usize = 32_768;

/// The kinds, as they are written.
const KINDS: [&str; 8] =
    ["access_key", "token", "password", "agency", "metadata", "profile", "environment", "pod_identity"];

/// Reads an account's credentials; where none are written, they are what the vendor's SDKs would use.
pub(super) fn read(account: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    one(account, "credentials", cx)
}

/// The one kind that is written below a key, or what the vendor's SDKs would use where the key is left out.
fn one(parent: &Group<'_>, key: &str, cx: &mut Context<'_>) -> Option<Credentials> {
    if !parent.has(key) {
        return sdk::default(&parent.at.key(key, None), cx);
    }
    let group = parent.group(key, &mut cx.report)?;
    let written: Vec<&str> = KINDS.into_iter().filter(|kind| group.has(kind)).collect();
    match written.as_slice() {
        [name] => {
            let kind = group.group(name, &mut cx.report)?;
            self::kind(name, &kind, cx)
        }
        [first, others @ ..] => {
            for other in others {
                let fault = Fault::new(format!("stands beside `{first}`"), "keep one kind of credentials");
                cx.report.refuse(&group.at.key(other, group.get(other)), None, fault);
            }
            None
        }
        // Something is written, but nothing that is known: that has been said.
        [] if !group.is_empty() => None,
        [] => {
            let remedy = format!(
                "write one kind below it, such as `access_key`, or leave `{key}` out to use what the vendor's SDKs would"
            );
            cx.report.refuse(&group.at, None, Fault::new("holds no credentials", remedy));
            None
        }
    }
}

fn kind(name: &str, group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    match name {
        "access_key" => access_key(group, cx),
        "token" => token(group, cx),
        "password" => password(group, cx),
        "agency" => agency(group, cx),
        "metadata" => metadata(group, cx),
        "profile" => profile(group, cx),
        "environment" => environment(group, cx),
        _ => sdk::pod_identity(&group.at, cx).map(Credentials::PodIdentity),
    }
}

fn access_key(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    let id = part(group, ["id", "id_file", "id_env"], cx);
    let secret = part(group, ["secret", "secret_file", "secret_env"], cx);
    let token = part(group, ["security_token", "security_token_file", "security_token_env"], cx);
    let (id, secret) = (needed(group, "id", id, cx), needed(group, "secret", secret, cx));
    Some(Credentials::AccessKey { id: id?, secret: secret?, security_token: token? })
}

fn token(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    if !group.has("file") {
        let fault = Fault::new("is missing", "name the file that holds the token; it is read again when it changes");
        cx.report.refuse(&group.at.key("file", None), None, fault);
    }
    cx.file(group, "file", Holds::Secret).map(SecretSource::File).map(Credentials::Token)
}

fn password(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    let domain = group.required("domain", &mut cx.report, scalar::name, "name the domain that the user belongs to");
    let user = group.required("user", &mut cx.report, scalar::name, "name the IAM user");
    let password = part(group, ["password", "password_file", "password_env"], cx);
    let password = needed(group, "password", password, cx);
    Some(Credentials::Password { domain: domain?.value, user: user?.value, password: password? })
}

fn agency(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    let domain = group.required("domain", &mut cx.report, scalar::name, "name the domain that gave the agency");
    let agency = group.required("agency", &mut cx.report, scalar::name, "name the agency");
    let source = one(group, "source", cx);
    Some(Credentials::Agency { domain: domain?.value, agency: agency?.value, source: Box::new(source?) })
}

fn metadata(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    let read = |text: &str| {
        let remedy = "write scheme, host and perhaps a port, and nothing else, or leave it out";
        Endpoint::parse(text, PlainHttp::Anywhere).map_err(|error| Fault::new(error.to_string(), remedy))
    };
    group.scalar("endpoint", &mut cx.report, read).map(|endpoint| Credentials::Metadata(endpoint.value))
}

fn profile(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    if group.has("file") {
        return cx.file(group, "file", Holds::Profile).map(Credentials::Profile);
    }
    let Some((at, path)) = sdk::profile(cx) else {
        let fault = Fault::new("is missing, and HOME is not set", "name the profile file");
        cx.report.refuse(&group.at.key("file", None), None, fault);
        return None;
    };
    cx.files.push(NamedFile { at, written: String::new(), path: path.clone(), holds: Holds::Profile });
    Some(Credentials::Profile(path))
}

fn environment(group: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    let found = sdk::environment(&group.at, cx)?;
    if found.is_none() {
        let remedy = "set them where the exporter is started, or write other credentials";
        cx.report.refuse(
            &group.at,
            None,
            Fault::new(format!("holds no credentials: {}", sdk::NO_SDK_VARIABLES), remedy),
        );
    }
    found
}

/// A part that has to be there. None if it is not, or could not be read.
fn needed(
    group: &Group<'_>,
    name: &str,
    part: Option<Option<SecretSource>>,
    cx: &mut Context<'_>,
) -> Option<SecretSource> {
    let part = part?;
    if part.is_none() {
        let remedy = format!("write `{name}_file`, `{name}_env` or `{name}`");
        cx.report.refuse(&group.at.key(name, None), None, Fault::new("is missing", remedy));
    }
    part
}

/// A part from the one place that is written; `Some(None)` if none is, none if it could not be read.
fn part(group: &Group<'_>, names: [&'static str; 3], cx: &mut Context<'_>) -> Option<Option<SecretSource>> {
    let [literal, file, variable] = names;
    let written: Vec<&str> = names.into_iter().filter(|name| group.has(name)).collect();
    match written.as_slice() {
        [] => Some(None),
        [name] if *name == file => cx.file(group, file, holds(file)).map(SecretSource::File).map(Some),
        [name] if *name == variable => named_variable(group, variable, cx).map(Some),
        [_] => self::literal(group, literal, cx).map(Some),
        [first, others @ ..] => {
            for other in others {
                let fault = Fault::new(format!("stands beside `{first}`"), "keep one of them");
                cx.report.refuse(&group.at.key(other, group.get(other)), None, fault);
            }
            None
        }
    }
}

fn literal(group: &Group<'_>, name: &str, cx: &mut Context<'_>) -> Option<SecretSource> {
    let Located { at, value, .. } = group.scalar(name, &mut cx.report, |text| check_as(holds(name), text))?;
    // The id alone opens nothing.
    if name != "id" {
        let remedy = format!("move it out of the configuration: `{name}_file` or `{name}_env`");
        cx.report.warn(&at, None, Fault::new("is a secret that stands in the configuration itself", remedy));
    }
    Some(SecretSource::Value(value))
}

fn named_variable(group: &Group<'_>, key: &str, cx: &mut Context<'_>) -> Option<SecretSource> {
    let Located { at, value: name, .. } = group.scalar(key, &mut cx.report, |text| Ok(text.to_owned()))?;
    from_variable(&at, &name, holds(key), cx)
}

/// What a key or a file beside it has to hold.
fn holds(key: &str) -> Holds {
    if key.starts_with("password") { Holds::Password } else { Holds::Secret }
}

/// The secret that a variable holds. The variable is named at `at`, and not shown: its name may be the secret itself, in
/// the wrong place.
pub(super) fn from_variable(at: &At, name: &str, holds: Holds, cx: &mut Context<'_>) -> Option<SecretSource> {
    let checked = match cx.variable(name) {
        None => Err(Fault::new("is a variable that is not set, or empty", "set it where the exporter is started")),
        Some(value) => check_as(holds, value)
            .map_err(|fault| Fault::new(format!("is a variable whose value {}", fault.reason), fault.remedy)),
    };
    checked.map_err(|fault| cx.report.refuse(at, None, fault)).ok().map(SecretSource::Value)
}

/// Whether a text can be a secret of its kind.
pub(super) fn check_as(holds: Holds, text: &str) -> Result<Secret, Fault> {
    match holds {
        Holds::Password => check_password(text),
        Holds::Secret | Holds::Profile | Holds::Authorities => check(text),
    }
}

/// People choose passwords: they may hold blanks, and become no headers.
fn check_password(text: &str) -> Result<Secret, Fault> {
    match text.trim() {
        "" => Err(Fault::new("is empty", "put the password there")),
        text if text.chars().any(char::is_control) => Err(Fault::new(
            "holds a line break or another control character",
            "put the password there, and nothing else",
        )),
        text => Ok(Secret::new(text)),
    }
}

/// Whether a text can be a secret. All of them become headers, or are copied from a console: visible ASCII on one line.
pub(super) fn check(text: &str) -> Result<Secret, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::new("is empty", "put the secret there"));
    }
    if text.len() > MAX_LENGTH {
        return Err(Fault::new(format!("has more than {MAX_LENGTH} characters"), "check that it is the secret"));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        let reason = "holds a space, a line break or a character beyond ASCII";
        return Err(Fault::new(reason, "put the secret there, and nothing else"));
    }
    Ok(Secret::new(text))
}
