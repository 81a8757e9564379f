//! Requests to the cloud over real connections: what each failure is taken for, what is tried again, what is kept secret.

#![cfg(test)]

/// What each refusal and each broken answer is taken for.
mod answers;
/// Credentials that end, change and vanish.
mod credentials;
/// What stands on our side.
mod rig;
/// Where credentials come from.
mod scenarios;
/// What stands on the other side.
mod stub;

/// What first users get wrong, and what they are told.
mod mistakes;
/// Who is trusted, and how far a proxy reaches.
mod paths;
/// No secret is shown, whatever happens.
mod secrets;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hss_exporter::cloud::{Answer, Call, sign};
use hss_exporter::model::Reason;
use proptest::prelude::*;
use rig::{ID, NOW, Rig, SECRET, ask, ask_for, call};
use std::io::Write;
use std::time::Duration;
use stub::{Act, Received, Stub, answer, head, json};

/// Recomputes a request's signature from what was received, as the cloud does.
fn verifies(request: &Received, secret: &str) -> bool {
    let authorization = request.header("authorization").unwrap();
    let rest = authorization.strip_prefix(&format!("SDK-HMAC-SHA256 Access={ID}, SignedHeaders=")).unwrap();
    let (names, signature) = rest.split_once(", Signature=").unwrap();
    let headers: Vec<_> = names.split(';').map(|name| (name, request.header(name).unwrap())).collect();
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let canonical = sign::canonical_request(&request.method, path, query, &headers, &request.body);
    let to_sign = sign::string_to_sign(request.header("x-sdk-date").unwrap(), &canonical);
    sign::signature(secret, &to_sign) == signature
}

