//! Signing in, temporary keys, projects: what stands in for IAM, and what its tokens and keys are good for.

use super::wire::{Answer, Ask, Ground, MINUTE};
use hss_exporter::simulator::{
    Agency, Api, Directory, Fault, Granted, Iam, Options, OtherProject, RateLimit, Refusal, Rules, User,
};
use serde_json::{Value, json};

const TOKENS: &str = "/v3/auth/tokens";
const KEYS: &str = "/v3.0/OS-CREDENTIAL/securitytokens";
const ID_TOKENS: &str = "/v3.0/OS-AUTH/id-token/tokens";
const PASSWORD: &str = "simulated-password-of-no-value";
const HOUR: u64 = 60 * MINUTE;

async fn demo() -> Ground {
    Ground::new(Options::default()).await
}

async fn with(directory: Directory) -> Ground {
    Ground::new(Options { directory, ..Options::default() }).await
}

fn password(password: &str, scope: &Value) -> Value {
    let user = json!({ "name": "demo", "password": password, "domain": { "name": "simulated" } });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    json!({ "auth": { "identity": identity, "scope": scope } })
}

fn region() -> Value {
    json!({ "project": { "name": "cn-north-4" } })
}

fn sign_in(ground: &Ground, secret: &str, scope: &Value) -> Ask {
    ground.call("POST", TOKENS, password(secret, scope).to_string())
}

fn assume(agency: &str, more: &Value) -> Value {
    let mut assume_role = json!({ "domain_name": "simulated", "agency_name": agency });
    assume_role.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({ "auth": { "identity": { "methods": ["assume_role"], "assume_role": assume_role } } })
}

fn by_token(token: &str) -> Value {
    json!({ "auth": { "identity": { "methods": ["token"], "token": { "id": token, "duration_seconds": 900 } } } })
}

#[track_caller]
fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.header("x-subject-token").expect("a token").to_owned()
}

