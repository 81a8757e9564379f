//! What is written, key by key: each value read by its own rules, its place kept for the rules between keys.

use super::Credentials;
use super::credentials;
use super::endpoint::{Endpoint, EndpointError, PlainHttp};
use super::nearest::nearest;
use super::reader::{self, Group, List};
use super::report::{At, Fault, Located, Report};
use super::scalar;
use super::sdk;
use super::tasks::{self, RawTasks, Settings};
use crate::model::{EnterpriseProject, Project, region};
use ::config::{Value, ValueKind};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// So many requests a minute are no limit any more: each is remembered for a minute.
const MAX_REQUESTS_PER_MINUTE: u32 = 100_000;

/// After so many attempts another one changes nothing.
const MAX_ATTEMPTS: u32 = 100;

/// What these words mean is written otherwise.
const RESERVED: [&str; 2] = ["all", "all_granted_eps"];

/// What surrounds the configuration, and what is found on the way.
pub(super) struct Context<'e> {
    pub(super) environment: &'e [(String, String)],
    /// What relative paths are relative to.
    pub(super) base: &'e Path,
    pub(super) report: Report,
    /// The files that the configuration names, to be looked at by who may.
    pub(super) files: Vec<NamedFile>,
}

/// A file that the configuration names.
pub(super) struct NamedFile {
    pub(super) at: At,
    /// As it was written.
    pub(super) written: String,
    pub(super) path: PathBuf,
    pub(super) holds: Holds,
}

/// What a file has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Secret,
    Password,
    Profile,
    Authorities,
}

impl Context<'_> {
    /// A variable that is set to something.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let (_, value) = self.environment.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A file that a key names.
    pub(super) fn file(&mut self, group: &Group<'_>, key: &str, holds: Holds) -> Option<PathBuf> {
        let (base, home) = (self.base, sdk::home(self));
        let read = |text: &str| match (text.is_empty(), text.strip_prefix("~/"), &home) {
            (true, ..) => Err(Fault::new("is empty", "write the file's path")),
            (false, Some(rest), Some(home)) => Ok(home.join(rest)),
            (false, Some(_), None) => Err(Fault::new("begins with `~`, and HOME is not set", "write the whole path")),
            (false, None, _) => Ok(base.join(text)),
        };
        let Located { at, shown, value: path } = group.scalar(key, &mut self.report, read)?;
        self.files.push(NamedFile { at, written: shown.unwrap_or_default(), path: path.clone(), holds });
        Some(path)
    }
}

pub(super) struct Raw {
    pub(super) accounts: Vec<RawAccount>,
    pub(super) refresh: RawRefresh,
    pub(super) tasks: RawTasks,
}

pub(super) struct RawAccount {
    pub(super) name: Option<Located<Arc<str>>>,
    pub(super) region: Option<Arc<str>>,
    pub(super) credentials: Option<Credentials>,
    pub(super) hss_endpoint: Option<Endpoint>,
    pub(super) iam_endpoint: Option<Endpoint>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) projects: Vec<RawProject>,
}

pub(super) struct RawProject {
    pub(super) project: Option<Project>,
    pub(super) enterprise_projects: Vec<Located<EnterpriseProject>>,
    pub(super) own: Settings,
}

pub(super) struct RawRefresh {
    pub(super) interval: Option<Located<Duration>>,
    pub(super) window: Option<Duration>,
    pub(super) stale_after: Option<Located<Duration>>,
    pub(super) reconcile_every: Option<Duration>,
    pub(super) requests_per_minute: Option<NonZeroU32>,
    pub(super) timeout: Option<Duration>,
    pub(super) max_attempts: Option<NonZeroU32>,
}

/// Reads the whole configuration.
pub(super) fn read(value: &Value, cx: &mut Context<'_>) -> Raw {
    let root = reader::root(value, &mut cx.report);
    let refresh = refresh(&root, &mut cx.report);
    let tasks = tasks::read(&root, &mut cx.report);
    let accounts = elements(&root, "accounts", &mut cx.report, || {
        Fault::new("names no account, so there is no target", "list an account with a project to watch")
    });
    Raw { accounts: accounts.iter().map(|group| account(group, cx)).collect(), refresh, tasks }
}

/// The groups of a list that may not be empty.
fn elements<'v>(
    group: &Group<'v>,
    name: &str,
    report: &mut Report,
    if_empty: impl FnOnce() -> Fault,
) -> Vec<Group<'v>> {
    let list = group.list(name, report);
    if list.as_ref().map_or(!group.has(name), |list| list.items.is_empty()) {
        report.refuse(&group.at.key(name, group.get(name)), None, if_empty());
    }
    list.map(|list| list.groups(report)).unwrap_or_default()
}

