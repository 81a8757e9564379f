//! Who is let in, and how often.

use super::wire::{Answer, Ask, Ground, MINUTE};
use hss_exporter::simulator::{Access, Credential, Granted, Options, RateLimit};

const BODY: &str = r#"{"task_type":"cluster_scan"}"#;
const FORBIDDEN: &str = "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden";

async fn demo() -> Ground {
    Ground::new(Options::default()).await
}

fn key(security_token: Option<&str>) -> Credential {
    let security_token = security_token.map(str::to_owned);
    Credential::new("someone", Access::Key { id: "AK".to_owned(), secret: "SK".to_owned(), security_token })
}

fn by_key(ask: Ask) -> Ask {
    Ask { key: ("AK".to_owned(), "SK".to_owned()), ..ask }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, text: &str) {
    let error = answer.error();
    assert_eq!((error.0, error.1.as_str()), (status, code));
    assert!(error.2.contains(text), "{}", error.2);
}

#[tokio::test]
async fn every_clients_choice_of_signed_headers_is_accepted() {
    let ground = demo().await;
    let ask = ground.ask(BODY);
    let with = |signed: &[(&str, &str)], unsigned: &[(&str, &str)], sign_host| {
        let ask = Ask { signed: Vec::new(), sign_host, ..ask.clone() };
        let ask = signed.iter().fold(ask, |ask, (name, value)| ask.signed(name, value));
        unsigned.iter().fold(ask, |ask, (name, value)| ask.unsigned(name, value))
    };
    let (json, agent, project) =
        (("Content-Type", "application/json"), ("User-Agent", "sdk/3.0; a b"), ("X-Project-Id", "p"));
    for (client, ask) in [
        ("the minimum", with(&[], &[json], false)),
        ("python", with(&[json, agent, project], &[], true)),
        ("go", with(&[agent, project], &[json], false)),
        ("java", with(&[agent, project], &[json], true)),
        (
            "terraform",
            with(
                &[("Content-Type", "application/json;charset=utf8"), ("Accept", "application/json"), agent],
                &[project],
                false,
            ),
        ),
        ("unsigned payload", with(&[json], &[("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")], true)),
    ] {
        let answer = ask.send().await;
        assert_eq!(answer.status, 200, "{client}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_query_is_signed_sorted_and_encoded_however_it_is_sent() {
    let ground = demo().await;
    for query in ["offset=0&limit=200&enterprise_project_id=0", "limit=%31%30&x", "z=%E4%B8%80%20%2B&a=b+c&limit=10"] {
        assert_eq!(ground.ask(BODY).query(query).send().await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn a_wrong_signature_is_answered_with_what_the_cloud_would_have_signed() {
    let ground = demo().await;
    let ask = ground.ask(BODY);
    let wrong = Ask { key: (ask.key.0.clone(), "wrong".to_owned()), ..ask.clone() };
    let answer = wrong.send().await;
    refused(&answer, 401, "APIGW.0301", "verify aksk signature fail, canonicalRequest:POST|/v5/");
    refused(
        &answer,
        401,
        "APIGW.0301",
        &format!("|host:{}|x-sdk-date:20250908T025320Z||content-type;host;x-sdk-date|", ask.address),
    );
    let unknown = Ask { key: ("NOBODY".to_owned(), "SK".to_owned()), ..ask.clone() };
    refused(&unknown.send().await, 401, "APIGW.0301", "Get secretKey failed,ak:NOBODY,err:ak not exist");
    refused(&Ask { sign: false, ..ask }.send().await, 401, "APIGW.0301", "x-auth-token not found");
}

#[tokio::test]
async fn a_signature_is_good_for_fifteen_minutes() {
    let ground = demo().await;
    let ask = ground.ask(BODY);
    for (minutes, good) in [(-15_i64, true), (15, true), (-16, false), (16, false)] {
        let answer = Ask { date: ask.date.saturating_add_signed(minutes * 60), ..ask.clone() }.send().await;
        match good {
            true => assert_eq!(answer.status, 200, "{minutes}"),
            false => refused(&answer, 401, "APIGW.0301", "signature expired"),
        }
    }
}

#[tokio::test]
async fn five_wrong_signatures_in_a_row_lock_the_key_for_five_minutes() {
    let ground = demo().await;
    let fail = async |times: usize| {
        for _ in 0..times {
            let mut ask = ground.ask(BODY);
            ask.key.1 = "wrong".to_owned();
            refused(&ask.send().await, 401, "APIGW.0301", "verify aksk signature fail");
        }
    };
    fail(4).await;
    assert_eq!(ground.ask(BODY).send().await.status, 200, "a good one starts the count anew");
    fail(5).await;
    refused(&ground.ask(BODY).send().await, 401, "APIGW.0301", FORBIDDEN);
    ground.pass(5 * MINUTE - 1);
    refused(&ground.ask(BODY).send().await, 401, "APIGW.0301", FORBIDDEN);
    ground.pass(1);
    assert_eq!(ground.ask(BODY).send().await.status, 200);
}

#[tokio::test]
async fn a_temporary_key_needs_its_token_signed_or_not() {
    let ground = Ground::new(Options { credentials: vec![key(Some("T"))], ..Options::default() }).await;
    let ask = by_key(ground.ask(BODY));
    assert_eq!(ask.clone().signed("X-Security-Token", "T").send().await.status, 200);
    assert_eq!(ask.clone().unsigned("X-Security-Token", "T").send().await.status, 200);
    refused(&ask.clone().unsigned("X-Security-Token", "U").send().await, 401, "APIGW.0301", "decrypt token fail");
    refused(&ask.send().await, 401, "APIGW.0301", "decrypt token fail");
}

#[tokio::test]
async fn a_token_is_good_until_it_expires() {
    let ground = demo().await;
    let value = "T".repeat(12_000);
    let expires = Some(ground.now() + MINUTE);
    ground.simulator.set_credentials(vec![Credential::new("someone", Access::Token { value: value.clone(), expires })]);
    let ask = ground.ask(BODY);
    assert_eq!(ask.clone().token(&value).send().await.status, 200);
    refused(&ask.clone().token("other").send().await, 401, "APIGW.0301", "decrypt token fail");
    ground.pass(MINUTE);
    refused(&ask.token(&value).send().await, 401, "APIGW.0307", "The token must be updated");
}

#[tokio::test]
async fn a_credential_sees_what_it_was_granted() {
    let ground = demo().await;
    let (first, second) = (ground.project(0), ground.project(1));
    ground.simulator.set_credentials(vec![Credential {
        projects: Granted::Only(vec![first.clone()]),
        enterprise_projects: Granted::Only(vec!["0".to_owned()]),
        ..key(None)
    }]);
    let ask = by_key(ground.ask(BODY));
    let undivided = ask.page().await;
    assert_eq!(undivided, ask.clone().query("limit=200&enterprise_project_id=0").page().await, "all that is granted");
    let foreign = ground.simulator.edit(|world| world.projects()[0].enterprise_projects()[1].id.to_string());
    let query = format!("enterprise_project_id={foreign}");
    refused(&ask.clone().query(&query).send().await, 400, "HSS.0013", "权限不足");
    let elsewhere = Ask { path: ask.path.replace(&first, &second), ..ask };
    refused(&elsewhere.send().await, 403, "APIGW.0310", "The project is unavailable");
}

#[tokio::test]
async fn the_documented_limit_is_five_calls_in_any_minute() {
    let ground = Ground::new(Options { rate_limit: Some(RateLimit::DOCUMENTED), ..Options::default() }).await;
    for _ in 0..5 {
        assert_eq!(ground.ask(BODY).send().await.status, 200);
        ground.pass(10_000);
    }
    let text = "The throttling threshold has been reached: policy user over ratelimit,limit:5,time:1 minute";
    refused(&ground.ask(BODY).send().await, 429, "APIGW.0308", text);
    ground.pass(10_000);
    assert_eq!(ground.ask(BODY).send().await.status, 200);
    refused(&ground.ask(BODY).send().await, 429, "APIGW.0308", text);
}

#[tokio::test]
async fn a_body_over_twelve_megabytes_is_refused() {
    let ground = demo().await;
    let padded = |length: usize| format!("{}{}", " ".repeat(length - BODY.len()), BODY);
    assert_eq!(ground.ask(padded(12 << 20)).send().await.status, 200);
    refused(&ground.ask(padded((12 << 20) + 1)).send().await, 413, "APIGW.0201", "too large");
}
