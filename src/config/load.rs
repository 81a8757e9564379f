//! The rim: a file and the environment -> a configuration, or everything that is wrong with it.

use super::check;
use super::credentials;
use super::raw::{self, Context, Holds, NamedFile};
use super::report::{At, Fault, Place, Report};
use super::{Account, Config, Problem, Problems, Profile, Refresh, layers, sdk, yaml};
use ::config::{Map, Value};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A configuration of thousands of targets has a tenth of this.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// A token of the greatest length has half of this; a bundle with every authority there is, a tenth.
const MAX_NAMED_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A configuration that is good, and what is better mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is better mended, in the order of the lines.
    pub warnings: Vec<Problem>,
}

/// Reads a configuration file, lays the variables `HSS_EXPORTER__...` over it, and looks at the files that it names.
/// Relative paths in it start from its own folder. The error holds everything that is wrong with it.
pub fn load(file: &Path, environment: &[(String, String)]) -> Result<Loaded, Problems> {
    let name = file.display().to_string();
    let text = match read_limited(file, MAX_FILE_BYTES).and_then(into_text) {
        Ok(text) => text,
        Err(fault) => {
            let mut report = Report::new(&name);
            report.refuse(&At { key: String::new(), place: Place::Nowhere }, None, fault);
            return finish(None, report);
        }
    };
    let base = file.parent().unwrap_or(Path::new(""));
    let (config, mut cx) = read(&text, &name, base, environment);
    look_at_files(&mut cx);
    finish(config, cx.report)
}

/// Reads a configuration out of a text; `name` stands for the file in messages. Opens nothing: the files that the
/// configuration names are not looked at.
pub fn parse(text: &str, name: &str, environment: &[(String, String)]) -> Result<Loaded, Problems> {
    let (config, cx) = read(text, name, Path::new(""), environment);
    finish(config, cx.report)
}

/// A configuration without a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithoutFile {
    /// It is whole.
    Whole(Loaded),
    /// The project has to be looked up first: the account watches nothing yet.
    Projectless {
        /// The account `default`.
        account: Box<Account>,
        /// How it is asked.
        refresh: Refresh,
    },
}

/// Makes a configuration without a file: the account `default`, one project, all its enterprise projects, credentials as
/// the vendor's SDKs take them. `region` and `project` are the flags; without the latter, `HUAWEICLOUD_SDK_PROJECT_ID`.
pub fn from_environment(
    region: Option<&str>,
    project: Option<&str>,
    environment: &[(String, String)],
) -> Result<WithoutFile, Problems> {
    let mut cx = Context { environment, base: Path::new(""), report: Report::new(""), files: Vec::new() };
    let project = project.map(|id| ("--project", id.to_owned()));
    let project = project.or_else(|| Some((PROJECT_ID, cx.variable(PROJECT_ID)?.to_owned())));
    let Some(region) = region else {
        refuse_missing(&mut cx);
        return finish(None, cx.report).map(WithoutFile::Whole);
    };
    let (from, id) = project.as_ref().map_or((NO_FILE, TO_BE_FOUND), |(from, id)| (*from, id));
    let root = synthetic(region, from, id, &cx);
    let root = layers::merge(root, environment, &mut cx.report);
    let raw = raw::read(&root, &mut cx);
    let config = check::check(raw, &mut cx);
    look_at_files(&mut cx);
    let loaded = finish(config, cx.report)?;
    match (project, loaded.config.accounts.first()) {
        (None, Some(account)) => {
            let account = Box::new(Account { watches: Vec::new(), ..account.clone() });
            Ok(WithoutFile::Projectless { account, refresh: loaded.config.refresh })
        }
        _ => Ok(WithoutFile::Whole(loaded)),
    }
}

/// The project's id, as the vendor's SDKs take it.
const PROJECT_ID: &str = "HUAWEICLOUD_SDK_PROJECT_ID";

/// Stands for a project's id until it is known, so that everything else can be checked.
const TO_BE_FOUND: &str = "to-be-found";

fn read<'e>(
    text: &str,
    name: &str,
    base: &'e Path,
    environment: &'e [(String, String)],
) -> (Option<Config>, Context<'e>) {
    let mut cx = Context { environment, base, report: Report::new(name), files: Vec::new() };
    let Some(root) = yaml::read(text, &mut cx.report) else { return (None, cx) };
    let root = layers::merge(root, environment, &mut cx.report);
    let raw = raw::read(&root, &mut cx);
    let config = check::check(raw, &mut cx);
    (config, cx)
}

fn finish(config: Option<Config>, report: Report) -> Result<Loaded, Problems> {
    let warnings = report.finish()?;
    config.map(|config| Loaded { config, warnings }).ok_or_else(|| Problems(Vec::new()))
}

/// What has to be given where there is no file, and is not.
fn refuse_missing(cx: &mut Context<'_>) {
    let remedy = "give it, such as `--region=cn-north-4` (or set HSS_EXPORTER_REGION), or write a configuration file \
                  and name it with `--config.file`";
    cx.report.refuse(&At::named("--region"), None, Fault::new("is missing", remedy));
    // What is missing beside it is better known now than after the next start.
    sdk::default(&At::named(NO_FILE), cx);
}

/// Where things stand that stand in no file.
const NO_FILE: &str = "environment";

