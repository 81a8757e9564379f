//! What each refusal and each broken answer is taken for.

use super::gzip;
use super::rig::Rig;
use super::stub::{Act, Stub, answer, head, json};
use hss_exporter::model::Reason;

/// A server's whole answer, and what it is taken for.
#[track_caller]
fn check(reply: fn() -> Act, reason: Reason, code: Option<&str>, words: &str) {
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
fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    check(|| answer(200, &[], &vec![b' '; 17 * 1024 * 1024]), Reason::TooLarge, None, "16 MiB");
    let bomb = || answer(200, &[("content-encoding", "gzip")], &gzip(&vec![b' '; 17 * 1024 * 1024]));
    check(bomb, Reason::TooLarge, None, "16 MiB");
}