/// What HSS answers to the bearer of a token: the status, and the error's code.
async fn hss(ground: &Ground, token: &str) -> (u16, String) {
    status(&ground.ask(r#"{"task_type":"iac_scan"}"#).token(token).send().await)
}

async fn hss_by_key(ground: &Ground, key: &Value) -> (u16, String) {
    status(&ground.ask(r#"{"task_type":"iac_scan"}"#).temporary_key(key).send().await)
}

fn status(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error().1)
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn no(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn iam_error(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

#[tokio::test]
async fn a_password_is_good_for_a_token_and_the_token_for_a_day() {
    let ground = demo().await;
    let answer = sign_in(&ground, PASSWORD, &region()).send().await;
    let token = token_of(&answer);
    let said = &answer.json()["token"];
    assert_eq!(said["issued_at"], "2025-09-08T02:53:20.000000Z");
    assert_eq!(said["expires_at"], "2025-09-09T02:53:20.000000Z");
    assert_eq!((&said["methods"], &said["user"]["name"]), (&json!(["password"]), &json!("demo")));
    assert_eq!(said["project"]["id"], ground.project(0));
    assert!(answer.header("x-iam-trace-id").is_some());
    assert_eq!(hss(&ground, &token).await, good());
    ground.pass(24 * HOUR - 1);
    assert_eq!(hss(&ground, &token).await, good());
    ground.pass(1);
    assert_eq!(hss(&ground, &token).await, no(401, "APIGW.0307"));
    let another = token_of(&sign_in(&ground, PASSWORD, &region()).send().await);
    assert_ne!(another, token);
    assert_eq!(hss(&ground, &another).await, good());
}

#[tokio::test]
async fn a_token_is_good_for_its_scope_and_nothing_else() {
    let ground = with(Directory { projects: OtherProject::of_elsewhere(), ..Directory::default() }).await;
    let scoped = async |scope: Value| token_of(&sign_in(&ground, PASSWORD, &scope).send().await);
    assert_eq!(hss(&ground, &scoped(json!({ "project": { "id": ground.project(0) } })).await).await, good());
    let storefront = scoped(json!({ "project": { "name": "cn-north-4_storefront" } })).await;
    assert_eq!(hss(&ground, &storefront).await, no(403, "APIGW.0310"));
    let elsewhere = scoped(json!({ "project": { "name": "ap-southeast-3" } })).await;
    assert_eq!(hss(&ground, &elsewhere).await, no(401, "APIGW.0307"));
    for domain in [Value::Null, json!({ "domain": { "name": "simulated" } })] {
        assert_eq!(hss(&ground, &scoped(domain).await).await, no(403, "APIGW.0302"));
    }
    let refused = async |scope: Value| sign_in(&ground, PASSWORD, &scope).send().await.iam_error();
    let nowhere = json!({ "project": { "name": "cn-south-1" } });
    assert_eq!(refused(nowhere).await, iam_error(404, "Could not find project: cn-south-1."));
    assert_eq!(refused(json!({ "domain": { "name": "other" } })).await.0, 403);
    ground.simulator.edit_iam(|iam| iam.directory.user_mut("demo").unwrap().projects = Granted::Only(Vec::new()));
    assert_eq!(refused(region()).await, iam_error(403, "You have no right to do this action"));
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_login_for_a_quarter_of_an_hour() {
    let ground = demo().await;
    let refused = async |secret: &str| sign_in(&ground, secret, &region()).send().await.iam_error();
    for _ in 0..5 {
        assert_eq!(refused("wrong").await, iam_error(401, "The username or password is wrong."));
    }
    let locked = iam_error(401, "The account is locked.");
    assert_eq!(refused(PASSWORD).await, locked);
    ground.pass(15 * MINUTE - 1);
    assert_eq!(refused(PASSWORD).await, locked);
    ground.pass(1);
    assert_eq!(sign_in(&ground, PASSWORD, &region()).send().await.status, 201);
    let until = ground.now() + HOUR;
    ground.simulator.edit_iam(|iam| iam.lock("demo", until));
    assert_eq!(refused(PASSWORD).await, locked);
    ground.simulator.edit_iam(|iam| iam.unlock("demo"));
    assert_eq!(sign_in(&ground, PASSWORD, &region()).send().await.status, 201);
    ground.simulator.edit_iam(|iam| iam.directory.user_mut("demo").unwrap().enabled = false);
    assert_eq!(refused(PASSWORD).await, iam_error(401, "The user is disabled."));
}

#[tokio::test]
async fn another_account_or_another_name_is_a_wrong_password() {
    let ground = demo().await;
    let user = "/auth/identity/password/user";
    for (key, wrong) in [("domain", json!({ "name": "other" })), ("name", json!("nobody"))] {
        let mut body = password(PASSWORD, &region());
        body.pointer_mut(user).unwrap()[key] = wrong;
        let answer = ground.call("POST", TOKENS, body.to_string()).send().await;
        assert_eq!(answer.iam_error(), iam_error(401, "The username or password is wrong."));
    }
}

#[tokio::test]
async fn what_is_no_request_to_sign_in_is_told_so() {
    let ground = demo().await;
    let whole = password(PASSWORD, &region());
    let body = iam_error(400, "The request body is invalid");
    for pointer in ["/auth/identity/password/user/domain", "/auth/identity/methods", "/auth/scope/project/name"] {
        let mut missing = whole.clone();
        *missing.pointer_mut(pointer).unwrap() = Value::Null;
        assert_eq!(ground.call("POST", TOKENS, missing.to_string()).send().await.iam_error(), body, "{pointer}");
    }
    let untyped = Ask { unsigned: Vec::new(), ..ground.call("POST", TOKENS, whole.to_string()) };
    assert_eq!(untyped.send().await.iam_error(), body);
    assert_eq!(ground.call("GET", TOKENS, "").send().await.error().1, "APIGW.0101");
}

#[tokio::test]
async fn a_token_dies_with_the_password_and_by_decree() {
    let ground = demo().await;
    let token = token_of(&sign_in(&ground, PASSWORD, &region()).send().await);
    ground.simulator.edit_iam(|iam| iam.change_password("demo", "another"));
    assert_eq!(hss(&ground, &token).await, no(401, "APIGW.0301"));
    assert_eq!(sign_in(&ground, PASSWORD, &region()).send().await.status, 401);
    let token = token_of(&sign_in(&ground, "another", &region()).send().await);
    let list = |token: &str| ground.call("GET", "/v3/auth/projects", "").token(token);
    assert_eq!(list(&token).send().await.status, 200);
    ground.simulator.edit_iam(|iam| iam.revoke("demo"));
    assert_eq!(hss(&ground, &token).await, no(401, "APIGW.0301"));
    assert_eq!(list(&token).send().await.iam_error(), iam_error(401, "The X-Auth-Token is invalid!"));
}

#[tokio::test]
async fn lifetimes_and_lengths_are_as_the_rules_say() {
    let rules =
        Rules { token_lifetime: MINUTE, token_length: 30_000, key_lifetime: Some(2 * MINUTE), ..Rules::default() };
    let ground = with(Directory { rules, ..Directory::default() }).await;
    let token = token_of(&sign_in(&ground, PASSWORD, &region()).send().await);
    assert_eq!(token.len(), 30_000);
    let key = ground.call("POST", KEYS, by_token(&token).to_string()).send().await.json();
    assert_eq!(key["credential"]["expires_at"], "2025-09-08T02:55:20.000000Z");
    ground.pass(MINUTE);
    assert_eq!((hss(&ground, &token).await, hss_by_key(&ground, &key).await), (no(401, "APIGW.0307"), good()));
    ground.pass(MINUTE);
    assert_eq!(hss_by_key(&ground, &key).await, no(401, "APIGW.0301"));
}

#[tokio::test]
async fn a_token_or_a_key_is_good_for_a_temporary_key() {
    let ground = demo().await;
    let token = token_of(&sign_in(&ground, PASSWORD, &Value::Null).send().await);
    let body = assume("hss-reader", &json!({ "duration_seconds": 3600 })).to_string();
    let asked = [
        ground.call("POST", KEYS, by_token(&token).to_string()),
        ground.call("POST", KEYS, body.clone()).token(&token),
        ground.call("POST", KEYS, body).key("SIMULATEDACCESSKEY", "simulated-secret-of-no-value"),
    ];
    let lifetimes = ["03:08:20", "03:53:20", "03:53:20"];
    let mut keys = Vec::new();
    for (ask, expires) in asked.into_iter().zip(lifetimes) {
        let answer = ask.send().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let key = answer.json();
        assert_eq!(key["credential"]["expires_at"], format!("2025-09-08T{expires}.000000Z"));
        assert_eq!(hss_by_key(&ground, &key).await, good());
        let mut without = key.clone();
        without["credential"]["securitytoken"] = "another".into();
        assert_eq!(hss_by_key(&ground, &without).await, no(401, "APIGW.0301"));
        keys.push(key);
    }
    ground.simulator.edit_iam(Iam::revoke_all);
    for key in keys {
        assert_eq!(hss_by_key(&ground, &key).await, no(401, "APIGW.0301"));
    }
}

#[tokio::test]
async fn a_temporary_key_is_not_given_to_just_anybody_or_for_just_any_time() {
    let ground = demo().await;
    let refused = async |body: Value| ground.call("POST", KEYS, body.to_string()).send().await.iam_error();
    assert_eq!(refused(by_token("wrong")).await, iam_error(401, "The X-Auth-Token is invalid!"));
    assert_eq!(refused(assume("hss-reader", &Value::Null)).await.0, 401);
    let token = "simulated-token-of-no-value";
    for seconds in [899, 86_401] {
        let mut body = by_token(token);
        body["auth"]["identity"]["token"]["duration_seconds"] = seconds.into();
        assert_eq!(refused(body).await, iam_error(400, "The request body is invalid"));
    }
    assert_eq!(ground.call("POST", KEYS, by_token(token).to_string()).send().await.status, 201);
}

#[tokio::test]
async fn an_agency_sees_what_was_granted_to_it() {
    let ground = demo().await;
    let only = Granted::Only(vec![ground.project(1)]);
    ground.simulator.edit_iam(|iam| {
        iam.directory.agencies.push(Agency { projects: only, ..Agency::new("auditor", "partner") });
        let demo = User { agent_operator: false, ..User::new("clerk", PASSWORD) };
        iam.directory.users.push(demo);
    });
    let mut body = assume("auditor", &json!({ "domain_name": "partner" }));
    body["auth"]["scope"] = json!({ "project": { "id": ground.project(1) } });
    let ask = |body: &Value| ground.call("POST", TOKENS, body.to_string());
    let token = token_of(&ask(&body).token("simulated-token-of-no-value").send().await);
    assert_eq!(hss(&ground, &token).await, no(403, "APIGW.0310"));
    let at_home = ground.ask(r#"{"task_type":"iac_scan"}"#).token(&token);
    let at_home = Ask { path: at_home.path.replace(&ground.project(0), &ground.project(1)), ..at_home };
    assert_eq!(at_home.send().await.status, 200);
    body["auth"]["scope"] = region();
    let refused = async |ask: Ask| ask.send().await.iam_error();
    assert_eq!(refused(ask(&body).token("simulated-token-of-no-value")).await.0, 403);
    let unknown = assume("nobody", &Value::Null);
    let answer = refused(ask(&unknown).key("SIMULATEDACCESSKEY", "simulated-secret-of-no-value")).await;
    assert_eq!(answer, iam_error(404, "Could not find agency: nobody."));
    let mut clerk = password(PASSWORD, &Value::Null);
    clerk["auth"]["identity"]["password"]["user"]["name"] = "clerk".into();
    let clerk = token_of(&ask(&clerk).send().await);
    assert_eq!(refused(ask(&body).token(&clerk)).await, iam_error(403, "You have no right to do this action"));
}

#[tokio::test]
async fn an_id_token_is_exchanged_for_a_token_that_is_exchanged_for_a_key() {
    let ground = demo().await;
    let body = |token: &str| json!({ "auth": { "id_token": { "id": token } } }).to_string();
    let exchange =
        |token: &str, provider: &str| ground.call("POST", ID_TOKENS, body(token)).unsigned("X-Idp-Id", provider);
    let token = token_of(&exchange("simulated-id-token-of-no-value", "cluster").send().await);
    assert_eq!(hss(&ground, &token).await, no(403, "APIGW.0302"), "it has no scope");
    let key = ground.call("POST", KEYS, by_token(&token).to_string()).send().await.json();
    assert_eq!(hss_by_key(&ground, &key).await, good());
    let scoped = json!({ "auth": { "id_token": { "id": "simulated-id-token-of-no-value" }, "scope": region() } });
    let scoped = ground.call("POST", ID_TOKENS, scoped.to_string()).unsigned("X-Idp-Id", "cluster");
    assert_eq!(hss(&ground, &token_of(&scoped.send().await)).await, good());
    let mut rescoped = by_token(&token);
    rescoped["auth"]["scope"] = region();
    let rescoped = ground.call("POST", TOKENS, rescoped.to_string()).send().await;
    assert_eq!(rescoped.json()["token"]["methods"], json!(["token"]));
    assert_eq!(hss(&ground, &token_of(&rescoped)).await, good());
    let wrong = exchange("wrong", "cluster").send().await;
    assert_eq!(wrong.iam_error(), iam_error(401, "Authentication failed"));
    let wrong = exchange("simulated-id-token-of-no-value", "other").send().await;
    assert_eq!(wrong.iam_error(), iam_error(404, "Could not find identity provider: other."));
}

#[tokio::test]
async fn projects_are_listed_by_name_by_page_and_by_what_may_be_entered() {
    let directory = Directory { projects: OtherProject::of_elsewhere(), ..Directory::default() };
    let ground = with(directory).await;
    let disabled = ground.project(2);
    ground.simulator.edit_iam(|iam| iam.directory.disabled.push(disabled));
    let key = |path: &str| ground.call("GET", path, "").key("SIMULATEDACCESSKEY", "simulated-secret-of-no-value");
    let names = async |ask: Ask| {
        let answer = ask.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let projects = answer.json()["projects"].as_array().unwrap().clone();
        projects.iter().map(|project| project["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["cn-north-4", "cn-north-4_storefront", "cn-north-4_data-platform", "ap-southeast-3", "MOS"];
    assert_eq!(names(key("/v3/projects")).await, all);
    assert_eq!(names(key("/v3/projects").query("name=cn-north-4")).await, ["cn-north-4"]);
    assert_eq!(names(key("/v3/projects").query("page=2&per_page=2")).await, all[2..4]);
    assert_eq!(names(key("/v3/projects").query("enabled=false")).await, ["cn-north-4_data-platform"]);
    assert_eq!(key("/v3/projects").query("page=0").send().await.iam_error().0, 400);

    let main = &key("/v3/projects").query("name=cn-north-4").send().await.json()["projects"][0];
    assert_eq!((&main["id"], &main["enabled"]), (&json!(ground.project(0)), &json!(true)));
    let domain = &key("/v3/auth/domains").send().await.json()["domains"][0];
    assert_eq!((&domain["name"], &domain["id"]), (&json!("simulated"), &main["domain_id"]));
    let sub = &key("/v3/projects").query("name=cn-north-4_storefront").send().await.json()["projects"][0];
    assert_eq!(sub["parent_id"], main["id"]);

    let only = Granted::Only(vec![ground.project(1)]);
    ground.simulator.edit_iam(|iam| iam.directory.user_mut("demo").unwrap().projects = only);
    let token = token_of(&sign_in(&ground, PASSWORD, &Value::Null).send().await);
    let own = ground.call("GET", "/v3/auth/projects", "").token(&token);
    assert_eq!(names(own).await, ["cn-north-4_storefront"]);
}

#[tokio::test]
async fn projects_come_and_go_with_the_world() {
    let ground = demo().await;
    let names = async || {
        let ask = ground.call("GET", "/v3/projects", "").token("simulated-token-of-no-value");
        let projects = ask.send().await.json()["projects"].as_array().unwrap().clone();
        projects.iter().map(|project| project["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let storefront = ground.project(1);
    ground.simulator.edit(|world| {
        world.add_project("0123456789abcdef0123456789abcdef", "new", &[("0", "default")]);
        world.remove_project(&storefront);
    });
    assert_eq!(names().await, ["cn-north-4", "cn-north-4_data-platform", "cn-north-4_new"]);
}

#[tokio::test]
async fn who_is_nobody_or_may_not_ask_is_refused_in_the_words_of_the_service() {
    let ground = demo().await;
    let list = ground.call("GET", "/v3/projects", "");
    assert_eq!(list.send().await.iam_error().0, 401);
    assert_eq!(list.clone().token("wrong").send().await.iam_error(), iam_error(401, "The X-Auth-Token is invalid!"));
    let wrong = list.clone().key("SIMULATEDACCESSKEY", "wrong").send().await;
    assert_eq!(status(&wrong), no(401, "APIGW.0301"));
    ground.simulator.edit_iam(|iam| {
        let denied = [Api::ListProjects, Api::ListDomains, Api::ListTasks].map(|api| ("demo".to_owned(), api));
        iam.directory.denied.extend(denied);
    });
    let token = "simulated-token-of-no-value";
    let forbidden = iam_error(403, "You have no right to do this action");
    assert_eq!(list.token(token).send().await.iam_error(), forbidden);
    assert_eq!(ground.call("GET", "/v3/auth/domains", "").token(token).send().await.iam_error(), forbidden);
    assert_eq!(ground.call("GET", "/v3/auth/projects", "").token(token).send().await.status, 200);
    assert_eq!(hss(&ground, token).await, no(400, "HSS.0013"));
}

#[tokio::test]
async fn calls_are_counted_limited_and_spoiled_by_api() {
    let limit = RateLimit { per_user: 2, ..RateLimit::DOCUMENTED };
    let rules = Rules { rate_limit: Some(limit), ..Rules::default() };
    let ground = with(Directory { rules, ..Directory::default() }).await;
    let domains = ground.call("GET", "/v3/auth/domains", "").token("simulated-token-of-no-value");
    let projects = ground.call("GET", "/v3/projects", "").query("name=a").token("simulated-token-of-no-value");
    ground.simulator.faults().push(Fault::refuse(Refusal::iam(503, "away")).of_api(Api::ListDomains));
    ground.simulator.faults().push(Fault::rewrite(|answer| answer["token"] = "?".into()).of_api(Api::CreateToken));
    assert_eq!(projects.send().await.status, 200);
    assert_eq!(domains.send().await.iam_error(), iam_error(503, "away"));
    assert_eq!(domains.send().await.status, 200);
    assert_eq!(status(&domains.send().await), no(429, "APIGW.0308"));
    assert_eq!(projects.send().await.status, 200);
    let answer = sign_in(&ground, PASSWORD, &region()).send().await;
    assert_eq!((answer.json(), token_of(&answer).len()), (json!({ "token": "?" }), 2048));
    let calls = [Api::ListDomains, Api::ListProjects, Api::CreateToken, Api::ListTasks];
    assert_eq!(calls.map(|api| ground.simulator.calls(api)), [3, 2, 1, 0]);
    assert_eq!(ground.simulator.requests()[0].query, "name=a");
}
