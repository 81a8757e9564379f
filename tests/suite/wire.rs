//! What an answer of the task list may hold without costing the page.
#![cfg(test)]

use hss_exporter::hss::Statistics;
use hss_exporter::hss::query::PAGE;
use hss_exporter::hss::wire::{self, Page};
use hss_exporter::model::observe::Field;
use hss_exporter::model::{Counts, Reason, Scan, Status, TaskType, Timestamp, Trigger};
use proptest::prelude::*;
use std::time::Duration;

const AT: Timestamp = Timestamp::from_secs(1_750_000_000);

#[track_caller]
fn page(body: &str, task_type: TaskType) -> Page {
    wire::page(body.as_bytes(), task_type, PAGE, AT).unwrap()
}

#[test]
fn the_documented_example_is_read() {
    let page = page(
        r#"{"total_num":1,"data_list":[{"task_id":"d8xxxx05-8xx5-4xx0-9xx6-c3dbxxxxxxac","task_type":"cluster_scan",
        "trigger_type":"manual","task_status":"running","start_time":1745311451000,"end_time":1745311451000,
        "estimated_time":5,"cluster_scan_info":{"scan_type_list":["cluster_vul"],"scanning_cluster_num":2,
        "success_cluster_num":1,"failed_cluster_num":1}}]}"#,
        TaskType::ClusterScan,
    );
    let task = &page.tasks[0];
    assert_eq!((page.total, page.listed, page.at), (Some(1), 1, AT));
    assert_eq!((task.trigger, task.status, task.name.as_deref()), (Trigger::Manual, Status::Running, None));
    assert_eq!(task.start, Some(Timestamp::from_secs(1_745_311_451)));
    assert_eq!(task.end, None, "a running task has not ended, whatever is repeated there");
    assert_eq!(task.estimated_remaining, Some(Duration::from_secs(300)));
    assert_eq!(task.scan.as_str(), "cluster_vul");
    assert_eq!(task.counts, Counts::Clusters { scanning: Some(2), success: Some(1), failed: Some(1) });
}

#[test]
fn tasks_of_one_name_share_it() {
    let page = page(
        r#"{"data_list":[{"task_id":"a","task_name":"nightly"},{"task_id":"b"},{"task_id":"c","task_name":"nightly"},
        {"task_id":"d","task_name":"weekly"}]}"#,
        TaskType::IacScan,
    );
    let names: Vec<_> = page.tasks.iter().filter_map(|task| task.name.as_ref()).collect();
    assert!(std::sync::Arc::ptr_eq(names[0], names[1]) && **names[2] == *"weekly");
}

#[test]
fn whatever_is_null_or_absent_is_unknown() {
    for body in [
        r#"{"data_list":[{"task_id":"a"}]}"#,
        r#"{"total_num":null,"data_list":[{"task_id":"a","task_type":null,"task_name":null,"trigger_type":null,
        "task_status":null,"start_time":null,"end_time":null,"estimated_time":null,"iac_scan_info":null}]}"#,
        r#"{"total_num":"many","data_list":[{"task_id":"a","task_name":"","start_time":0,"end_time":-5,
        "estimated_time":{},"iac_scan_info":{"file_type":null,"scan_file_num":-1,"success_file_num":0.5,"failed_file_num":[]}}]}"#,
    ] {
        let page = page(body, TaskType::IacScan);
        let task = &page.tasks[0];
        assert_eq!((page.total, task.trigger, task.status), (None, Trigger::Other, Status::Other));
        assert_eq!((task.start, task.end, task.estimated_remaining, &task.name), (None, None, None, &None));
        assert_eq!(
            (task.scan, task.counts),
            (Scan::Iac(None), Counts::Files { total: None, success: None, failed: None })
        );
        assert_eq!(page.oddities, wire::Oddities::default(), "nothing said is nothing unknown");
    }
}

#[test]
fn strange_numbers_are_read_where_they_are_numbers() {
    let page = page(
        r#"{"total_num":7.0,"data_list":[{"task_id":"a","task_status":"finished","start_time":"1745311451500","end_time":1.7453115e12,
        "iac_scan_info":{"scan_file_num":"3","success_file_num":9223372036854775807,"failed_file_num":1e300}}]}"#,
        TaskType::IacScan,
    );
    let task = &page.tasks[0];
    assert_eq!(page.total, Some(7));
    assert_eq!(task.start, Some(Timestamp::new(Duration::from_millis(1_745_311_451_500))));
    assert_eq!(task.end, Some(Timestamp::new(Duration::from_millis(1_745_311_500_000))));
    assert_eq!(task.counts, Counts::Files { total: Some(3), success: Some(i64::MAX as u64), failed: None });
}

