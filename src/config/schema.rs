//! Every key of the configuration file, declared once.
//!
//! The reader, the variables that override keys, the suggestions after a misspelt key and the test of the example file
//! all read this table.

use super::sdk;

/// What may stand at a key.
#[derive(Debug)]
pub(super) enum Shape {
    /// One value.
    Scalar,
    /// One value that is never shown.
    Secret,
    /// Values, one after the other.
    List(&'static Self),
    /// Keys of its own.
    Group(&'static [Key]),
    /// Either of two.
    Either(&'static Self, &'static Self),
    /// A word, a list, or a group that says what is to be looked for.
    Search(&'static Self, &'static [Key]),
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// What is meant where nothing is written; none if that depends on other keys.
    pub(super) default: Option<&'static str>,
}

impl Key {
    const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, default: None }
    }

    const fn scalar(name: &'static str) -> Self {
        Self::new(name, Shape::Scalar)
    }

    const fn secret(name: &'static str) -> Self {
        Self::new(name, Shape::Secret)
    }

    const fn list(name: &'static str, of: &'static Shape) -> Self {
        Self::new(name, Shape::List(of))
    }

    const fn group(name: &'static str, keys: &'static [Self]) -> Self {
        Self::new(name, Shape::Group(keys))
    }

    const fn or(self, default: &'static str) -> Self {
        Self { name: self.name, shape: self.shape, default: Some(default) }
    }
}

/// The keys of the whole file.
pub(super) static ROOT: &[Key] =
    &[Key::list("accounts", &Shape::Group(ACCOUNT)), Key::group("refresh", REFRESH), Key::group("tasks", TASKS)];

const ACCOUNT: &[Key] = &[
    Key::scalar("name"),
    Key::scalar("region"),
    Key::group("credentials", CREDENTIALS),
    Key::group("endpoints", &[Key::scalar("hss"), Key::scalar("iam"), Key::scalar("eps")]),
    Key::scalar("allow_insecure_http").or("false"),
    Key::scalar("ca_file"),
    Key::new("projects", Shape::Search(&Shape::List(&Shape::Group(PROJECT)), DISCOVER_PROJECTS)),
];

const CREDENTIALS: &[Key] = &[
    KEY,
    TOKEN,
    PASSWORD,
    Key::group("agency", &[Key::scalar("domain"), Key::scalar("agency"), Key::group("source", SOURCE)]),
    METADATA,
    PROFILE,
    ENVIRONMENT,
    POD_IDENTITY,
];

/// Who acts for an agency: everybody but another agency.
const SOURCE: &[Key] = &[KEY, TOKEN, PASSWORD, METADATA, PROFILE, ENVIRONMENT, POD_IDENTITY];

const KEY: Key = Key::group("access_key", ACCESS_KEY);
const TOKEN: Key = Key::group("token", &[Key::scalar("file")]);
const PASSWORD: Key = Key::group(
    "password",
    &[
        Key::scalar("domain"),
        Key::scalar("user"),
        Key::secret("password"),
        Key::scalar("password_file"),
        Key::scalar("password_env"),
    ],
);
const METADATA: Key = Key::group("metadata", &[Key::scalar("endpoint").or(sdk::METADATA)]);
const PROFILE: Key = Key::group("profile", &[Key::scalar("file")]);
const ENVIRONMENT: Key = Key::group("environment", &[]);
const POD_IDENTITY: Key = Key::group("pod_identity", &[]);

const ACCESS_KEY: &[Key] = &[
    Key::secret("id"),
    Key::scalar("id_file"),
    Key::scalar("id_env"),
    Key::secret("secret"),
    Key::scalar("secret_file"),
    Key::scalar("secret_env"),
    Key::secret("security_token"),
    Key::scalar("security_token_file"),
    Key::scalar("security_token_env"),
];

const PROJECT: &[Key] = &[
    Key::scalar("id"),
    Key::scalar("name"),
    Key::new("enterprise_projects", Shape::Search(&ENTERPRISE_PROJECTS, DISCOVER)).or("all"),
    Key::scalar("interval"),
    Key::list("types", &Shape::Scalar),
    Key::group("filter", FILTER),
    Key::list("expect", &Shape::Group(EXPECTATION)),
];

const DISCOVER: &[Key] =
    &[Key::scalar("discover"), Key::list("include", &Shape::Scalar), Key::list("exclude", &Shape::Scalar)];

const DISCOVER_PROJECTS: &[Key] = &[
    Key::scalar("discover"),
    Key::list("include", &Shape::Scalar),
    Key::list("exclude", &Shape::Scalar),
    Key::new("enterprise_projects", Shape::Search(&Shape::Scalar, DISCOVER)).or("all"),
];

const ENTERPRISE_PROJECTS: Shape =
    Shape::List(&Shape::Either(&Shape::Scalar, &Shape::Group(&[Key::scalar("id"), Key::scalar("name")])));

const FILTER: &[Key] = &[
    Key::scalar("trigger_type"),
    Key::scalar("task_name"),
    Key::scalar("created_after"),
    Key::scalar("created_before"),
    Key::group("cluster_scan", &[Key::list("scan_types", &Shape::Scalar)]),
    Key::group("iac_scan", &[Key::scalar("file_type")]),
];

