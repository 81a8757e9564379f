//! What each refusal and each broken answer is taken for.

use super::gzip;
use super::rig::Rig;
use super::stub::{Act, Stub, answer, head, json};
use hss_exporter::model::Reason;
use std::time::Duration;

/// A server's whole answer, and what it is taken for.
#[track_caller]
fn check(reply: impl Fn() -> Act + Send + Sync + 'static, reason: Reason, code: Option<&str>, words: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let failure = runtime.block_on(async {
        let stub = Stub::start(move |_, _| reply()).await;
        let rig = Rig::new(stub.url());
        let failure = rig.failure().await;
        assert_eq!(rig.notes.all().last(), Some(&format!("error {}", failure.reason.as_str())));
        assert!(failure.tried.starts_with("ListTasks(cluster_scan) of prod/payments/default at http://127.0.0.1:"));
        failure
    });
    assert_eq!((failure.reason, failure.code.as_deref()), (reason, code), "{failure}");
    assert!(failure.message.contains(words), "{failure}");
}

#[test]
fn each_refusal_is_told_apart() {
    check(
        || json(429, r#"{"error_msg":"limit:5,time:1 minute","error_code":"APIGW.0308","request_id":"d4"}"#),
        Reason::Throttled,
        Some("APIGW.0308"),
        "time:1 minute",
    );
    check(|| json(429, r#"{"error_code":"HSS.0003","error_msg":"busy"}"#), Reason::Throttled, Some("HSS.0003"), "busy");
    check(
        || json(401, r#"{"error_code":"APIGW.0301","error_msg":"verify aksk signature fail"}"#),
        Reason::Auth,
        Some("APIGW.0301"),
        "signature",
    );
    check(
        || json(401, r#"{"error":{"code":401,"message":"no","title":"Unauthorized"}}"#),
        Reason::Auth,
        Some("401"),
        "no",
    );
    check(
        || json(403, r#"{"error":{"error_code":"EPS.1","error_msg":"no"}}"#),
        Reason::Permission,
        Some("EPS.1"),
        "no",
    );
    check(|| json(400, r#"{"error_code":"HSS.0010","error_msg":"no"}"#), Reason::Permission, Some("HSS.0010"), "no");
    check(
        || json(400, r#"{"error_code":"00000010","error_description":"拒绝访问"}"#),
        Reason::Permission,
        Some("00000010"),
        "拒绝访问",
    );
    check(|| json(400, r#"{"error_code":"HSS.1019","error_msg":"x"}"#), Reason::Invalid, Some("HSS.1019"), "x");
    check(|| json(404, r#"{"errorCode":"APIG.0101","errorMsg":"x"}"#), Reason::NotFound, Some("APIG.0101"), "x");
    check(|| json(500, r#"{"code":"X.1","message":"x"}"#), Reason::Server, Some("X.1"), "x");
    check(
        || answer(502, &[("content-type", "text/html")], b"<html><title>Bad Gateway</title></html>"),
        Reason::Server,
        None,
        "Bad Gateway",
    );
    check(|| answer(504, &[], b""), Reason::Server, None, "no body");
    check(
        || answer(302, &[("location", "https://login.example.com/")], b""),
        Reason::Invalid,
        None,
        "https://login.example.com/",
    );
}

#[test]
fn each_broken_answer_is_told_apart() {
    check(|| Act::Reset, Reason::Connect, None, "");
    check(|| Act::Cut(Vec::new()), Reason::Connect, None, "");
    check(|| Act::Cut(b"HTTP/1.1 200".to_vec()), Reason::Connect, None, "");
    check(|| Act::Cut(head(200, &[], 100)), Reason::Connect, None, "");
    check(|| Act::Cut([&head(200, &[], 100)[..], b"{\"total"].concat()), Reason::Connect, None, "");
    check(|| answer(200, &[("content-encoding", "gzip")], b"this is not gzip"), Reason::Decode, None, "");
    for cut in [cut_in_gzip::<5>, cut_in_gzip::<3000>] {
        check(cut, Reason::Connect, None, "");
    }
    let corrupt = || {
        let mut body = noise();
        body[2000..2100].fill(0xff);
        answer(200, &[("content-encoding", "gzip")], &body)
    };
    check(corrupt, Reason::Decode, None, "");
}

/// Gzip that does not become much smaller.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(9000)
    .collect();
    gzip(&noise.iter().map(|byte| b'a' + byte % 26).collect::<Vec<_>>())
}

fn cut_in_gzip<const AT: usize>() -> Act {
    let body = noise();
    Act::Cut([&head(200, &[("content-encoding", "gzip")], body.len())[..], &body[..AT]].concat())
}

#[test]
fn a_reset_within_a_body_is_a_broken_connection() {
    fn begun(headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        [&head(200, headers, 9000)[..], body].concat()
    }
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"tot\r\n";
    let gzipped = || begun(&[("content-encoding", "gzip")], &noise()[..3000]);
    check(|| Act::ResetAfter(begun(&[], b"{\"total")), Reason::Connect, None, "reset");
    check(move || Act::ResetAfter(gzipped()), Reason::Connect, None, "reset");
    check(|| Act::ResetAfter(chunked.to_vec()), Reason::Connect, None, "reset");
    check(|| Act::Cut(chunked.to_vec()), Reason::Connect, None, "");
}

#[test]
fn a_task_page_that_is_too_large_is_not_read_to_its_end() {
    check(|| answer(200, &[], &vec![b' '; 2 * 1024 * 1024 + 1]), Reason::TooLarge, None, "2 MiB");
    let bomb = || answer(200, &[("content-encoding", "gzip")], &gzip(&vec![b' '; 17 * 1024 * 1024]));
    check(bomb, Reason::TooLarge, None, "2 MiB");
}

/// An error that says all it has to say at its beginning, and goes on for 16 MiB.
fn endless(code: &str) -> Vec<u8> {
    let said = format!(r#"{{"error_code":"{code}","error_msg":"{code} was said","rest":["#);
    [said.as_bytes(), &b"{\"\":0},".repeat(2 * 1024 * 1024)].concat()
}

#[test]
fn an_error_without_end_is_judged_by_its_status_and_its_beginning() {
    let gzipped = [("content-encoding", "gzip")];
    check(|| answer(429, &[], &endless("APIGW.0308")), Reason::Throttled, Some("APIGW.0308"), "was said");
    check(|| answer(401, &[], &endless("APIGW.0301")), Reason::Auth, Some("APIGW.0301"), "was said");
    check(move || answer(429, &gzipped, &gzip(&endless("X.1"))), Reason::Throttled, Some("X.1"), "was said");
    let words = || format!(r#"{{"error_code":"HSS.0010","error_msg":"{}"}}"#, "signature=a ".repeat(1_300_000));
    check(move || json(400, &words()), Reason::Permission, Some("HSS.0010"), "signature=<secret>");
    let unlabelled = move || answer(503, &[], words().replace("HSS.0010", "HSS.0004").as_bytes());
    check(unlabelled, Reason::Server, Some("HSS.0004"), "signature=<secret>");
}

#[test]
fn an_error_that_breaks_off_is_judged_by_its_status() {
    fn begun(status: u16, body: &[u8]) -> Vec<u8> {
        [&head(status, &[], 9000)[..], body].concat()
    }
    const SAID: &[u8] = br#"{"error_code":"APIGW.0301","error_msg":"verify aksk"#;
    check(|| Act::Cut(begun(401, SAID)), Reason::Auth, Some("APIGW.0301"), "verify aksk");
    check(|| Act::ResetAfter(begun(401, SAID)), Reason::Auth, Some("APIGW.0301"), "verify aksk");
    check(|| Act::Cut(begun(429, b"")), Reason::Throttled, None, "no body");
    check(|| answer(403, &[("content-encoding", "gzip")], b"this is not gzip"), Reason::Permission, None, "no body");
}

#[tokio::test]
async fn an_error_that_stalls_is_judged_by_its_status() {
    let begun = [&head(429, &[("retry-after", "90")], 100)[..], b"{"].concat();
    let stub = Stub::start(move |_, _| Act::Stall(begun.clone())).await;
    let rig = Rig { timeout: Duration::from_millis(200), ..Rig::new(stub.url()) };
    let failure = rig.failure().await;
    assert_eq!((failure.reason, failure.retry_after), (Reason::Throttled, Some(Duration::from_secs(90))), "{failure}");
}

/// A page of enterprise projects whose names and descriptions are as long as the vendor allows.
fn enterprise_projects() -> String {
    let (name, description) = ("项".repeat(255), "项".repeat(512));
    let dates = r#""created_at":"2025-09-08T00:00:00Z","updated_at":"2025-09-08T00:00:00Z""#;
    let item = |n| format!(r#"{{"id":"{n:036}","name":"{name}","description":"{description}","status":1,{dates}}}"#);
    let items: Vec<String> = (0..1000).map(item).collect();
    format!(r#"{{"enterprise_projects":[{}],"total_count":1000}}"#, items.join(","))
}

#[tokio::test]
async fn lists_of_projects_may_be_as_long_as_accounts_are_large_and_no_longer() {
    let stub = Stub::start(move |_, request| match &*request.target {
        target if target.contains("enterprise-projects") => json(200, &enterprise_projects()),
        target if target.contains("auth/domains") => json(200, r#"{"domains":[{"id":"d","name":"corp"}]}"#),
        _ => json(200, &format!(r#"{{"projects":[{}0]}}"#, "0,".repeat(1_000_000))),
    })
    .await;
    let connection = Rig::new(stub.url()).connect();
    assert_eq!(connection.enterprise_projects().await.unwrap().len(), 1000);
    let failure = connection.projects(None).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLarge, "{failure}");
    assert!(failure.message.contains("`projects`"), "{failure}");
}

#[tokio::test]
async fn an_answer_about_domains_is_a_small_one() {
    let long = format!(r#"{{"domains":[{{"id":"d","name":"{}"}}]}}"#, "x".repeat(64 * 1024));
    let stub = Stub::start(move |_, _| json(200, &long)).await;
    let failure = Rig::new(stub.url()).connect().domains().await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLarge, "{failure}");
    assert!(failure.message.contains("64 KiB"), "{failure}");
}