fn refresh(root: &Group<'_>, report: &mut Report) -> RawRefresh {
    let group = root.group_or_empty("refresh", report);
    let value = |located: Option<Located<Duration>>| located.map(|located| located.value);
    RawRefresh {
        interval: group.scalar("interval", report, scalar::duration),
        window: value(group.scalar("window", report, scalar::duration)),
        stale_after: group.scalar("stale_after", report, scalar::duration),
        reconcile_every: value(group.scalar("reconcile_every", report, scalar::duration)),
        requests_per_minute: group
            .scalar("requests_per_minute", report, |text| scalar::count(text, MAX_REQUESTS_PER_MINUTE))
            .map(|located| located.value),
        timeout: value(group.scalar("timeout", report, scalar::duration)),
        max_attempts: group
            .scalar("max_attempts", report, |text| scalar::count(text, MAX_ATTEMPTS))
            .map(|located| located.value),
    }
}

fn account(group: &Group<'_>, cx: &mut Context<'_>) -> RawAccount {
    let name = group.required("name", &mut cx.report, scalar::name, "name the account: it is the label `account`");
    let region =
        group.required("region", &mut cx.report, scalar::region, "name the account's region, such as `cn-north-4`");
    let credentials = credentials::read(group, cx);
    let plain_http = group.scalar("allow_insecure_http", &mut cx.report, scalar::switch);
    let plain_http = match plain_http.is_some_and(|allowed| allowed.value) {
        true => PlainHttp::Anywhere,
        false => PlainHttp::Loopback,
    };
    let endpoints = Endpoints { group: group.group_or_empty("endpoints", &mut cx.report), plain_http };
    let hss_endpoint = endpoints.hss(region.as_ref(), &mut cx.report);
    let iam_endpoint = endpoints.of("iam", region.as_ref(), region::iam_endpoint, &mut cx.report);
    if let (Some(credentials), None) = (&credentials, &iam_endpoint) {
        endpoints.check_iam(credentials, &mut cx.report);
    }
    let ca_file = cx.file(group, "ca_file", Holds::Authorities);
    let projects = elements(group, "projects", &mut cx.report, || {
        Fault::new("names no project, so the account has no target", "list the projects to watch, by their ids")
    });
    RawAccount {
        name,
        region: region.map(|region| region.value),
        credentials,
        hss_endpoint,
        iam_endpoint,
        ca_file,
        projects: projects.iter().map(|group| project(group, &mut cx.report)).collect(),
    }
}

/// What is written of endpoints, and which of them are allowed.
struct Endpoints<'v> {
    group: Group<'v>,
    plain_http: PlainHttp,
}

impl Endpoints<'_> {
    /// The endpoint that was written, else that of the region, which has to be known.
    fn hss(&self, region: Option<&Located<Arc<str>>>, report: &mut Report) -> Option<Endpoint> {
        let endpoint = self.of("hss", region, region::hss_endpoint, report);
        if endpoint.is_some() || self.group.has("hss") {
            return endpoint;
        }
        let Located { at, value: region, .. } = region?;
        let remedy = match nearest(region, region::REGIONS) {
            Some(near) => format!("did you mean `{near}`? Where the region is another cloud's, set `endpoints.hss`"),
            None => {
                "look the region up in the console's URL, or set `endpoints.hss` where it is another cloud's".into()
            }
        };
        report.refuse(at, Some(region), Fault::new("is no region whose HSS endpoint is known", remedy));
        None
    }

    /// The endpoint that was written, else that of the region, if it is known.
    fn of(
        &self,
        service: &str,
        region: Option<&Located<Arc<str>>>,
        of_region: fn(&str) -> Option<String>,
        report: &mut Report,
    ) -> Option<Endpoint> {
        match self.group.get(service) {
            Some(value) => self.written(service, value, report),
            None => of_region(&region?.value).and_then(|url| Endpoint::parse(&url, self.plain_http).ok()),
        }
    }

    fn written(&self, service: &str, value: &Value, report: &mut Report) -> Option<Endpoint> {
        let at = self.group.at.key(service, Some(value));
        let text = reader::text(&at, value, report)?;
        // What stands before an `@`, or after a `?`, may be a password.
        let shown = (!text.contains(['@', '?', '#'])).then_some(text);
        let read = |text: &str| {
            Endpoint::parse(text, self.plain_http).map_err(|error| {
                let remedy = match error {
                    EndpointError::PlainHttp => {
                        "use `https://`, or set the account's `allow_insecure_http: true`".to_owned()
                    }
                    _ => format!(
                        "write scheme, host and perhaps a port, and nothing else: `https://{service}.example.com`"
                    ),
                };
                Fault::new(error.to_string(), remedy)
            })
        };
        reader::parsed(at, text, shown, report, read).map(|located| located.value)
    }

    /// Who signs in at IAM has to know where it is.
    fn check_iam(&self, credentials: &Credentials, report: &mut Report) {
        let signs_in = match credentials {
            Credentials::Password { .. } | Credentials::IdToken { .. } | Credentials::Agency { .. } => true,
            Credentials::AccessKey { .. }
            | Credentials::Token(_)
            | Credentials::Metadata(_)
            | Credentials::Profile(_)
            | Credentials::PodIdentity(_)
            | Credentials::Default(_) => false,
        };
        // A region that is not known at all has been spoken of, unless HSS is written.
        if signs_in && self.group.has("hss") && !self.group.has("iam") {
            let fault =
                Fault::new("is missing: the region's IAM endpoint is not known", "write it: `https://iam.example.com`");
            report.refuse(&self.group.at.key("iam", None), None, fault);
        }
    }
}