const EXPECTATION: &[Key] = &[Key::scalar("task_type"), Key::scalar("trigger_type"), Key::scalar("every")];

const REFRESH: &[Key] = &[
    Key::scalar("interval").or("5m"),
    Key::scalar("window").or("7d"),
    Key::scalar("stale_after"),
    Key::scalar("reconcile_every").or("24h"),
    Key::scalar("requests_per_minute").or("5"),
    Key::scalar("timeout").or("30s"),
    Key::scalar("max_attempts").or("4"),
];

const TASKS: &[Key] = &[
    Key::list("types", &Shape::Scalar),
    Key::group("filter", FILTER),
    Key::list("expect", &Shape::Group(EXPECTATION)),
    Key::group(
        "series",
        &[
            Key::scalar("enabled").or("true"),
            Key::scalar("finished_for").or("24h"),
            Key::scalar("limit").or("100"),
            Key::scalar("total_limit").or("5000"),
        ],
    ),
];

/// The paths of all keys, such as `accounts[].projects[].id`: what a reference of the configuration has to name.
pub fn keys() -> Vec<String> {
    defaults().into_iter().map(|(path, _)| path).collect()
}

/// The paths of all keys, and what is meant where nothing is written; none if that depends on other keys.
pub fn defaults() -> Vec<(String, Option<&'static str>)> {
    let mut paths = Vec::new();
    collect("", ROOT, &mut paths);
    paths
}

fn collect(parent: &str, keys: &[Key], paths: &mut Vec<(String, Option<&'static str>)>) {
    for key in keys {
        let path = join(parent, key.name);
        paths.push((path.clone(), key.default));
        collect_below(&path, &key.shape, paths);
    }
}

fn collect_below(path: &str, shape: &Shape, paths: &mut Vec<(String, Option<&'static str>)>) {
    match shape {
        Shape::Scalar | Shape::Secret => {}
        Shape::List(of) => collect_below(&format!("{path}[]"), of, paths),
        Shape::Group(keys) => collect(path, keys, paths),
        Shape::Either(one, other) => {
            collect_below(path, one, paths);
            collect_below(path, other, paths);
        }
        Shape::Search(list, keys) => {
            collect_below(path, list, paths);
            collect(path, keys, paths);
        }
    }
}

/// The one group in which secrets are written. Nothing that an operator writes below it is ever shown, whatever it was
/// meant as: a secret may stand at the wrong key, or be taken for a key.
const SECRETS: &str = "credentials";

/// What a path has in place of a key that is not shown.
const HIDDEN: &str = "<hidden>";

/// What is declared below a path.
struct Below {
    keys: Vec<&'static Key>,
    secrets: bool,
}

/// A key's path from its group's path. A key that is none of ours is shown, so that a slip can be seen, but not where
/// secrets may stand.
pub(super) fn join(parent: &str, name: &str) -> String {
    let name = match below(parent) {
        Some(Below { keys, secrets: true }) if keys.iter().any(|key| key.name == name) => name,
        Some(Below { secrets: false, .. }) => name,
        _ => HIDDEN,
    };
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// Whether a secret may stand at a path: below `credentials`, and below what is no key of ours, which may be `credentials`
/// misspelt.
pub(super) fn holds_secrets(path: &str) -> bool {
    below(path).is_none_or(|below| below.secrets)
}

/// None if no such path is declared.
fn below(path: &str) -> Option<Below> {
    let mut below = Below { keys: ROOT.iter().collect(), secrets: false };
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let name = name.split('[').next().unwrap_or_default();
        let key = below.keys.into_iter().find(|key| key.name == name)?;
        let mut keys = Vec::new();
        keys_of(&key.shape, &mut keys);
        below = Below { keys, secrets: below.secrets || key.name == SECRETS };
    }
    Some(below)
}

fn keys_of(shape: &Shape, keys: &mut Vec<&'static Key>) {
    match shape {
        Shape::Scalar | Shape::Secret => {}
        Shape::List(of) => keys_of(of, keys),
        Shape::Group(group) => keys.extend(group.iter()),
        Shape::Either(one, other) => {
            keys_of(one, keys);
            keys_of(other, keys);
        }
        Shape::Search(list, group) => {
            keys_of(list, keys);
            keys.extend(group.iter());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_below_the_credentials_is_not_shown() {
        let token = "accounts[0].credentials.token";
        assert_eq!(join(token, "file"), "accounts[0].credentials.token.file");
        assert_eq!(join(token, "canary"), "accounts[0].credentials.token.<hidden>");
        assert_eq!(join("accounts[0].credentials.<hidden>", "file"), "accounts[0].credentials.<hidden>.<hidden>");
        assert_eq!(join("accounts.credentials", "canary"), "accounts.credentials.<hidden>");
        // A slip is shown, and nothing below it.
        assert_eq!(join("accounts[0]", "credential"), "accounts[0].credential");
        assert_eq!(join("accounts[0].credential", "token"), "accounts[0].credential.<hidden>");
        assert_eq!(join("", "acounts"), "acounts");
    }

    #[test]
    fn every_declared_path_is_found_and_only_credentials_hold_secrets() {
        for path in keys() {
            let shown = path.replace("[]", "[7]");
            assert_eq!(holds_secrets(&shown), path.starts_with("accounts[].credentials"), "{path}");
        }
    }
}
