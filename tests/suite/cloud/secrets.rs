//! Nothing that is public in `cloud`, and no log line at any level, shows a secret.

use super::rig::{Rig, SECRET, access_key, ask, call};
use super::stub::{Act, Stub, answer, json};
use hss_exporter::config::{Credentials, Secret, SecretSource};
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

const SECURITY_TOKEN: &str = "canary-security-token";
const TOKEN: &str = "canary-token";

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Refuses everything, and repeats all that it was told.
fn parrot(number: usize, request: &super::Received) -> Act {
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}:{value}|")).collect();
    let echo = format!("verify aksk signature fail, canonicalRequest:{}|{headers}", request.target);
    let bare = request.header("x-auth-token").or(request.header("x-security-token")).unwrap_or(SECRET);
    match number % 3 {
        0 => json(401, &format!(r#"{{"error_code":"APIGW.0301","error_msg":"{echo} {bare}","request_id":"{bare}"}}"#)),
        1 => answer(302, &[("location", bare), ("x-request-id", bare)], b""),
        _ => answer(400, &[], format!("<html>{echo} {bare}").as_bytes()),
    }
}

#[tokio::test]
async fn no_secret_is_shown_whatever_the_cloud_says() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    // While there is one subscriber only, a test on another thread, which has none, may switch a log line off for all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    let stub = Stub::start(parrot).await;
    let token = Credentials::Token(SecretSource::Value(Secret::new(TOKEN)));
    let mut shown = String::new();
    for credentials in [access_key(None), access_key(Some(SECURITY_TOKEN)), token] {
        let rig = Rig { credentials, ..Rig::new(stub.url()) }
            .environment("HTTPS_PROXY", "http://user:canary-password@proxy.invalid:1");
        let cloud = rig.cloud();
        let connection = cloud.connect(&rig.account()).unwrap();
        shown += &format!("{cloud:?} {cloud:#?} {connection:?} {connection:#?} {:?} {:?}", rig.account(), call());
        for _ in 0..3 {
            let failure = ask(&connection).await.unwrap_err();
            shown += &format!("{failure} {failure:?}\n");
        }
    }
    let log = log.text();
    assert_eq!(log.matches(": attempt ").count(), 9, "one line for each attempt: {log}");
    assert!(log.contains("target=\"ListTasks(cluster_scan) of prod/payments/default\""), "{log}");
    assert!(shown.contains("x-sdk-date:20250908T000000Z"), "the rest of the cloud's words is kept: {shown}");
    for text in [&shown, &log] {
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.replace("Signature=<secret>", "").contains("Signature="), "{text}");
    }
}

#[tokio::test]
async fn access_key_ids_are_masked_in_what_the_cloud_repeats() {
    for (words, expected) in [
        ("ak AKEXAMPLE not exist", "ak AKEX*** not exist"),
        ("ak AKOFSOMEBODYELSE not exist", "ak AKOF*** not exist"),
        ("Access=AKOFSOMEBODYELSE, Signature=f00d", "Access=AKOF***, Signature=<secret>"),
        ("AKEXAMPLE, AKEX\\u0041MPLE and %41KEXAMPLE", "AKEX***, AKEX*** and AKEX***"),
        ("AK access failed to reach the limit,forbidden", "AK access failed to reach the limit,forbidden"),
    ] {
        let said = format!(r#"{{"error_code":"APIGW.0301","error_msg":"{words}"}}"#);
        let stub = Stub::start(move |_, _| json(401, &said)).await;
        assert_eq!(Rig::new(stub.url()).failure().await.message, expected);
        let said = words.to_owned();
        let stub = Stub::start(move |_, _| answer(401, &[], said.as_bytes())).await;
        assert_eq!(Rig::new(stub.url()).failure().await.message, format!("the answer says only: {expected}"));
    }
}

#[tokio::test]
async fn a_proxy_that_repeats_its_password_does_not_show_it() {
    let proxy = Stub::start(|_, request| {
        let authorization = request.header("proxy-authorization").unwrap();
        answer(502, &[], format!("{authorization} is canary%2Fpass\"word, or canary/pass\\\"word").as_bytes())
    })
    .await;
    let address = proxy.url().replace("//", "//user:canary%2Fpass%22word@");
    let rig = Rig::new("http://hss.example.invalid").environment("HTTP_PROXY", address);
    let failure = rig.failure().await;
    assert!(failure.message.contains("<secret> is <secret>, or <secret>"), "{failure}");
    let basic = "Basic dXNlcjpjYW5hcnkvcGFzcyJ3b3Jk";
    assert_eq!(proxy.requests()[0].header("proxy-authorization"), Some(basic));
    assert!(basic.as_bytes()[13..].windows(8).all(|part| !failure.message.as_bytes().windows(8).any(|w| w == part)));
}
