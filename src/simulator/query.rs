//! What a request asks for: its query and its body, read as the API pages have them.
//!
//! The page does not say what happens to a value that it does not list. This cloud refuses it, so that a misspelling
//! is seen.

use super::list::Direction;
use super::refusal::Refusal;
use super::task::{FileType, Scan, ScanType, Spelled, Status, Task, TaskType, Trigger};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What stands for all enterprise projects that the caller may see.
pub(super) const ALL_ENTERPRISE_PROJECTS: &str = "all_granted_eps";

/// `offset` goes so far.
const MAX_OFFSET: u64 = 2_000_000;

/// A ListTasks request that can be answered.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) enterprise_project: String,
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) task_type: TaskType,
    pub(super) direction: Direction,
    pub(super) filter: Filter,
}

/// Which tasks are asked for, beside their type and enterprise project.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// As text: what is not an id matches nothing.
    task_id: Option<String>,
    /// In lower case.
    task_name: Option<String>,
    created_from: Option<u64>,
    created_to: Option<u64>,
    trigger: Option<Trigger>,
    status: Option<Status>,
    scan_types: Vec<ScanType>,
    file_type: Option<FileType>,
    /// Enterprise projects; empty: any.
    enterprise_projects: Vec<String>,
}

impl Query {
    /// Reads the query string and the body.
    pub(super) fn read(query: &str, content_type: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        let parameter = |name| parameter(query, name);
        let enterprise_project = enterprise_project(query)?;
        let offset = in_range(parameter("offset"), 0, 0, MAX_OFFSET).ok_or_else(|| Refusal::invalid("offset"))?;
        let limit = in_range(parameter("limit"), 10, 10, 200).ok_or_else(|| Refusal::invalid("limit"))?;
        let body = Body::read(content_type, body)?;
        let task_type = body.choice("task_type")?.ok_or_else(|| Refusal::invalid("task_type"))?;
        body.one_of("sort_key", &["start_time"])?;
        let direction = match body.one_of("sort_dir", &["asc", "desc"])? {
            Some("asc") => Direction::OldestFirst,
            _ => Direction::NewestFirst,
        };
        Ok(Self { enterprise_project, offset, limit, task_type, direction, filter: Filter::read(&body, task_type)? })
    }
}

/// A ShowTaskStatistics request that can be answered.
#[derive(Clone, Debug)]
pub(super) struct StatisticsQuery {
    pub(super) enterprise_project: String,
    pub(super) task_type: TaskType,
}

impl StatisticsQuery {
    /// Reads the query string.
    pub(super) fn read(query: &str) -> Result<Self, Refusal> {
        let enterprise_project = enterprise_project(query)?;
        let task_type = parameter(query, "task_type").and_then(|text| TaskType::read(&text));
        Ok(Self { enterprise_project, task_type: task_type.ok_or_else(|| Refusal::invalid("task_type"))? })
    }
}

fn enterprise_project(query: &str) -> Result<String, Refusal> {
    let given = parameter(query, "enterprise_project_id").unwrap_or_else(|| "0".to_owned());
    if (1..=256).contains(&given.chars().count()) { Ok(given) } else { Err(Refusal::invalid("enterprise_project_id")) }
}

impl Filter {
    fn read(body: &Body, task_type: TaskType) -> Result<Self, Refusal> {
        let (cluster, iac) = (body.object("cluster_scan_info")?, body.object("iac_scan_info")?);
        let scan_types = cluster.choices("scan_type_list")?;
        let file_type = iac.choice("file_type")?;
        match task_type {
            TaskType::ClusterScan if file_type.is_some() => return Err(Refusal::invalid("iac_scan_info")),
            TaskType::IacScan if !scan_types.is_empty() => return Err(Refusal::invalid("cluster_scan_info")),
            _ => {}
        }
        Ok(Self {
            task_id: body.text("task_id")?.map(str::to_owned),
            task_name: body.text("task_name")?.map(str::to_lowercase),
            created_from: body.moment("start_create_time")?,
            created_to: body.moment("end_create_time")?,
            trigger: body.choice("trigger_type")?,
            status: body.choice("task_status")?,
            scan_types,
            file_type,
            enterprise_projects: Vec::new(),
        })
    }

    /// This filter, for these enterprise projects.
    pub(super) fn within(mut self, enterprise_projects: Vec<String>) -> Self {
        self.enterprise_projects = enterprise_projects;
        self
    }

    /// Whether every task matches: then nobody has to look at any.
    pub(super) fn takes_all(&self) -> bool {
        let Self { task_id, task_name, created_from, created_to, trigger, status, scan_types, file_type, .. } = self;
        self.enterprise_projects.is_empty()
            && (task_id, task_name, created_from, created_to) == (&None, &None, &None, &None)
            && (trigger, status, file_type) == (&None, &None, &None)
            && scan_types.is_empty()
    }

