//! What an instance and a pod are told of themselves: temporary keys without a secret of their own.

use super::wire::{Answer, Ask, Ground, MINUTE};
use hss_exporter::simulator::{Api, Directory, Granted, Metadata, MetadataSessions, Options};

const TOKEN: &str = "/meta-data/latest/api/token";
const KEY: &str = "/openstack/latest/securitykey";

async fn with(sessions: MetadataSessions) -> Ground {
    let metadata = Metadata { sessions, key_lifetime: 60 * MINUTE, ..Metadata::default() };
    let directory = Directory { metadata, ..Directory::default() };
    Ground::new(Options { directory, ..Options::default() }).await
}

fn session(ground: &Ground, ttl: &str) -> Ask {
    ground.call("PUT", TOKEN, "").unsigned("X-Metadata-Token-Ttl-Seconds", ttl)
}

fn key(ground: &Ground, session: Option<&str>) -> Ask {
    let ask = ground.call("GET", KEY, "");
    session.map_or(ask.clone(), |session| ask.unsigned("X-Metadata-Token", session))
}

async fn hss(ground: &Ground, key: &Answer) -> u16 {
    ground.ask(r#"{"task_type":"iac_scan"}"#).temporary_key(&key.json()).send().await.status
}

#[tokio::test]
async fn a_session_lasts_as_long_as_was_asked_for_and_its_key_is_good() {
    let ground = with(MetadataSessions::Required).await;
    let answer = session(&ground, "21600").send().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")));
    let long = answer.text();
    let short = session(&ground, "60").send().await.text();
    let told = key(&ground, Some(&short)).send().await;
    assert_eq!(told.json()["credential"]["expires_at"], "2025-09-08T03:53:20.000000Z");
    assert_eq!(hss(&ground, &told).await, 200);
    ground.pass(MINUTE);
    assert_eq!(key(&ground, Some(&short)).send().await.status, 401);
    assert_eq!(key(&ground, Some(&long)).send().await.status, 200);
    assert_eq!(key(&ground, None).send().await.status, 401);
    for ttl in ["0", "21601", "soon"] {
        assert_eq!(session(&ground, ttl).send().await.status, 400, "{ttl}");
    }
    assert_eq!(ground.simulator.calls(Api::InstanceMetadata), 9);
}

#[tokio::test]
async fn the_same_key_is_told_until_half_of_its_time_is_over() {
    let ground = with(MetadataSessions::Optional).await;
    let id = async || key(&ground, None).send().await.json()["credential"]["access"].clone();
    let first = id().await;
    ground.pass(30 * MINUTE - 1);
    assert_eq!(id().await, first);
    ground.pass(1);
    let second = id().await;
    assert_ne!(second, first);
    let told = key(&ground, None).send().await;
    ground.simulator.edit_iam(|iam| iam.revoke("hss-reader"));
    assert_eq!(hss(&ground, &told).await, 401);
    assert_ne!(id().await, second);
}

#[tokio::test]
async fn where_there_are_no_sessions_the_key_is_told_without() {
    for status in [404, 405, 503] {
        let ground = with(MetadataSessions::Absent(status)).await;
        assert_eq!(session(&ground, "21600").send().await.status, status);
        assert_eq!(hss(&ground, &key(&ground, None).send().await).await, 200);
    }
}

#[tokio::test]
async fn an_instance_without_an_agency_is_told_to_get_one() {
    let ground = with(MetadataSessions::Optional).await;
    ground.simulator.edit_iam(|iam| iam.directory.metadata.agency = None);
    let answer = key(&ground, None).send().await;
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("Please configure Cloud Service Agency first"), "{}", answer.text());
}

#[tokio::test]
async fn a_pod_gets_a_key_for_the_content_of_its_file() {
    let ground = Ground::new(Options::default()).await;
    let endpoint = ground.simulator.endpoint();
    let uri = ground.simulator.pod_identity_uri();
    let path = uri.strip_prefix(&endpoint).unwrap();
    let ask = |token: &str, body: &str| ground.call("POST", path, body).unsigned("Authorization", token);
    let told = ask("simulated-pod-token-of-no-value", "{}").send().await;
    assert_eq!(told.json()["credential"]["expires_at"], "2025-09-08T03:53:20.000000Z");
    assert_eq!(hss(&ground, &told).await, 200);
    ground.simulator.edit_iam(|iam| iam.directory.agencies[0].projects = Granted::Only(Vec::new()));
    let told = ask("simulated-pod-token-of-no-value", "{}").send().await;
    assert_eq!(hss(&ground, &told).await, 403);
    assert_eq!(ask("wrong", "{}").send().await.status, 401);
    assert_eq!(ask("simulated-pod-token-of-no-value", "").send().await.status, 400);
    ground.simulator.edit_iam(|iam| iam.directory.agencies.clear());
    assert_eq!(ask("simulated-pod-token-of-no-value", "{}").send().await.status, 403);
    ground.pass(60 * MINUTE);
    assert_eq!(hss(&ground, &told).await, 401);
    assert_eq!(ground.simulator.calls(Api::PodIdentity), 5);
}