/// Where IAM answers, as the vendor's SDKs take it.
const IAM_ENDPOINT: &str = "HUAWEICLOUD_SDK_IAM_ENDPOINT";

/// The file that one would have written.
fn synthetic(region: &str, project_from: &str, project: &str, cx: &Context<'_>) -> Value {
    let group = |keys: Vec<(&str, Value)>| -> Value {
        let table: Map<String, Value> = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Value::new(Some(&NO_FILE.to_owned()), table)
    };
    let list = |element: Value| Value::new(Some(&NO_FILE.to_owned()), vec![element]);
    let given = |from: &str, text: &str| Value::new(Some(&from.to_owned()), text);
    let mut account = vec![
        ("name", given(NO_FILE, "default")),
        ("region", given("--region", region)),
        ("projects", list(group(vec![("id", given(project_from, project))]))),
    ];
    let variable = format!("HUAWEICLOUD_SDK_REGION_HSS_{}", region.replace('-', "_").to_uppercase());
    // The vendor's SDKs take several and use the others when the first fails.
    let hss = cx.variable(&variable).and_then(|endpoints| endpoints.split(',').next());
    let endpoints = [("hss", &*variable, hss), ("iam", IAM_ENDPOINT, cx.variable(IAM_ENDPOINT))];
    let endpoints = endpoints.into_iter().filter_map(|(key, from, url)| Some((key, given(from, url?.trim()))));
    account.push(("endpoints", group(endpoints.collect())));
    group(vec![("accounts", list(group(account)))])
}

/// Looks at the files that the configuration names: whether they are there, hold what they should, and are kept from
/// others.
fn look_at_files(cx: &mut Context<'_>) {
    for NamedFile { at, written, path, holds } in std::mem::take(&mut cx.files) {
        let shown = Some(written.as_str()).filter(|path| !path.is_empty());
        let checked = read_regular(&path).and_then(|content| match holds {
            Holds::Secret | Holds::Password => check_secret(holds, content),
            Holds::Profile => check_profile(content),
            Holds::Authorities => check_authorities(&content),
        });
        match checked {
            Err(fault) => cx.report.refuse(&at, shown, fault),
            Ok(()) if holds == Holds::Authorities => {}
            Ok(()) => {
                if let Some(fault) = exposure(&path) {
                    cx.report.warn(&at, shown, fault);
                }
            }
        }
    }
}

fn check_secret(holds: Holds, content: Vec<u8>) -> Result<(), Fault> {
    credentials::check_as(holds, &into_text(content)?).map(drop)
}

fn check_profile(content: Vec<u8>) -> Result<(), Fault> {
    let remedy = "write `[basic]` and below it `ak = ...` and `sk = ...`, as for the vendor's SDKs";
    Profile::parse(&into_text(content)?).map(drop).map_err(|reason| Fault::new(reason, remedy))
}

fn check_authorities(content: &[u8]) -> Result<(), Fault> {
    let remedy = "give a file with one or more `-----BEGIN CERTIFICATE-----` blocks";
    let certificates = CertificateDer::pem_slice_iter(content).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(Fault::new("holds no certificate in PEM form", remedy)),
        Ok(_) => Ok(()),
        // The error may quote the file.
        Err(_) => Err(Fault::new("is not PEM", remedy)),
    }
}

/// Anything else (a pipe, a device) might never end, or could not be read again.
fn read_regular(path: &Path) -> Result<Vec<u8>, Fault> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(Fault::new("is not a regular file", "name a regular file"));
    }
    read_limited(path, MAX_NAMED_FILE_BYTES)
}

fn read_limited(path: &Path, most: u64) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut content));
    match read.map(u64::try_from) {
        Err(error) => Err(unreadable(&error)),
        Ok(Ok(length)) if length <= most => Ok(content),
        Ok(_) => {
            Err(Fault::new(format!("is larger than {} MiB", most / 1024 / 1024), "check that it is the right file"))
        }
    }
}

fn into_text(content: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(content).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|b| **b == b'\n').count();
        Fault::new(format!("is not UTF-8 text (line {line})"), "save it as UTF-8")
    })
}

fn unreadable(error: &io::Error) -> Fault {
    Fault::new(
        format!("cannot be read: {error}"),
        "check the path (in a configuration file, it starts from that file's folder), and who may read it",
    )
}

/// Who else may read a file that holds a secret, if anybody may. That its group may is worth a warning only if the file is
/// our own: where it is another's, the group is how we may read it ourselves, as with the `fsGroup` of Kubernetes; and the
/// access list by which systemd lets a service read its credentials looks like a permission of the group.
#[cfg(unix)]
fn exposure(path: &Path) -> Option<Fault> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    let (mode, owner) = (metadata.mode() & 0o777, metadata.uid());
    let ours = owner == rustix::process::geteuid().as_raw();
    let (who, remedy) = match (mode & 0o004 != 0, mode & 0o040 != 0 && ours) {
        (true, true) => ("every user of this machine", "take the permissions away: `chmod go-r`"),
        (true, false) => ("every user of this machine", "take the permission away: `chmod o-r`"),
        (false, true) => ("the members of its group", "take the permission away: `chmod g-r`"),
        (false, false) => return None,
    };
    Some(Fault::new(format!("can be read by {who} (mode {mode:04o})"), remedy))
}

/// Other systems have no such permissions.
#[cfg(not(unix))]
fn exposure(_: &Path) -> Option<Fault> {
    None
}
