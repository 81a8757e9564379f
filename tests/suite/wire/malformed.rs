//! What is no JSON costs a character, a value or an item; and what an answer may cost us.

use super::AT;
use hss_exporter::hss::query::PAGE;
use hss_exporter::hss::wire::{self, Page};
use hss_exporter::model::{Counts, Reason, Scan, ScanTypes, Status, Task, TaskType, Timestamp, Trigger};
use proptest::prelude::*;

/// A task as the API writes it; its name and whatever else are the test's.
fn item(id: &str, name: &[u8], more: &[u8]) -> Vec<u8> {
    let head = format!(r#"{{"task_id":"{id}","task_type":"cluster_scan","trigger_type":"manual","task_name":""#);
    let tail = br#","task_status":"finished","start_time":1745311451000,"end_time":1745311452000,
        "cluster_scan_info":{"scan_type_list":["cluster_vul"],"scanning_cluster_num":0,"success_cluster_num":2,"failed_cluster_num":1}}"#;
    [head.as_bytes(), name, b"\"", more, tail].concat()
}

fn answer(items: &[Vec<u8>]) -> Vec<u8> {
    [&br#"{"total_num":3,"data_list":["#[..], &items.join(&b','), b"]}"].concat()
}

fn read(body: &[u8]) -> Result<Page, (Reason, String)> {
    wire::page(body, TaskType::ClusterScan, PAGE, AT)
}

/// What [`item`] says.
fn task(id: &str, name: &str) -> Task {
    Task {
        id: id.into(),
        name: Some(name.into()),
        trigger: Trigger::Manual,
        status: Status::Finished,
        start: Some(Timestamp::from_secs(1_745_311_451)),
        end: Some(Timestamp::from_secs(1_745_311_452)),
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::CLUSTER_VUL),
        counts: Counts::Clusters { scanning: Some(0), success: Some(2), failed: Some(1) },
    }
}

/// The item in the middle, between two that are as they should be; none if it was left out.
#[track_caller]
fn middle(item_in_the_middle: Vec<u8>) -> Option<Task> {
    let body = answer(&[item("a", b"first", b""), item_in_the_middle, item("c", b"last", b"")]);
    let page = read(&body).unwrap();
    let [first, middle @ .., last] = &page.tasks[..] else { panic!("{:?}", page.tasks) };
    assert_eq!((first, last), (&task("a", "first"), &task("c", "last")));
    assert_eq!((page.total, page.listed), (Some(3), 3));
    assert_eq!(page.oddities.malformed, 1 - middle.len() as u64);
    middle.first().cloned()
}

