//! The account's enterprise projects: what stands in for EPS.

use super::wire::{Answer, Ask, Ground};
use hss_exporter::simulator::{Api, Directory, Granted, Options};
use serde_json::{Value, json};

const PATH: &str = "/v1.0/enterprise-projects";

async fn demo() -> Ground {
    Ground::new(Options::default()).await
}

/// Signed by the demo's key, for its account.
fn ask(ground: &Ground) -> Ask {
    let ask = ground.call("GET", PATH, "").key("SIMULATEDACCESSKEY", "simulated-secret-of-no-value");
    ask.signed("X-Domain-Id", &Directory::default().domain.id)
}

fn list(answer: &Answer) -> (Vec<String>, u64) {
    let body = answer.json();
    let names = body["enterprise_projects"].as_array().unwrap_or_else(|| panic!("{body}")).iter();
    let names = names.map(|one| one["name"].as_str().unwrap().to_owned());
    (names.collect(), body["total_count"].as_u64().unwrap())
}

/// (status, code), of an error as EPS lays it out.
fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"]["error_code"].as_str().unwrap_or_default().to_owned())
}

fn names(names: &[&str], total: u64) -> (Vec<String>, u64) {
    (names.iter().map(|name| (*name).to_owned()).collect(), total)
}

#[tokio::test]
async fn enterprise_projects_are_listed_page_by_page_each_once() {
    let ground = demo().await;
    let first = ask(&ground).send().await;
    assert_eq!(list(&first), names(&["default", "production", "staging"], 3));
    let default = &first.json()["enterprise_projects"][0];
    assert_eq!((&default["id"], &default["status"], &default["type"]), (&json!("0"), &json!(1), &json!("prod")));
    assert_eq!(list(&ask(&ground).query("limit=2&offset=2").send().await), names(&["staging"], 3));
    assert_eq!(list(&ask(&ground).query("limit=1000&offset=3").send().await), names(&[], 3));
    for query in ["limit=0", "limit=1001", "offset=-1", "status=3"] {
        assert_eq!(refused(&ask(&ground).query(query).send().await), (400, "EPS.0001".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn they_come_and_go_and_are_disabled() {
    let ground = demo().await;
    let production = ground.simulator.edit(|world| {
        world.add_enterprise_project("aaaaaaaa-0000-0000-0000-000000000001", "new");
        let [_, production, staging, ..] = world.projects()[0].enterprise_projects() else { panic!("three") };
        let (production, staging) = (production.id.to_string(), staging.id.to_string());
        world.remove_enterprise_project(&staging);
        production
    });
    ground.simulator.edit_iam(|iam| iam.directory.disabled.push(production));
    assert_eq!(list(&ask(&ground).query("status=1").send().await), names(&["default", "new"], 2));
    assert_eq!(list(&ask(&ground).query("status=2").send().await), names(&["production"], 1));
}

#[tokio::test]
async fn only_who_speaks_for_the_account_and_may_ask_is_answered() {
    let ground = demo().await;
    let forbidden = (403, "EPS.0004".to_owned());
    let without = ground.call("GET", PATH, "").key("SIMULATEDACCESSKEY", "simulated-secret-of-no-value");
    assert_eq!(refused(&without.clone().send().await), forbidden);
    assert_eq!(refused(&without.signed("X-Domain-Id", "another").send().await), forbidden);
    let token = async |scope: Value| {
        let user = json!({
            "name": "demo", "password": "simulated-password-of-no-value", "domain": { "name": "simulated" },
        });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } }).to_string();
        let answer = ground.call("POST", "/v3/auth/tokens", body).send().await;
        ground.call("GET", PATH, "").token(answer.header("x-subject-token").unwrap()).send().await
    };
    assert_eq!(refused(&token(json!({ "project": { "name": "cn-north-4" } })).await), forbidden);
    let domain = json!({ "domain": { "id": Directory::default().domain.id } });
    assert_eq!(list(&token(domain.clone()).await).1, 3);
    ground.simulator.edit_iam(|iam| {
        iam.directory.user_mut("demo").unwrap().enterprise_projects = Granted::Only(vec!["0".to_owned()]);
    });
    assert_eq!(list(&token(domain.clone()).await), names(&["default"], 1));
    ground.simulator.edit_iam(|iam| iam.directory.denied.push(("demo".to_owned(), Api::ListEnterpriseProjects)));
    assert_eq!(refused(&token(domain).await), forbidden);
    assert_eq!(ground.call("GET", PATH, "").send().await.error().1, "APIGW.0301");
}
