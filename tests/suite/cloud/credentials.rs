//! Credentials that end, change and vanish.

use super::rig::{Rig, SECRET, access_key, ask};
use super::stub::{Stub, json};
use super::verifies;
use hss_exporter::config::{Credentials, SecretSource};
use hss_exporter::model::Reason;

#[tokio::test]
async fn a_temporary_key_signs_its_security_token_too() {
    let stub = Stub::start(|_, _| json(200, "{}")).await;
    let rig = Rig { credentials: access_key(Some("TOKENEXAMPLE")), ..Rig::new(stub.url()) };
    ask(&rig.connect()).await.unwrap();
    let request = &stub.requests()[0];
    assert!(verifies(request, SECRET), "{request:?}");
    assert!(request.header("authorization").unwrap().contains(";x-sdk-date;x-security-token,"));
}

/// A token in a file, and a server that takes one token.
struct TokenRig {
    rig: Rig,
    stub: Stub,
    file: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

impl TokenRig {
    async fn new(accepted: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let stub = Stub::start(move |_, request| match request.header("x-auth-token") {
            Some(token) if token == accepted => json(200, "{}"),
            _ => json(401, r#"{"error_code":"APIGW.0307","error_msg":"The token must be updated"}"#),
        })
        .await;
        let credentials = Credentials::Token(SecretSource::File(file.clone()));
        let rig = Rig { credentials, max_attempts: 4, ..Rig::new(stub.url()) };
        Self { rig, stub, file, _dir: dir }
    }

    fn write(&self, token: &str) {
        std::fs::write(&self.file, token).unwrap();
    }
}

#[tokio::test]
async fn a_new_token_is_used_as_soon_as_it_is_in_the_file() {
    let test = TokenRig::new("second-one").await;
    test.write("first\n");
    let connection = test.rig.connect();
    let before = connection.credential_generation();
    assert_eq!(ask(&connection).await.unwrap_err().reason, Reason::TokenExpired);
    assert_eq!(test.stub.requests().len(), 1, "the same token is not sent twice");
    assert_eq!(connection.credential_generation(), before);
    test.write("second-one\n");
    assert!(connection.credential_generation() > before);
    assert_eq!(ask(&connection).await.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_token_replaced_while_its_request_is_on_the_way_is_tried_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "first").unwrap();
    let rotated = file.clone();
    let stub = Stub::start(move |number, _| {
        std::fs::write(&rotated, format!("number-{number}")).unwrap();
        json(401, r#"{"error":{"code":401,"message":"no"}}"#)
    })
    .await;
    let credentials = Credentials::Token(SecretSource::File(file));
    let rig = Rig { credentials, max_attempts: 4, ..Rig::new(stub.url()) };
    assert_eq!(rig.failure().await.reason, Reason::Auth);
    let requests = stub.requests();
    let tokens: Vec<_> = requests.iter().map(|request| request.header("x-auth-token").unwrap()).collect();
    assert_eq!(tokens, ["first", "number-0"]);
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn a_secret_file_that_is_gone_is_named_and_nothing_is_sent() {
    let test = TokenRig::new("good-token").await;
    let connection = test.rig.connect();
    let failure = ask(&connection).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Auth);
    assert!(failure.message.contains(&test.file.display().to_string()), "{failure}");
    test.write("good-token");
    assert!(ask(&connection).await.is_ok());
    std::fs::remove_file(&test.file).unwrap();
    assert_eq!(ask(&connection).await.unwrap_err().reason, Reason::Auth, "nothing is kept");
    assert_eq!(test.stub.requests().len(), 1);
    assert_eq!(test.rig.notes.all(), ["error auth", "attempt 200", "error auth"]);
}

#[tokio::test]
async fn an_access_key_without_an_end_has_no_token_to_renew() {
    let stub = Stub::start(|_, _| json(401, r#"{"error_code":"APIGW.0307","error_msg":"x"}"#)).await;
    assert_eq!(Rig::new(stub.url()).failure().await.reason, Reason::Auth);
    let temporary = Rig { credentials: access_key(Some("TOKENEXAMPLE")), ..Rig::new(stub.url()) };
    assert_eq!(temporary.failure().await.reason, Reason::TokenExpired);
}

#[tokio::test]
async fn an_access_key_follows_its_files() {
    let stub = Stub::start(|_, _| json(200, "{}")).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    let Credentials::AccessKey { id, security_token, .. } = access_key(None) else { unreachable!() };
    let credentials = Credentials::AccessKey { id, secret: SecretSource::File(file.clone()), security_token };
    let connection = Rig { credentials, ..Rig::new(stub.url()) }.connect();
    let mut generation = connection.credential_generation();
    for secret in ["one", "number-two", "three"] {
        std::fs::write(&file, format!("{secret}\n")).unwrap();
        let newer = connection.credential_generation();
        assert!(newer > generation, "a change for the better or worse is seen at once");
        generation = newer;
        ask(&connection).await.unwrap();
        assert!(verifies(stub.requests().last().unwrap(), secret));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(connection.credential_generation() > generation);
}