#[test]
fn values_that_the_api_adds_later_become_other_and_are_counted() {
    let page = page(
        r#"{"total_num":2,"new_key":{},"data_list":[{"task_id":"a","trigger_type":"api","task_status":"paused","priority":1,
        "cluster_scan_info":{"scan_type_list":["cluster_vul","new","newer",null],"x":1}},{"task_id":"b","trigger_type":"api"}]}"#,
        TaskType::ClusterScan,
    );
    let task = &page.tasks[0];
    assert_eq!((task.trigger, task.status, task.scan.as_str()), (Trigger::Other, Status::Other, "cluster_vul+other"));
    let unknown: Vec<_> = page.oddities.unknown_values.into_iter().collect();
    assert_eq!(unknown, [(Field::ScanTypeList, 2), (Field::TaskStatus, 1), (Field::TriggerType, 2)]);
}

#[test]
fn what_is_no_task_is_left_out_and_counted_and_keeps_its_place_in_the_list() {
    let page = page(
        r#"{"total_num":9,"data_list":[null,5,"x",[],{},{"task_id":""},{"task_id":7},{"task_id":"i","task_type":"iac_scan"},
        {"task_id":"a","task_name":"first"},{"task_id":"b"},{"task_id":"a","task_name":"second"}]}"#,
        TaskType::ClusterScan,
    );
    let names: Vec<_> = page.tasks.iter().map(|task| (&*task.id, task.name.as_deref())).collect();
    assert_eq!(names, [("a", Some("second")), ("b", None)]);
    assert_eq!((page.listed, page.oddities.malformed, page.oddities.duplicates), (11, 8, 1));
}

#[track_caller]
fn check_refused(body: &str, sentence: &str) {
    let (reason, error) = wire::page(body.as_bytes(), TaskType::ClusterScan, PAGE, AT).unwrap_err();
    assert_eq!(reason, Reason::Decode);
    assert!(error.contains(sentence), "{error}");
}

#[test]
fn an_answer_that_is_no_task_list_is_refused() {
    check_refused("<html>", "not JSON");
    check_refused("", "not JSON");
    check_refused("[]", "not a JSON object");
    check_refused(r#"{"error_code":"HSS.0001"}"#, "neither `data_list` nor `total_num`");
    check_refused(r#"{"data_list":{}}"#, "not a list");
    assert!(page(r#"{"total_num":0}"#, TaskType::ClusterScan).tasks.is_empty());
}

#[test]
fn statistics_are_read_field_by_field() {
    let read = |body: &str| {
        let Statistics { at, total, running, newest } = wire::statistics(body.as_bytes(), AT).unwrap();
        assert_eq!(at, AT);
        (total, running, newest)
    };
    let newest = Some(Timestamp::new(Duration::from_millis(1_745_311_451_500)));
    let body = r#"{"total_num":400,"running_num":2,"last_task_start_time":1745311451500}"#;
    assert_eq!(read(body), (Some(400), Some(2), newest));
    assert_eq!(read(r#"{"total_num":null,"running_num":-1,"last_task_start_time":0}"#), (None, None, None));
    assert_eq!(read(r#"{"running_num":"3","new":{}}"#), (None, Some(3), None));
    for (body, sentence) in [("<html>", "not JSON"), ("[]", "not a JSON object"), ("{}", "neither")] {
        assert!(wire::statistics(body.as_bytes(), AT).unwrap_err().contains(sentence), "{body}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(body in any::<Vec<u8>>(), json in "[\\[\\]{}\":,a-z_0-9.-]{0,80}") {
        let _ = wire::page(&body, TaskType::ClusterScan, PAGE, AT);
        let _ = wire::page(json.as_bytes(), TaskType::IacScan, PAGE, AT);
        let item = format!(r#"{{"total_num":{json},"data_list":[{{"task_id":"a","start_time":{json}}}]}}"#);
        let _ = wire::page(item.as_bytes(), TaskType::IacScan, PAGE, AT);
        let _ = wire::statistics(&body, AT);
        let _ = wire::statistics(item.as_bytes(), AT);
    }
}

/// Items that cannot be read, texts that are not quite JSON, and what they cost.
mod malformed;
#[test]
fn the_planned_start_of_a_waiting_task_is_not_when_it_began() {
    let page = page(
        r#"{"data_list":[{"task_id":"a","task_status":"ready","start_time":1750003600000},
        {"task_id":"b","task_status":"running","start_time":1750003600000}]}"#,
        TaskType::IacScan,
    );
    let starts: Vec<_> = page.tasks.iter().map(|task| task.start).collect();
    assert_eq!(starts, [None, Some(Timestamp::from_secs(1_750_003_600))]);
}
