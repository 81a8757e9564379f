//! Answers with one item that is not as it should be: it costs itself at most, and the target stays up.

use super::page::Page;
use super::rig::{BORN, HOUR, MINUTE, Setup};
use hss_exporter::simulator::Fault;

const CLUSTERS: (&str, &str) = ("task_type", "cluster_scan");
const MALFORMED: &str = "hss_exporter_malformed_tasks_total";

/// A finished task, with this name, and with whatever else at the end.
fn item(number: usize, name: &[u8], more: &[u8]) -> Vec<u8> {
    let end = BORN - HOUR - number as u64 * MINUTE;
    let head = format!(
        r#"{{"task_id":"id-{number}","task_type":"cluster_scan","trigger_type":"schedule","task_status":"finished","start_time":{},
        "end_time":{end},"cluster_scan_info":{{"scan_type_list":["cluster_vul"],"success_cluster_num":1}},"task_name":""#,
        end - MINUTE,
    );
    [head.as_bytes(), name, b"\"", more, b"}"].concat()
}

/// A page of eleven, the last of which is this one.
fn eleven(last: Vec<u8>) -> Fault {
    let mut items: Vec<_> = (1..=11)
        .filter(|number| *number != 10)
        .map(|number| item(number, format!("scan {number}").as_bytes(), b""))
        .collect();
    items.push(last);
    let body = [&br#"{"total_num":11,"data_list":["#[..], &items.join(&b','), b"]}"].concat();
    Fault::answer(200, &[("content-type", "application/json")], body).for_task_type("cluster_scan").always()
}

/// The names of the tasks that are shown, by their ids.
fn names(page: &Page) -> Vec<(String, String)> {
    let label = |series: &super::page::Series, name| series.label(name).to_owned();
    let infos = page.all("hss_task_info", &[CLUSTERS]).into_iter();
    infos.map(|series| (label(series, "task_id"), label(series, "task_name"))).collect()
}

/// What operators see of eleven tasks whose last is this one: its name, or that it was left out.
async fn check(what: &str, last: Vec<u8>, name: Option<&str>) {
    let rig = Setup { faults: vec![eleven(last)], ..Setup::default() }.start().await;
    let page = rig.fresh().await;
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    let mut wanted: Vec<_> = (1..=11)
        .filter(|number| *number != 10)
        .map(|number| (format!("id-{number}"), format!("scan {number}")))
        .collect();
    wanted.extend(name.map(|name| ("id-10".to_owned(), name.to_owned())));
    wanted.sort();
    assert_eq!(names(&page), wanted, "{what}");
    let recent = [CLUSTERS, ("trigger_type", "schedule"), ("outcome", "success")];
    page.check("hss_recent_tasks", &recent, Some(wanted.len() as f64));
    let malformed = page.known(MALFORMED, &[("account", "prod")]);
    assert_eq!(malformed > 0.0, name.is_none(), "{what}: only what is left out is counted: {malformed}");
}

#[tokio::test]
async fn a_name_that_is_cut_inside_an_emoji_costs_one_character() {
    check("a lone surrogate", item(10, br"scan \ud83d", b""), Some("scan \u{fffd}")).await;
}

#[tokio::test]
async fn a_name_in_another_encoding_or_with_control_characters_is_mended() {
    check("GBK", item(10, b"\xb9\xa4", b""), Some("\u{fffd}\u{fffd}")).await;
    check("a raw tab and a raw newline", item(10, b"a\tb\nc", b""), Some("a\u{fffd}b\u{fffd}c")).await;
}

#[tokio::test]
async fn a_name_that_hides_something_is_shown_without_it() {
    let name = "pay\u{202e}stnem\u{2066}\u{200b}\u{e0041}\u{2028}end";
    let shown = "pay\u{fffd}stnem\u{fffd}\u{fffd}\u{fffd}\u{fffd}end";
    check("directions and tags", item(10, name.as_bytes(), b""), Some(shown)).await;
}

#[tokio::test]
async fn a_number_that_is_none_costs_itself() {
    for number in ["1e999", "NaN", "-Infinity"] {
        let more = format!(r#","estimated_time":{number}"#);
        check(number, item(10, b"scan 10", more.as_bytes()), Some("scan 10")).await;
    }
}

#[tokio::test]
async fn deep_nesting_costs_nothing() {
    let more = format!(r#","new":{}{}"#, "[".repeat(200), "]".repeat(200));
    check("200 levels", item(10, b"scan 10", more.as_bytes()), Some("scan 10")).await;
}

#[tokio::test]
async fn a_name_as_long_as_a_book_is_cut() {
    check("a long name", item(10, "扫".repeat(26_000).as_bytes(), b""), Some(&"扫".repeat(256))).await;
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_left_out_and_counted() {
    check("a quote too many", item(10, br#"the "nightly" scan"#, b""), None).await;
    check("a quote too few", item(10, br"scan\", b""), None).await;
    let id = format!(r#","task_id":"{}""#, "i".repeat(129));
    check("a long id", item(10, b"scan", id.as_bytes()), None).await;
}

#[tokio::test]
async fn a_byte_order_mark_does_no_harm() {
    let body = [b"\xef\xbb\xbf{\"total_num\":1,\"data_list\":[", &item(1, b"scan", b"")[..], b"]}"].concat();
    let fault = Fault::answer(200, &[], body).for_task_type("cluster_scan").always();
    let rig = Setup { faults: vec![fault], ..Setup::default() }.start().await;
    let page = rig.fresh().await;
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    assert_eq!(names(&page), [("id-1".to_owned(), "scan".to_owned())]);
}
