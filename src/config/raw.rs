//! What is written, key by key: each value read by its own rules, its place kept for the rules between keys.

use super::Credentials;
use super::credentials;
use super::discovery::{self, Names};
use super::endpoint::{Endpoint, PlainHttp};
use super::endpoints::Endpoints;
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
    pub(super) eps_endpoint: Option<Endpoint>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) projects: Vec<RawProject>,
}

pub(super) struct RawProject {
    pub(super) project: Option<Project>,
    pub(super) enterprise_projects: Vec<Located<EnterpriseProject>>,
    pub(super) sought: Sought,
    pub(super) own: Settings,
}

/// What is looked for.
#[derive(Default)]
pub(super) struct Sought {
    /// In place of the project, projects with these names.
    pub(super) projects: Option<Names>,
    /// Enterprise projects with these names.
    pub(super) enterprise_projects: Option<Located<Names>>,
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
    let eps_endpoint = endpoints.of("eps", region.as_ref(), region::eps_endpoint, &mut cx.report);
    if let (Some(credentials), None) = (&credentials, &iam_endpoint) {
        endpoints.check_iam(credentials, &mut cx.report);
    }
    let ca_file = cx.file(group, "ca_file", Holds::Authorities);
    let projects = projects(group, &mut cx.report);
    endpoints.check_search("iam", iam_endpoint.as_ref(), !projects.iter().all(RawProject::is_given), &mut cx.report);
    let of_eps = projects.iter().any(|raw| raw.sought.enterprise_projects.is_some());
    endpoints.check_search("eps", eps_endpoint.as_ref(), of_eps, &mut cx.report);
    RawAccount {
        name,
        region: region.map(|region| region.value),
        credentials,
        hss_endpoint,
        iam_endpoint,
        eps_endpoint,
        ca_file,
        projects,
    }
}

impl RawProject {
    fn is_given(&self) -> bool {
        self.sought.projects.is_none() && self.sought.enterprise_projects.is_none()
    }
}

fn projects(account: &Group<'_>, report: &mut Report) -> Vec<RawProject> {
    if discovery::is_written(account, "projects") {
        let (names, group) = discovery::read(account, "projects", report);
        let names = names.map(|names| names.value);
        let (divided, enterprise_projects) = match &group {
            Some(group) => enterprise_projects_of_any(group, report),
            None => (vec![undivided(account.at.clone())], None),
        };
        let own = Settings { interval: None, types: None, filter: None, expect: None };
        let sought = Sought { projects: names, enterprise_projects };
        return vec![RawProject { project: None, enterprise_projects: divided, sought, own }];
    }
    let remedy = "list the projects to watch, by their ids, or write `projects: discover`";
    if let Some(value) = account.get("projects")
        && let ValueKind::String(word) = &value.kind
    {
        let fault = Fault::new("is neither a list nor the word `discover`", remedy);
        report.refuse(&account.at.key("projects", Some(value)), Some(word), fault);
        return Vec::new();
    }
    let projects =
        elements(account, "projects", report, || Fault::new("names no project, so the account has no target", remedy));
    projects.iter().map(|group| project(group, report)).collect()
}

fn project(group: &Group<'_>, report: &mut Report) -> RawProject {
    let remedy = "copy the project's id from the console (My Credentials, API Credentials)";
    let id = group.required("id", report, scalar::id, remedy).map(|id| id.value);
    let name = match group.has("name") {
        true => group.scalar("name", report, scalar::name).map(|name| name.value),
        false => id.clone(),
    };
    let (enterprise_projects, sought) = enterprise_projects(group, report);
    RawProject {
        project: id.zip(name).map(|(id, name)| Project { id, name }),
        enterprise_projects,
        sought: Sought { projects: None, enterprise_projects: sought },
        own: tasks::settings(group, report),
    }
}

/// The same of projects that are not known yet: of these no enterprise project can be listed.
fn enterprise_projects_of_any(
    group: &Group<'_>,
    report: &mut Report,
) -> (Vec<Located<EnterpriseProject>>, Option<Located<Names>>) {
    let value = group.get("enterprise_projects");
    if value.is_some_and(|value| matches!(value.kind, ValueKind::Array(_))) {
        let remedy = "write `all`, `discover`, or `{ discover: true, include: [...] }` with their names";
        let reason = "is a list, though it is not known yet which projects there are";
        report.refuse(&group.at.key("enterprise_projects", value), None, Fault::new(reason, remedy));
        return (Vec::new(), None);
    }
    enterprise_projects(group, report)
}

/// Those that are written; and which are looked for in place of them, if so.
fn enterprise_projects(
    project: &Group<'_>,
    report: &mut Report,
) -> (Vec<Located<EnterpriseProject>>, Option<Located<Names>>) {
    let at = project.at.key("enterprise_projects", project.get("enterprise_projects"));
    if discovery::is_written(project, "enterprise_projects") {
        // What is looked for in a project is to others as good as all of it.
        return (vec![undivided(at)], discovery::read(project, "enterprise_projects", report).0);
    }
    let remedy = "write `all`, `discover`, or a list of ids: `[\"0\"]`";
    let written = match project.get("enterprise_projects").map(|value| &value.kind) {
        None => vec![undivided(project.at.clone())],
        Some(ValueKind::String(word)) if word == "all" => vec![undivided(at)],
        Some(ValueKind::String(word)) => {
            report.refuse(&at, Some(word), Fault::new("is neither a list nor the word `all` or `discover`", remedy));
            Vec::new()
        }
        Some(ValueKind::Array(items)) if !items.is_empty() => {
            let list = project.list("enterprise_projects", report);
            list.iter()
                .flat_map(|list| list.items.iter().map(move |item| (list, item)))
                .filter_map(|(list, (at, value))| enterprise_project(list, at, value, report))
                .collect()
        }
        Some(_) => {
            report.refuse(&at, None, Fault::new("names no enterprise project", remedy));
            Vec::new()
        }
    };
    (written, None)
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
