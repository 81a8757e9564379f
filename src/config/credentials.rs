//! How an account proves who it is: exactly one kind, each part of it from exactly one place.

use super::raw::{Context, Holds};
use super::reader::Group;
use super::report::{At, Fault, Located};
use super::{Credentials, Secret, SecretSource};

/// The vendor's limit for a token; nothing else is as long.
const MAX_LENGTH: usize = 32_768;

/// The variables of the vendor's SDKs: id, secret, security token.
const SDK: [&str; 3] = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"];

/// Reads an account's credentials; where none are written, they are the variables of the vendor's SDKs.
pub(super) fn read(account: &Group<'_>, cx: &mut Context<'_>) -> Option<Credentials> {
    if !account.has("credentials") {
        return from_sdk_variables(&account.at.key("credentials", None), cx);
    }
    let group = account.group("credentials", &mut cx.report)?;
    let (access_key, token) = (group.group("access_key", &mut cx.report), group.group("token", &mut cx.report));
    match (access_key, token) {
        (Some(access_key), None) => self::access_key(&access_key, cx),
        (None, Some(token)) => self::token(&token, cx),
        (Some(_), Some(token)) => {
            let fault = Fault::new("stands beside `access_key`", "keep one kind of credentials");
            cx.report.refuse(&token.at, None, fault);
            None
        }
        // Something is written, but nothing that is known: that has been said.
        (None, None) if !group.is_empty() => None,
        (None, None) => {
            let remedy = format!(
                "write `access_key` or `token` below it, or leave `credentials` out to use the variables {}, {} and perhaps {}",
                SDK[0], SDK[1], SDK[2]
            );
            cx.report.refuse(&group.at, None, Fault::new("holds no credentials", remedy));
            None
        }
    }
}

/// What the vendor's SDKs would use.
pub(super) fn from_sdk_variables(at: &At, cx: &mut Context<'_>) -> Option<Credentials> {
    let missing: Vec<&str> = SDK.into_iter().take(2).filter(|name| cx.variable(name).is_none()).collect();
    if !missing.is_empty() {
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let fault = Fault::new(
            format!("no credentials are given, and {} {verb} not set", missing.join(" and ")),
            format!(
                "set {} and {} (the access key's id and secret), or write `credentials` in the file",
                SDK[0], SDK[1]
            ),
        );
        cx.report.refuse(at, None, fault);
        return None;
    }
    let [id, secret, security_token] = SDK;
    let (id, secret) = (from_variable(at, id, cx), from_variable(at, secret, cx));
    let security_token = match cx.variable(security_token) {
        Some(_) => Some(from_variable(at, security_token, cx)?),
        None => None,
    };
    Some(Credentials::AccessKey { id: id?, secret: secret?, security_token })
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
        [name] if *name == file => cx.file(group, file, Holds::Secret).map(SecretSource::File).map(Some),
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
    let Located { at, value, .. } = group.scalar(name, &mut cx.report, check)?;
    // The id alone opens nothing.
    if name != "id" {
        let remedy = format!("move it out of the configuration: `{name}_file` or `{name}_env`");
        cx.report.warn(&at, None, Fault::new("is a secret that stands in the configuration itself", remedy));
    }
    Some(SecretSource::Value(value))
}

fn named_variable(group: &Group<'_>, key: &str, cx: &mut Context<'_>) -> Option<SecretSource> {
    let Located { at, value: name, .. } = group.scalar(key, &mut cx.report, |text| Ok(text.to_owned()))?;
    from_variable(&at, &name, cx)
}

fn from_variable(at: &At, name: &str, cx: &mut Context<'_>) -> Option<SecretSource> {
    // Not a name that anyone would give a variable: perhaps the secret itself, in the wrong place.
    let is_name = name.contains('_') && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let shown = is_name.then_some(name);
    let checked = match cx.variable(name) {
        None => Err(Fault::new("is a variable that is not set, or empty", "set it where the exporter is started")),
        Some(value) => check(value)
            .map_err(|fault| Fault::new(format!("is a variable whose value {}", fault.reason), fault.remedy)),
    };
    match checked {
        Ok(secret) => Some(SecretSource::Value(secret)),
        Err(fault) => {
            cx.report.refuse(at, shown, fault);
            None
        }
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