fn project(group: &Group<'_>, report: &mut Report) -> RawProject {
    let remedy = "copy the project's id from the console (My Credentials, API Credentials)";
    let id = group.required("id", report, scalar::id, remedy).map(|id| id.value);
    let name = match group.has("name") {
        true => group.scalar("name", report, scalar::name).map(|name| name.value),
        false => id.clone(),
    };
    RawProject {
        project: id.zip(name).map(|(id, name)| Project { id, name }),
        enterprise_projects: enterprise_projects(group, report),
        own: tasks::settings(group, report),
    }
}

fn enterprise_projects(project: &Group<'_>, report: &mut Report) -> Vec<Located<EnterpriseProject>> {
    let at = project.at.key("enterprise_projects", project.get("enterprise_projects"));
    match project.get("enterprise_projects").map(|value| &value.kind) {
        None => vec![undivided(project.at.clone())],
        Some(ValueKind::String(word)) if word == "all" => vec![undivided(at)],
        Some(ValueKind::String(word)) => {
            let fault = Fault::new("is neither a list nor the word `all`", "write `all`, or a list of ids: `[\"0\"]`");
            report.refuse(&at, Some(word), fault);
            Vec::new()
        }
        Some(ValueKind::Array(items)) if !items.is_empty() => {
            let list = project.list("enterprise_projects", report);
            list.iter()
                .flat_map(|list| list.items.iter().map(move |item| (list, item)))
                .filter_map(|(list, (at, value))| enterprise_project(list, at, value, report))
                .collect()
        }
        Some(ValueKind::Table(_)) => {
            reader::refuse_kind(
                &at,
                project.get("enterprise_projects").unwrap_or(&Value::default()),
                reader::LIST,
                report,
            );
            Vec::new()
        }
        Some(_) => {
            report.refuse(
                &at,
                None,
                Fault::new("names no enterprise project", "write `all`, or a list of ids: `[\"0\"]`"),
            );
            Vec::new()
        }
    }
}

fn undivided(at: At) -> Located<EnterpriseProject> {
    Located { at, shown: None, value: EnterpriseProject::All }
}

fn enterprise_project(
    list: &List<'_>,
    at: &At,
    value: &Value,
    report: &mut Report,
) -> Option<Located<EnterpriseProject>> {
    let (id, name) = match &value.kind {
        ValueKind::Table(_) => {
            let group = list.group(at, value, report)?;
            let id = group.required(
                "id",
                report,
                enterprise_project_id,
                "write the enterprise project's id; `\"0\"` is the default one",
            );
            let name = match group.has("name") {
                true => group.scalar("name", report, enterprise_project_name)?.value,
                false => Arc::clone(&id.as_ref()?.value),
            };
            (id?.value, name)
        }
        _ => {
            let text = reader::text(at, value, report)?;
            let id = reader::parsed(at.clone(), text, Some(text), report, enterprise_project_id)?.value;
            (Arc::clone(&id), id)
        }
    };
    Some(Located { at: at.clone(), shown: None, value: EnterpriseProject::One { id, name } })
}

fn enterprise_project_id(text: &str) -> Result<Arc<str>, Fault> {
    match RESERVED.contains(&text) {
        true => Err(Fault::new(
            "is not the id of one enterprise project",
            "write `enterprise_projects: all` for all of them",
        )),
        false => scalar::id(text),
    }
}

fn enterprise_project_name(text: &str) -> Result<Arc<str>, Fault> {
    match RESERVED.contains(&text) {
        true => Err(Fault::new("is reserved for all enterprise projects together", "choose another name")),
        false => scalar::name(text),
    }
}
