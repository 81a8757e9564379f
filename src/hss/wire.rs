//! An answer -> tasks, or how many there are. The one place where the API's units (milliseconds, minutes) turn into ours.
//!
//! Every field of the answer may be null or absent, enumerations may grow, and numbers may be strange: none of this
//! costs the page. What cannot be a task is left out and counted.

use super::Statistics;
use crate::model::observe::{Field, Note, Observe};
use crate::model::{
    ClockBase, CloudTime, Counts, FileType, Scan, ScanTypes, Status, Task, TaskType, Timestamp, Trigger,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// No moment of a task lies so long after the answer that shows it. Taken at its word, such an end would be the latest
/// for good, since facts move only forward.
const FUTURE: Duration = Duration::from_secs(24 * 3600);

/// One answer of the task list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// When the cloud gave it, by its own clock.
    pub at: Timestamp,
    /// That clock's setting.
    pub base: ClockBase,
    /// `total_num`: how many tasks match, on all pages, if it says.
    pub total: Option<u64>,
    /// The tasks, in the order of the list, each once.
    pub tasks: Vec<Task>,
    /// How many places of the list the page covers: more than there are tasks if some were no tasks.
    pub listed: u32,
    /// What was odd about it.
    pub oddities: Oddities,
}

/// What was odd about a page, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Items without a task id, or of another task type than was asked for.
    pub malformed: u64,
    /// Items whose task stands on the page already.
    pub duplicates: u64,
    /// Values that the API did not have when this was written.
    pub unknown_values: BTreeMap<Field, u64>,
}

impl Page {
    /// When the cloud gave it, with the setting of its clock.
    pub fn time(&self) -> CloudTime {
        CloudTime { at: self.at, base: self.base }
    }
}

impl Oddities {
    /// Tells the observer.
    pub fn report(&self, account: &str, observer: &dyn Observe) {
        if self.malformed > 0 {
            observer.note(Note::MalformedTasks { account, count: self.malformed });
        }
        if self.duplicates > 0 {
            observer.note(Note::DuplicateTasks { account, count: self.duplicates });
        }
        for (field, count) in &self.unknown_values {
            observer.note(Note::UnknownValues { field: *field, count: *count });
        }
    }

    fn unknown(&mut self, field: Field) {
        *self.unknown_values.entry(field).or_default() += 1;
    }
}

/// Reads the body of the statistics that were given at `at`.
///
/// # Errors
/// A sentence, if the body is not a JSON object with any of the fields.
pub fn statistics(body: &[u8], at: Timestamp) -> Result<Statistics, String> {
    let body = json_object(body)?;
    if !["total_num", "running_num", "last_task_start_time"].iter().any(|field| body.contains_key(*field)) {
        return Err("the answer has neither `total_num` nor `running_num`".to_owned());
    }
    let newest = moment(&body, "last_task_start_time");
    Ok(Statistics { at, total: number(&body, "total_num"), running: number(&body, "running_num"), newest })
}

fn json_object(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}"))? {
        Value::Object(body) => Ok(body),
        _ => Err("the answer is not a JSON object".to_owned()),
    }
}

/// Reads the body of an answer that was given at `at` to a question about `task_type`. The clock's setting is for the caller to
/// fill in.
///
/// # Errors
/// A sentence, if the body is not a JSON object with a task list.
pub fn page(body: &[u8], task_type: TaskType, at: Timestamp) -> Result<Page, String> {
    let body = json_object(body)?;
    let items = match body.get("data_list") {
        Some(Value::Array(items)) => items.as_slice(),
        None | Some(Value::Null) if body.contains_key("total_num") => &[],
        None | Some(Value::Null) => return Err("the answer has neither `data_list` nor `total_num`".to_owned()),
        Some(_) => return Err("`data_list` of the answer is not a list".to_owned()),
    };
    let mut oddities = Oddities::default();
    let mut tasks: Vec<Task> = Vec::with_capacity(items.len());
    let mut places = HashMap::with_capacity(items.len());
    let mut names = HashSet::new();
    for item in items {
        let Some(task) = item.as_object().and_then(|item| task(item, task_type, at, &mut names, &mut oddities)) else {
            oddities.malformed += 1;
            continue;
        };
        match places.get(&task.id).and_then(|place| tasks.get_mut(*place)) {
            Some(twin) => {
                oddities.duplicates += 1;
                *twin = task;
            }
            None => {
                places.insert(Arc::clone(&task.id), tasks.len());
                tasks.push(task);
            }
        }
    }
    let listed = u32::try_from(items.len()).unwrap_or(u32::MAX);
    Ok(Page { at, base: ClockBase::default(), total: number(&body, "total_num"), tasks, listed, oddities })
}

