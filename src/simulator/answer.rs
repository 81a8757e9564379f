//! The JSON of the answers, written by hand from the API pages.

use super::options::ReadyTimes;
use super::task::{Name, Scan, ScanType, Spelled, Task};
use serde_json::{Map, Value, json};

/// A page: these tasks, out of so many that match.
pub(super) fn page<'a>(
    total: usize,
    tasks: impl Iterator<Item = &'a Task>,
    now: u64,
    ready_times: ReadyTimes,
) -> Value {
    json!({ "total_num": total, "data_list": tasks.map(|task| item(task, now, ready_times)).collect::<Vec<_>>() })
}

/// How many tasks there are, how many of them run, and when the newest was made.
pub(super) fn statistics(total: usize, running: usize, newest: Option<u64>) -> Value {
    json!({ "total_num": total, "running_num": running, "last_task_start_time": newest })
}

fn item(task: &Task, now: u64, ready_times: ReadyTimes) -> Value {
    let looks = task.looks(now);
    let mut item = Map::new();
    let mut set = |key: &str, value: Value| {
        item.insert(key.to_owned(), value);
    };
    set("task_id", task.id.to_string().into());
    set("task_type", task.task_type().as_str().into());
    match &task.name {
        Name::Absent => {}
        Name::Null => set("task_name", Value::Null),
        Name::Text(name) => set("task_name", (**name).into()),
    }
    set("trigger_type", task.trigger.as_str().into());
    set("task_status", looks.status.as_str().into());
    for (key, value) in [("start_time", looks.start), ("end_time", looks.end), ("estimated_time", looks.estimate)] {
        match (value, ready_times) {
            (Some(value), _) => set(key, value.into()),
            (None, ReadyTimes::Absent) => {}
            (None, ReadyTimes::Null) => set(key, Value::Null),
            (None, ReadyTimes::Zero) => set(key, 0.into()),
        }
    }
    match task.scan {
        Scan::Cluster(types) => set(
            "cluster_scan_info",
            json!({
                "scan_type_list": types.iter().map(|scan_type: &ScanType| scan_type.as_str()).collect::<Vec<_>>(),
                "scanning_cluster_num": looks.scanning,
                "success_cluster_num": looks.success,
                "failed_cluster_num": looks.failed,
            }),
        ),
        Scan::Iac(file_type) => set(
            "iac_scan_info",
            json!({
                "file_type": file_type.as_str(),
                "scan_file_num": task.total(),
                "success_file_num": looks.success,
                "failed_file_num": looks.failed,
            }),
        ),
    }
    Value::Object(item)
}

#[cfg(test)]
mod tests {
    use super::super::task::{Task, TaskId};
    use super::*;

    /// The API page's own example.
    #[test]
    fn a_page_is_as_the_api_page_shows_it() {
        let start = 1_745_311_451_000;
        let task = Task { id: TaskId(0xd8), success: 1, failed: 1, left: 2, ..Task::cluster(start).running(start, 2) };
        let expected: Value = serde_json::from_str(
            r#"{
              "total_num" : 1,
              "data_list" : [ {
                "task_id" : "00000000-0000-0000-0000-0000000000d8",
                "task_type" : "cluster_scan",
                "trigger_type" : "manual",
                "task_status" : "running",
                "start_time" : 1745311451000,
                "end_time" : 1745311451000,
                "estimated_time" : 5,
                "cluster_scan_info" : {
                  "scan_type_list" : [ "cluster_vul" ],
                  "scanning_cluster_num" : 2,
                  "success_cluster_num" : 1,
                  "failed_cluster_num" : 1
                }
              } ]
            }"#,
        )
        .unwrap();
        assert_eq!(page(1, [&task].into_iter(), start + 1, ReadyTimes::Absent), expected);
    }

    #[test]
    fn an_iac_task_counts_files() {
        let task = Task::iac(0).named("K8s \"prod\" 清单").finished(1, 2, 3, 4);
        let item = item(&task, 2, ReadyTimes::Absent);
        assert_eq!(item["task_name"], "K8s \"prod\" 清单");
        assert_eq!(
            item["iac_scan_info"],
            json!({ "file_type": "k8s_yaml", "scan_file_num": 7, "success_file_num": 3, "failed_file_num": 4 })
        );
        assert_eq!(item.get("cluster_scan_info"), None);
    }

    #[test]
    fn a_ready_task_has_no_times_in_one_of_three_ways() {
        let times = |ready_times| item(&Task::iac(5), 6, ready_times).get("start_time").cloned();
        assert_eq!(times(ReadyTimes::Absent), None);
        assert_eq!(times(ReadyTimes::Null), Some(Value::Null));
        assert_eq!(times(ReadyTimes::Zero), Some(0.into()));
    }
}