    /// Whether a task matches at `now`.
    pub(super) fn takes(&self, task: &Task, now: u64) -> bool {
        let ids = &self.enterprise_projects;
        let scan = match task.scan {
            Scan::Cluster(types) => self.scan_types.iter().all(|wanted| types.contains(wanted)),
            Scan::Iac(file_type) => self.file_type.is_none_or(|wanted| wanted == file_type),
        };
        scan && (ids.is_empty() || ids.iter().any(|id| **id == *task.enterprise_project))
            && self.trigger.is_none_or(|wanted| wanted == task.trigger)
            && self.status.is_none_or(|wanted| wanted == task.status(now))
            && self.created_from.is_none_or(|from| task.created >= from)
            && self.created_to.is_none_or(|to| task.created <= to)
            && self.task_id.as_ref().is_none_or(|wanted| *wanted == task.id.to_string())
            && self.task_name.as_ref().is_none_or(|part| named_like(task, part))
    }
}

/// The fuzzy match: the name contains the text, whatever the case. Source: none; a database's `LIKE` does so.
fn named_like(task: &Task, part: &str) -> bool {
    match &task.name {
        super::task::Name::Text(name) => name.to_lowercase().contains(part),
        _ => false,
    }
}

/// A parameter of a query string, decoded.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode_str(key).decode_utf8().ok()? == name)
            .then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}

fn in_range(text: Option<String>, default: usize, min: u64, max: u64) -> Option<usize> {
    let Some(text) = text else { return Some(default) };
    let number = text.parse::<u64>().ok()?;
    (min..=max).contains(&number).then(|| usize::try_from(number).ok())?
}

/// The body, or an object in it. Keys that are not asked for are not looked at; null and "" are as good as nothing.
struct Body(serde_json::Map<String, Value>);

impl Body {
    fn read(content_type: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Err(Refusal::invalid("task_type"));
        }
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::service(400, "0002", "the body is not application/json"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            _ => Err(Refusal::service(400, "0002", "the body is not a JSON object")),
        }
    }

    fn object(&self, key: &str) -> Result<Self, Refusal> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(Self(serde_json::Map::new())),
            Some(Value::Object(object)) => Ok(Self(object.clone())),
            Some(_) => Err(Refusal::invalid(key)),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(Refusal::invalid(key)),
        }
    }

    fn one_of(&self, key: &str, values: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.text(key)? {
            Some(text) if !values.contains(&text) => Err(Refusal::invalid(key)),
            text => Ok(text),
        }
    }

    fn choice<T: Spelled>(&self, key: &str) -> Result<Option<T>, Refusal> {
        self.text(key)?.map(|text| T::read(text).ok_or_else(|| Refusal::invalid(key))).transpose()
    }

    fn choices<T: Spelled>(&self, key: &str) -> Result<Vec<T>, Refusal> {
        let list = match self.0.get(key) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(Refusal::invalid(key)),
        };
        list.iter().map(|item| item.as_str().and_then(T::read).ok_or_else(|| Refusal::invalid(key))).collect()
    }

    fn moment(&self, key: &str) -> Result<Option<u64>, Refusal> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| Refusal::invalid(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Option<&str> = Some("application/json;charset=utf8");

    #[track_caller]
    fn check(query: &str, body: &str, refused_for: Option<&str>) {
        let read = Query::read(query, JSON, body.as_bytes());
        let message = read.err().map(|refusal| {
            assert_eq!((refusal.status, refusal.code.as_str()), (400, "HSS.0001"));
            refusal.message
        });
        assert_eq!(message, refused_for.map(|what| format!("invalid parameter: {what}")));
    }

    #[test]
    fn what_the_page_does_not_list_is_refused() {
        let good = r#"{"task_type":"iac_scan","new_key":[1]}"#;
        check("", good, None);
        check("offset=2000000&limit=200&enterprise_project_id=all_granted_eps", good, None);
        check("limit=9", good, Some("limit"));
        check("limit=201", good, Some("limit"));
        check("limit=ten", good, Some("limit"));
        check("offset=-1", good, Some("offset"));
        check("offset=2000001", good, Some("offset"));
        check("enterprise_project_id=", good, Some("enterprise_project_id"));
        check("", "", Some("task_type"));
        check("", "{}", Some("task_type"));
        check("", r#"{"task_type":""}"#, Some("task_type"));
        check("", r#"{"task_type":"image_scan"}"#, Some("task_type"));
        check("", r#"{"task_type":"iac_scan","task_status":"failed"}"#, Some("task_status"));
        check("", r#"{"task_type":"iac_scan","sort_key":"end_time"}"#, Some("sort_key"));
        check("", r#"{"task_type":"iac_scan","sort_dir":"DESC"}"#, Some("sort_dir"));
        check("", r#"{"task_type":"iac_scan","start_create_time":"1"}"#, Some("start_create_time"));
        let foreign = r#"{"task_type":"iac_scan","cluster_scan_info":{"scan_type_list":["benchmark"]}}"#;
        check("", foreign, Some("cluster_scan_info"));
    }

    #[test]
    fn what_is_not_a_json_object_cannot_be_read() {
        for (content_type, body) in [(JSON, "[]"), (JSON, "{"), (None, "{}"), (Some("text/plain"), "{}")] {
            let refusal = Query::read("", content_type, body.as_bytes()).unwrap_err();
            assert_eq!((refusal.status, refusal.code.as_str()), (400, "HSS.0002"));
        }
    }

    #[test]
    fn values_of_a_query_are_decoded() {
        assert_eq!(parameter("a=1&b=%E4%B8%80%20x", "b").as_deref(), Some("一 x"));
        assert_eq!(parameter("a&b=1", "a").as_deref(), Some(""));
        assert_eq!(parameter("a=1", "c"), None);
    }
}