fn task(
    item: &Map<String, Value>,
    task_type: TaskType,
    at: Timestamp,
    names: &mut HashSet<Arc<str>>,
    oddities: &mut Oddities,
) -> Option<Task> {
    let id = text(item, "task_id")?;
    if text(item, "task_type").is_some_and(|given| given != task_type.as_str()) {
        return None;
    }
    let trigger = match text(item, "trigger_type") {
        Some("manual") => Trigger::Manual,
        Some("schedule") => Trigger::Schedule,
        None => Trigger::Other,
        Some(_) => {
            oddities.unknown(Field::TriggerType);
            Trigger::Other
        }
    };
    let status = match text(item, "task_status") {
        Some("ready") => Status::Ready,
        Some("running") => Status::Running,
        Some("finished") => Status::Finished,
        None => Status::Other,
        Some(_) => {
            oddities.unknown(Field::TaskStatus);
            Status::Other
        }
    };
    let (scan, counts) = match task_type {
        TaskType::ClusterScan => clusters(object(item, "cluster_scan_info"), oddities),
        TaskType::IacScan => files(object(item, "iac_scan_info"), oddities),
    };
    let moment = |field| moment(item, field).filter(|moment| *moment <= at.plus(FUTURE));
    Some(Task {
        id: id.into(),
        name: text(item, "task_name").map(|name| shared(names, name)),
        trigger,
        status,
        start: moment("start_time"),
        end: moment("end_time").filter(|_| status == Status::Finished),
        estimated_remaining: number(item, "estimated_time")
            .filter(|_| status == Status::Running)
            .map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
        scan,
        counts,
    })
}

/// Tasks of one schedule have one name: it is kept once for all of them on the page.
fn shared(names: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    let name: Arc<str> = name.into();
    names.insert(Arc::clone(&name));
    name
}

fn clusters(info: Option<&Map<String, Value>>, oddities: &mut Oddities) -> (Scan, Counts) {
    let named = info.and_then(|info| info.get("scan_type_list")).and_then(Value::as_array);
    let mut types = ScanTypes::default();
    for name in named.into_iter().flatten().filter(|name| !name.is_null()) {
        types = types.with(match name.as_str() {
            Some("benchmark") => ScanTypes::BENCHMARK,
            Some("cluster_vul") => ScanTypes::CLUSTER_VUL,
            Some("risk_assessment") => ScanTypes::RISK_ASSESSMENT,
            _ => {
                oddities.unknown(Field::ScanTypeList);
                ScanTypes::OTHER
            }
        });
    }
    let number = |field| info.and_then(|info| number(info, field));
    let counts = Counts::Clusters {
        scanning: number("scanning_cluster_num"),
        success: number("success_cluster_num"),
        failed: number("failed_cluster_num"),
    };
    (Scan::Cluster(types), counts)
}

fn files(info: Option<&Map<String, Value>>, oddities: &mut Oddities) -> (Scan, Counts) {
    let file_type = info.and_then(|info| text(info, "file_type")).map(|name| match name {
        "dockerfile" => FileType::Dockerfile,
        "k8s_yaml" => FileType::K8sYaml,
        _ => {
            oddities.unknown(Field::FileType);
            FileType::Other
        }
    });
    let number = |field| info.and_then(|info| number(info, field));
    let counts = Counts::Files {
        total: number("scan_file_num"),
        success: number("success_file_num"),
        failed: number("failed_file_num"),
    };
    (Scan::Iac(file_type), counts)
}

fn object<'a>(item: &'a Map<String, Value>, field: &str) -> Option<&'a Map<String, Value>> {
    item.get(field).and_then(Value::as_object)
}

/// A text with something in it.
fn text<'a>(item: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    item.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A whole number that is not negative, also where it is written as `5.0` or as `"5"`; anything else counts as absent.
fn number(item: &Map<String, Value>, field: &str) -> Option<u64> {
    match item.get(field)? {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked: whole, not negative, and small enough to be exact"
)]
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && (0.0..EXACT).contains(&number)).then_some(number as u64)
}

/// A moment in milliseconds since the epoch. A waiting task may have none, or 0.
fn moment(item: &Map<String, Value>, field: &str) -> Option<Timestamp> {
    number(item, field).filter(|ms| *ms > 0).map(|ms| Timestamp::new(Duration::from_millis(ms)))
}
