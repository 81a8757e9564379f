//! What the task list is asked: which tasks, from which offset, how many.

use crate::config::Filter;
use crate::model::{EnterpriseProject, FileType, Status, TaskType, Timestamp, Trigger};
use serde::Serialize;
use std::sync::Arc;

/// The most tasks that one page may hold.
pub const PAGE: u32 = 200;

/// The fewest that may be asked for.
const SMALL_PAGE: u32 = 10;

/// Which tasks of a target and task type are listed, newest start first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// All that the configured filter lets through.
    All,
    /// Those that run.
    Running,
    /// Those that wait.
    Ready,
    /// Those that are finished and were started by this.
    Finished(Trigger),
    /// The newest few: with them it is told how many there are in all.
    Newest,
    /// The one with this id.
    One(Arc<str>),
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Which tasks.
    pub list: List,
    /// How many of them stand before the page.
    pub offset: u32,
}

impl Query {
    /// How many tasks the page may hold.
    pub fn limit(&self) -> u32 {
        match self.list {
            List::One(_) | List::Newest => SMALL_PAGE,
            _ => PAGE,
        }
    }

    /// The query parameters, in the order in which they are signed.
    pub fn parameters(&self, enterprise_project: &EnterpriseProject) -> Vec<(&'static str, String)> {
        vec![
            ("enterprise_project_id", enterprise_project.id().to_owned()),
            ("limit", self.limit().to_string()),
            ("offset", self.offset.to_string()),
        ]
    }

    /// The body, as JSON.
    pub fn body(&self, task_type: TaskType, filter: &Filter) -> Vec<u8> {
        let (task_status, trigger) = match &self.list {
            List::All | List::Newest | List::One(_) => (None, filter.trigger),
            List::Running => (Some(Status::Running), filter.trigger),
            List::Ready => (Some(Status::Ready), filter.trigger),
            List::Finished(trigger) => (Some(Status::Finished), Some(*trigger)),
        };
        let scan_types = filter.scan_types.names().collect::<Vec<_>>();
        let body = Body {
            task_type: task_type.as_str(),
            task_id: if let List::One(id) = &self.list { Some(id) } else { None },
            task_name: filter.task_name.as_deref(),
            start_create_time: filter.created_after.map(milliseconds),
            end_create_time: filter.created_before.map(milliseconds),
            trigger_type: trigger.map(Trigger::as_str),
            task_status: task_status.map(Status::as_str),
            sort_key: "start_time",
            sort_dir: "desc",
            cluster_scan_info: (task_type == TaskType::ClusterScan && !scan_types.is_empty())
                .then_some(ClusterScanInfo { scan_type_list: scan_types }),
            iac_scan_info: filter
                .file_type
                .filter(|_| task_type == TaskType::IacScan)
                .map(|file_type| IacScanInfo { file_type: FileType::as_str(file_type) }),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    task_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_create_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_create_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_status: Option<&'a str>,
    sort_key: &'a str,
    sort_dir: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_scan_info: Option<ClusterScanInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iac_scan_info: Option<IacScanInfo<'a>>,
}

#[derive(Serialize)]
struct ClusterScanInfo<'a> {
    scan_type_list: Vec<&'a str>,
}

#[derive(Serialize)]
struct IacScanInfo<'a> {
    file_type: &'a str,
}

fn milliseconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.since_epoch().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScanTypes;

    #[track_caller]
    fn check(query: &Query, task_type: TaskType, filter: &Filter, body: &str) {
        assert_eq!(String::from_utf8(query.body(task_type, filter)).unwrap(), body);
    }

    #[test]
    fn only_what_is_asked_for_is_sent() {
        let all = Query { list: List::All, offset: 0 };
        let plain = r#"{"task_type":"cluster_scan","sort_key":"start_time","sort_dir":"desc"}"#;
        check(&all, TaskType::ClusterScan, &Filter::default(), plain);
        let one = Query { list: List::One("a\"b".into()), offset: 0 };
        let body = r#"{"task_type":"iac_scan","task_id":"a\"b","sort_key":"start_time","sort_dir":"desc"}"#;
        check(&one, TaskType::IacScan, &Filter::default(), body);
    }

    #[test]
    fn a_filter_goes_to_the_task_type_that_knows_it() {
        let filter = Filter {
            trigger: Some(Trigger::Schedule),
            created_after: Some(Timestamp::from_secs(5)),
            scan_types: ScanTypes::CLUSTER_VUL.with(ScanTypes::BENCHMARK),
            file_type: Some(FileType::K8sYaml),
            ..Filter::default()
        };
        let ready = Query { list: List::Ready, offset: 0 };
        check(
            &ready,
            TaskType::ClusterScan,
            &filter,
            r#"{"task_type":"cluster_scan","start_create_time":5000,"trigger_type":"schedule","task_status":"ready","sort_key":"start_time","sort_dir":"desc","cluster_scan_info":{"scan_type_list":["benchmark","cluster_vul"]}}"#,
        );
        let finished = Query { list: List::Finished(Trigger::Manual), offset: 0 };
        check(
            &finished,
            TaskType::IacScan,
            &filter,
            r#"{"task_type":"iac_scan","start_create_time":5000,"trigger_type":"manual","task_status":"finished","sort_key":"start_time","sort_dir":"desc","iac_scan_info":{"file_type":"k8s_yaml"}}"#,
        );
    }
}