#[test]
fn a_name_that_cannot_be_read_is_mended() {
    for (name, mended) in [
        (&br"scan \ud83d"[..], "scan \u{fffd}"),
        (br"\ude00\ud83dx", "\u{fffd}\u{fffd}x"),
        (br"\ud83d\ude00", "😀"),
        (b"\xb9\xa4\xd7\xf7", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        (b"a\tb\nc\r\0\x1f", "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}\u{fffd}"),
        (br"a\tb", "a\u{fffd}b"),
        (br"C:\x", "C:\u{fffd}x"),
        (br"\u12", "\u{fffd}12"),
        ("pay\u{202e}gpj\u{2028}\u{200b}\u{e0041}".as_bytes(), "pay\u{fffd}gpj\u{fffd}\u{fffd}\u{fffd}"),
        (br"\u202e", "\u{fffd}"),
    ] {
        assert_eq!(middle(item("b", name, b"")), Some(task("b", mended)), "{}", String::from_utf8_lossy(name));
    }
}

#[test]
fn a_value_that_cannot_be_read_costs_itself() {
    for value in
        ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "007", "undefined", "1_000", "true", "\"soon\"", "{}"]
    {
        let more = format!(r#","estimated_time":{value},"end_time":1,"start_time":{value},"new":{value}"#);
        let whole = item("b", b"x", more.as_bytes());
        assert_eq!(middle(whole.clone()), Some(task("b", "x")), "of a field that comes twice, the last counts");
        let text = String::from_utf8(whole).unwrap();
        let (before, after) = text.split_once(r#","start_time":1745311451000"#).unwrap();
        let read = middle([before, after].concat().into_bytes()).unwrap();
        assert_eq!(read, Task { start: None, ..task("b", "x") }, "{value}");
    }
}

#[test]
fn nesting_costs_nothing_however_deep() {
    for depth in [200, 100_000] {
        for (open, close) in [("[", "]"), (r#"{"x":"#, "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for field in ["new", "estimated_time", "task_type", "iac_scan_info"] {
                let more = format!(r#","{field}":{deep}"#);
                assert_eq!(middle(item("b", b"x", more.as_bytes())), Some(task("b", "x")), "{field} {depth}");
                assert_eq!(middle(item("b", br"\ud83d", more.as_bytes())), Some(task("b", "\u{fffd}")));
            }
        }
    }
    let (reason, why) = read("[".repeat(2 << 20).as_bytes()).unwrap_err();
    assert_eq!((reason, &*why), (Reason::Decode, "the answer is not JSON: it ends in the middle"));
}

#[test]
fn an_item_that_is_no_json_costs_itself() {
    for broken in [
        r#"{"task_id":"b,"task_name":"x"}"#,
        r#"{"task_id":"b","task_name":"x}"#,
        r#"{"task_id":"b","task_name":"x\"}"#,
        r#"{"task_id":"b","task_name":"the "nightly" scan"}"#,
        r#"{"task_id":"b","task_name":}"#,
        r#"{"task_id":"b",}"#,
        r#"{"task_id":"b"#,
        r#"{'task_id':'b'}"#,
        r#"{task_id:"b"}"#,
        r#"{"task_id":"b" // comment
        }"#,
        r#"{"task_id":"b","cluster_scan_info":{"scan_type_list":["benchmark"}}"#,
    ] {
        let broken = if broken.ends_with('}') { broken.to_owned() } else { format!("{broken}}}") };
        assert_eq!(middle(broken.into_bytes()), None);
    }
}

#[test]
fn byte_order_marks_and_blanks_before_an_answer_do_no_harm() {
    let body = answer(&[item("a", b"x", b"")]);
    for before in ["\u{feff}", "\u{feff}\u{feff}", " \r\n\t", "\n\u{feff} "] {
        let page = read(&[before.as_bytes(), &body].concat()).unwrap();
        assert_eq!(page.tasks, [task("a", "x")]);
    }
    let statistics = "\u{feff}{\"total_num\":7,\"running_num\":NaN,\"x\":\"\\ud83d\"}";
    let statistics = wire::statistics(statistics.as_bytes(), AT).unwrap();
    assert_eq!((statistics.total, statistics.running), (Some(7), None));
}

#[test]
fn an_answer_that_is_not_whole_is_refused() {
    let body = answer(&[item("a", b"x", b""), item("b", br"\ud83d", b"")]);
    for length in [1, body.len() / 3, body.len() / 2, body.len() - 2, body.len() - 1] {
        let (reason, why) = read(&body[..length]).unwrap_err();
        assert_eq!(reason, Reason::Decode);
        assert_eq!(why, "the answer is not JSON: it ends in the middle", "{length}");
    }
    let utf16: Vec<u8> = String::from_utf8(answer(&[])).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&utf16).unwrap_err().1.contains("UTF-16"));
    assert!(read(&[&body[..], b"x"].concat()).unwrap_err().1.contains("does not go on"));
    assert!(read(&[&body[..], &body].concat()).unwrap_err().1.contains("does not go on"));
}