#[tokio::test]
async fn a_signed_request_goes_out_and_its_answer_comes_back() {
    let stub = Stub::start(|_, _| json(200, r#"{"total_num":0}"#)).await;
    let rig = Rig::new(stub.url());
    let answer = ask(&rig.connect()).await.unwrap();
    assert_eq!((&answer.body[..], answer.attempts), (&br#"{"total_num":0}"#[..], 1));
    let request = &stub.requests()[0];
    assert!(verifies(request, SECRET), "{request:?}");
    assert_eq!(
        request.target,
        "/v5/0123456789abcdef0123456789abcdef/common/tasks/batch-query?enterprise_project_id=all_granted_eps&limit=200"
    );
    let expected = [
        ("host", stub.url().replace("http://", "")),
        ("content-type", "application/json".to_owned()),
        ("x-project-id", "0123456789abcdef0123456789abcdef".to_owned()),
        ("x-sdk-date", "20250908T000000Z".to_owned()),
        ("user-agent", format!("hss-exporter/{}", env!("CARGO_PKG_VERSION"))),
        ("accept-encoding", "gzip".to_owned()),
    ];
    for (name, value) in expected {
        assert_eq!(request.header(name), Some(value.as_str()), "{name}");
    }
    assert!(
        request.header("authorization").unwrap().contains("SignedHeaders=content-type;host;x-project-id;x-sdk-date,")
    );
    assert_eq!(rig.notes.all(), ["attempt 200"]);
}

#[tokio::test]
async fn a_gzipped_answer_is_unpacked() {
    let body = gzip(br#"{"total_num":1}"#);
    let stub = Stub::start(move |_, _| answer(200, &[("content-encoding", "gzip")], &body)).await;
    let answer = ask(&Rig::new(stub.url()).connect()).await.unwrap();
    assert_eq!(&answer.body[..], br#"{"total_num":1}"#);
}

#[tokio::test]
async fn an_answer_that_stalls_runs_out_of_time() {
    for (begun, status) in [(Vec::new(), None), ([&head(200, &[], 100)[..], b"{"].concat(), Some(200))] {
        let stub = Stub::start(move |_, _| Act::Stall(begun.clone())).await;
        let rig = Rig { timeout: Duration::from_millis(200), ..Rig::new(stub.url()) };
        let failure = rig.failure().await;
        assert_eq!((failure.reason, failure.status), (Reason::Timeout, status));
        assert!(failure.message.contains("200ms"), "{failure}");
    }
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let endpoint = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let rig = Rig::new(endpoint);
    let failure = rig.failure().await;
    assert_eq!(failure.reason, Reason::Connect);
    assert!(failure.message.contains("refused"), "{failure}");
    assert_eq!(rig.notes.all(), ["attempt error", "error connect"]);
}

#[tokio::test]
async fn many_calls_share_one_connection() {
    let stub = Stub::start(|number, _| json(if number % 3 == 2 { 400 } else { 200 }, "{}")).await;
    let rig = Rig::new(stub.url());
    let cloud = rig.cloud();
    let accounts = [cloud.connect(&rig.account()).unwrap(), cloud.connect(&rig.account()).unwrap()];
    for number in 0..20 {
        let outcome = ask(&accounts[number % 2]).await;
        assert_eq!(outcome.is_err(), number % 3 == 2);
    }
    assert_eq!((stub.requests().len(), stub.connections()), (20, 1));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_counted() {
    let stub = Stub::start(|number, _| match number {
        0 => json(503, "{}"),
        1 => Act::Reset,
        _ => json(200, "{}"),
    })
    .await;
    let rig = Rig { max_attempts: 4, ..Rig::new(stub.url()) };
    let answer = ask(&rig.connect()).await.unwrap();
    assert_eq!((answer.attempts, stub.requests().len()), (3, 3));
    assert!(stub.requests().iter().all(|request| verifies(request, SECRET)));
    let expected = ["attempt 503", "error server", "retry", "attempt error", "error connect", "retry", "attempt 200"];
    assert_eq!(rig.notes.all(), expected);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_asked_for_again() {
    let stub = Stub::start(|number, _| match number {
        0 => answer(200, &[("x-request-id", "r1")], format!("<html>{SECRET}").as_bytes()),
        _ => json(200, "{}"),
    })
    .await;
    let read = |answer: &Answer| match &answer.body[..] {
        b"{}" => Ok(()),
        other => Err((Reason::Decode, String::from_utf8_lossy(other).into_owned())),
    };
    let rig = Rig { max_attempts: 2, ..Rig::new(stub.url()) };
    let mut attempts = 0;
    assert_eq!(rig.connect().call(&call(), &mut attempts, read).await, Ok(()));
    assert_eq!(attempts, 2);
    assert_eq!(rig.notes.all(), ["attempt 200", "error decode", "retry", "attempt 200"]);
    let stub = Stub::start(|_, _| answer(200, &[("x-request-id", "r1")], format!("<html>{SECRET}").as_bytes())).await;
    let failure = Rig::new(stub.url()).connect().call(&call(), &mut attempts, read).await.unwrap_err();
    assert_eq!(
        (failure.reason, failure.status, failure.request_id.as_deref()),
        (Reason::Decode, Some(200), Some("r1"))
    );
    assert_eq!(failure.message, "<html><secret>");
}

#[tokio::test]
async fn trying_again_has_an_end() {
    let stub = Stub::start(|_, _| json(500, r#"{"error_code":"HSS.0004","error_msg":"database"}"#)).await;
    let rig = Rig { max_attempts: 2, ..Rig::new(stub.url()) };
    let failure = rig.failure().await;
    assert_eq!((failure.reason, stub.requests().len()), (Reason::Server, 2));
}

#[tokio::test]
async fn a_wrong_signature_is_never_tried_again() {
    for status in [400, 401, 403, 404] {
        let stub = Stub::start(move |_, _| json(status, "{}")).await;
        let rig = Rig { max_attempts: 4, ..Rig::new(stub.url()) };
        rig.failure().await;
        assert_eq!(stub.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_limit_of_five_minutes_is_left_to_the_next_refresh() {
    let throttled = r#"{"error_code":"APIGW.0308","error_msg":"policy user over ratelimit,limit:200,time:5 minute"}"#;
    let stub = Stub::start(|_, _| json(429, throttled)).await;
    let rig = Rig { max_attempts: 4, ..Rig::new(stub.url()) };
    let failure = rig.failure().await;
    assert_eq!((failure.retry_after, stub.requests().len()), (Some(Duration::from_secs(300)), 1));
}

#[tokio::test]
async fn the_cloud_is_asked_again_no_sooner_than_it_says() {
    let stub = Stub::start(|number, _| match number {
        0 => answer(429, &[("retry-after", "1")], b""),
        _ => json(200, "{}"),
    })
    .await;
    let rig = Rig { max_attempts: 2, ..Rig::new(stub.url()) };
    let asked = std::time::Instant::now();
    assert_eq!(ask(&rig.connect()).await.unwrap().attempts, 2);
    assert!(asked.elapsed() >= Duration::from_secs(1), "never sooner; how much later is the machine's affair");
}

#[tokio::test]
async fn the_clouds_clock_tells_when_an_answer_was_given() {
    let stub = Stub::start(|number, _| match number {
        0 => answer(200, &[("date", "Sun, 07 Sep 2025 23:58:00 GMT")], b"{}"),
        _ => answer(200, &[("date", "yesterday")], b"{}"),
    })
    .await;
    let rig = Rig::new(stub.url());
    let connection = rig.connect();
    for _ in 0..2 {
        let at = ask(&connection).await.unwrap().at;
        let seconds = at.since_epoch().as_secs() - (NOW - 120);
        assert!(seconds < 30, "its date, or what has passed since: {seconds} s");
    }
    assert_eq!(rig.notes.all(), ["attempt 200", "skew 120", "attempt 200"]);
}

/// When a good answer was given, in seconds by our clock, if the first answers are dated so; how often it was asked for, and
/// what was noted.
async fn asked(dates: [&'static str; 3], status: u16) -> (Option<i64>, usize, Vec<String>) {
    let stub = Stub::start(move |number, _| answer(status, &[("date", dates[number.min(2)])], b"{}")).await;
    let rig = Rig::new(stub.url());
    let answer = ask(&rig.connect()).await.ok();
    let at = answer.map(|answer| answer.at.since_epoch().as_secs().cast_signed() - NOW.cast_signed());
    (at, stub.requests().len(), rig.notes.all())
}

#[tokio::test]
async fn a_first_answer_that_disputes_our_clock_is_asked_for_again_until_that_is_settled() {
    let (now, long_ago, soon) =
        ("Mon, 08 Sep 2025 00:00:00 GMT", "Sat, 06 Sep 2025 00:00:00 GMT", "Mon, 08 Sep 2025 00:10:00 GMT");
    let again =
        |note: &str| ["attempt 200", "DateDistrusted { account: \"prod\" }", "attempt 200", note].map(str::to_owned);
    let (at, requests, notes) = asked([long_ago, now, now], 200).await;
    assert_eq!((at, requests), (Some(0), 2));
    assert_eq!(notes, again("skew 0"), "no retry, and allowed though there is one attempt a call");
    let (at, requests, notes) = asked([soon, soon, soon], 200).await;
    assert_eq!((at, requests, notes.last().map(String::as_str)), (Some(600), 3, Some("skew -600")));
    let (at, requests, _) = asked([soon, long_ago, soon], 200).await;
    assert!(at.is_some_and(|at| (0..30).contains(&at)), "our clock: {at:?}");
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_refusal_that_disputes_our_clock_is_not_repeated() {
    let (_, requests, notes) = asked(["Sat, 06 Sep 2025 00:00:00 GMT"; 3], 401).await;
    assert_eq!((requests, notes.len()), (1, 3), "{notes:?}");
}

#[test]
fn whatever_is_asked_the_signature_is_that_of_the_bytes_on_the_wire() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stub = runtime.block_on(Stub::start(|_, _| json(200, "{}")));
    let connection = Rig::new(stub.url()).connect();
    let inputs = (
        "(/?[^\\n]{0,10}){1,4}",
        prop::collection::vec(("[^\\n]{0,10}", prop::sample::select(vec!["limit", "offset", "a"])), 0..4),
        prop::collection::vec(any::<u8>(), 0..100),
    );
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = proptest::test_runner::TestRunner::new(config).run(&inputs, |(path, query, body)| {
        let query = query.into_iter().map(|(value, key)| (key, value)).collect::<Vec<_>>();
        let call = Call { path, query: query.clone(), body: Bytes::from(body.clone()), ..call() };
        let outcome = runtime.block_on(ask_for(&connection, &call));
        prop_assert!(outcome.is_ok(), "{:?}", outcome);
        let request = stub.requests().pop().unwrap();
        prop_assert!(verifies(&request, SECRET), "{:?}", request);
        prop_assert_eq!(&request.body, &body);
        let mut expected: Vec<_> =
            query.iter().map(|(key, value)| format!("{key}={}", sign::encode_component(value))).collect();
        let (_, sent) = request.target.split_once('?').unwrap_or_default();
        let mut sent: Vec<_> = sent.split('&').filter(|pair| !pair.is_empty()).collect();
        expected.sort();
        sent.sort_unstable();
        prop_assert_eq!(sent, expected, "every value arrives as it was meant");
        Ok(())
    });
    outcome.unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
