//! Items of a page that are not as they should be: what a careless or a newer cloud might send.

use serde_json::{Value, json};

/// Items that are not as they should be, for a page that asked for `task_type`, with a name for tests.
pub fn broken_items(task_type: &str) -> Vec<(&'static str, Value)> {
    let info = if task_type == "iac_scan" { "iac_scan_info" } else { "cluster_scan_info" };
    let other = if task_type == "iac_scan" { "cluster_scan" } else { "iac_scan" };
    let item = |id: &str, changes: Value| {
        let mut item = json!({
            "task_id": id, "task_type": task_type, "trigger_type": "manual", "task_status": "finished",
            "start_time": 1_745_311_451_000_u64, "end_time": 1_745_311_452_000_u64, "estimated_time": 0, info: {},
        });
        if let (Some(item), Value::Object(changes)) = (item.as_object_mut(), changes) {
            item.extend(changes);
        }
        item
    };
    vec![
        ("not an object", json!("task")),
        ("null", Value::Null),
        ("an empty object", json!({})),
        ("no task_id", item("", json!({ "task_id": null }))),
        ("an empty task_id", item("", json!({}))),
        ("a number as task_id", item("", json!({ "task_id": 17 }))),
        ("another task_type", item("broken-type", json!({ "task_type": other }))),
        ("no task_type", item("broken-no-type", json!({ "task_type": null }))),
        ("an unknown status", item("broken-status", json!({ "task_status": "paused" }))),
        ("an unknown trigger", item("broken-trigger", json!({ "trigger_type": "webhook" }))),
        ("an unknown scan", item("broken-scan", json!({ info: { "scan_type_list": ["image"], "file_type": "helm" } }))),
        (
            "negative numbers",
            item("broken-negative", json!({ "start_time": -1, "end_time": -1, "estimated_time": -5 })),
        ),
        ("strings for numbers", item("broken-strings", json!({ "start_time": "1745311451000", "end_time": "soon" }))),
        ("fractions", item("broken-fractions", json!({ "start_time": 1745311451000.5, "estimated_time": 0.5 }))),
        ("huge numbers", item("broken-huge", json!({ "start_time": 1e300, "end_time": u64::MAX }))),
        ("nulls", item("broken-nulls", json!({ "task_name": null, "start_time": null, "end_time": null, info: null }))),
        ("a list for an object", item("broken-list", json!({ info: [] }))),
    ]
}