#[test]
fn of_a_field_that_comes_twice_the_last_one_counts() {
    let body = r#"{"total_num":1,"data_list":[{"task_id":"x"},7],"data_list":[{"task_id":"a","task_id":"b","task_name":"c","task_name":null,
        "task_status":"new","task_status":"ready","cluster_scan_info":{"success_cluster_num":1},"cluster_scan_info":{"scan_type_list":["?"],
        "scan_type_list":["benchmark"],"failed_cluster_num":2}}],"total_num":2}"#;
    let page = read(body.as_bytes()).unwrap();
    assert_eq!((page.total, page.listed, page.oddities), (Some(2), 1, wire::Oddities::default()));
    let counts = Counts::Clusters { scanning: None, success: None, failed: Some(2) };
    let task = &page.tasks[0];
    assert_eq!((&*task.id, task.name.as_deref(), task.status, task.counts), ("b", None, Status::Ready, counts));
    assert_eq!(task.scan, Scan::Cluster(ScanTypes::BENCHMARK));
    assert_eq!(read(br#"{"total_num":1,"data_list":[{}],"data_list":null}"#).unwrap().listed, 0);
    assert_eq!(&*read(br#"{"data_list":[{"task\u005fid":"a"}]}"#).unwrap().tasks[0].id, "a");
}

#[test]
fn a_list_that_is_longer_than_asked_for_is_refused_while_it_is_read() {
    let items: Vec<_> = (0..10).map(|number| item(&number.to_string(), b"x", b"")).collect();
    assert_eq!(wire::page(&answer(&items), TaskType::ClusterScan, 10, AT).unwrap().listed, 10);
    let (reason, why) = wire::page(&answer(&items), TaskType::ClusterScan, 9, AT).unwrap_err();
    assert_eq!((reason, &*why), (Reason::TooLarge, "the answer holds more than the 9 tasks that were asked for"));
    let endless = format!(r#"{{"data_list":[{}"#, "0,".repeat(300));
    assert_eq!(read(endless.as_bytes()).unwrap_err().0, Reason::TooLarge);
}

#[test]
fn names_are_cut_and_an_id_that_cannot_be_used_is_none() {
    let long = "扫".repeat(100_000);
    assert_eq!(middle(item("b", long.as_bytes(), b"")).unwrap().name.unwrap().chars().count(), 256);
    let id = "扫".repeat(128);
    assert_eq!(middle(item(&id, b"x", b"")), Some(task(&id, "x")));
    for id in [&"i".repeat(129), &long, "a\\nb", "a\u{200b}b", r"a\ud83d", "a\u{2028}"] {
        assert_eq!(middle(item(id, b"x", b"")), None, "{}", &id[..4]);
    }
}

#[test]
fn an_answer_takes_no_memory_beyond_its_body() {
    let many = |piece: &str| piece.repeat((2 << 20) / piece.len());
    let bodies = [
        format!(r#"{{"data_list":[{}{{}}]}}"#, many(r#"{"":0},"#)),
        format!(r#"{{{}"total_num":0}}"#, many(r#""":0,"#)),
        format!(r#"{{{}"total_num":0}}"#, many(r#""data_list":[{"task_id":"a"}],"#)),
        format!(r#"{{"data_list":[{{{}"task_id":"a"}}]}}"#, many(r#""":{"":0},"#)),
        format!(r#"{{"data_list":[{{{}"task_id":"a"}}]}}"#, many(r#""task_name":"abcdefgh","#)),
        format!(r#"{{"data_list":[{{"task_id":"a","cluster_scan_info":{{"scan_type_list":[{}0]}}}}]}}"#, many("0,")),
        format!(r#"{{"data_list":[{{"task_id":"a","task_name":"{}"}}]}}"#, many("x")),
    ];
    for body in bodies {
        let taken = allocation_counter::measure(|| drop(read(body.as_bytes())));
        assert!(taken.bytes_max < 64 << 10, "{taken:?} for {}", &body[..60]);
        let taken = allocation_counter::measure(|| drop(wire::statistics(body.as_bytes(), AT)));
        assert!(taken.bytes_max < 64 << 10, "{taken:?} for {}", &body[..60]);
    }
}

#[test]
fn a_task_takes_one_allocation_for_its_id() {
    let items: Vec<_> = (0..PAGE).map(|number| item(&format!("{number:036}"), b"nightly scan", b"")).collect();
    let body = answer(&items);
    let taken = allocation_counter::measure(|| drop(read(&body).unwrap()));
    let growth = 40;
    assert!(taken.count_total <= u64::from(PAGE) + growth, "{taken:?}");
}

proptest! {
    #[test]
    fn whatever_happens_inside_an_item_the_others_stay(
        place in 0..3_usize,
        from in any::<prop::sample::Index>(),
        lost in 0..20_usize,
        new in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..8),
            prop::collection::vec(prop::sample::select(&b"[]{\":,\\u0 \n"[..]), 0..8),
            Just(b"}".to_vec()),
        ],
    ) {
        let names = ["first task", "second task", "third task"];
        let mut items: Vec<_> = names.iter().map(|name| item(name, name.as_bytes(), b"")).collect();
        // Not the brackets that make it an item, and none that ends it and the list.
        let inside = items[place].len() - 2;
        let from = 1 + from.index(inside);
        let until = (from + lost).min(1 + inside);
        let new = new.into_iter().enumerate().filter(|(at, byte)| *at == 0 || *byte != b'}').map(|(_, byte)| byte);
        items[place].splice(from..until, new);
        let page = read(&answer(&items)).unwrap();
        for (at, name) in names.iter().enumerate().filter(|(at, _)| *at != place) {
            prop_assert!(page.tasks.contains(&task(name, name)), "{at}: {:?}", page.tasks);
        }
    }
}
