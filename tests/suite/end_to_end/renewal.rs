//! Credentials that have an end: every way to one, and that no request fails because one is renewed.

use super::page::Page;
use super::rig::{MINUTE, PAYMENTS, Rig, SECOND, SHOP, Setup, account_with};
use hss_exporter::simulator::{Api, Task};
use std::time::Duration;

const BOTH: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                     { id: fedcba9876543210fedcba9876543210, name: shop }]";
const PASSWORD: &str = "simulated-password-of-no-value";

/// An account that signs in at the simulated IAM.
fn signs_in(credentials: &str) -> Setup {
    let account = account_with("prod", credentials, BOTH);
    Setup {
        accounts: account.replace("{ hss: \"{endpoint}\" }", "{ hss: \"{endpoint}\", iam: \"{endpoint}\" }"),
        ..Setup::of(|world| {
            for project in [PAYMENTS, SHOP] {
                world.insert(project, Task::cluster(super::rig::BORN).finished(1, 2, 3, 0));
            }
        })
    }
}

fn password(password: &str) -> Setup {
    signs_in(&format!("{{ password: {{ domain: simulated, user: demo, password: {password} }} }}"))
}

fn up(page: &Page) -> bool {
    let up = page.all("hss_target_up", &[]);
    up.len() == 4 && up.iter().all(|series| series.value == 1.0)
}

fn down(page: &Page, reason: &str) -> bool {
    let reasons = page.all("hss_target_down_reason", &[]);
    reasons.len() == 4 && reasons.iter().all(|series| series.label("reason") == reason)
}

/// Shorter than a connection may take to be made: one that is on its way must not break when time leaps.
const LEAP: u64 = 5 * SECOND;

/// Lets time pass for everybody.
async fn leap(rig: &Rig, milliseconds: u64) {
    rig.clock.pass(milliseconds);
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(milliseconds)).await;
    tokio::time::resume();
}

/// Lets time pass for everybody, and waits until the cloud was asked again since.
async fn pass(rig: &Rig, milliseconds: u64) {
    leap(rig, milliseconds).await;
    let asked = rig.cloud.requests().len() as u64;
    rig.cloud.arrived(asked + 8).await;
}

/// How many list requests were refused.
fn refused(rig: &Rig) -> usize {
    rig.cloud.requests().iter().filter(|one| one.api == Some(Api::ListTasks) && one.status == Some(401)).count()
}

fn expiry(page: &Page) -> f64 {
    page.known("hss_exporter_credential_expiry_timestamp_seconds", &[("account", "prod")])
}

#[tokio::test]
async fn every_way_to_a_credential_reads_every_project() {
    let metadata = "{ metadata: { endpoint: \"{endpoint}\" } }";
    let agency = |source: &str| format!("{{ agency: {{ domain: simulated, agency: hss-reader, source: {source} }} }}");
    let key = "{ access_key: { id: SIMULATEDACCESSKEY, secret: simulated-secret-of-no-value } }";
    let login = format!("{{ password: {{ domain: simulated, user: demo, password: {PASSWORD} }} }}");
    for credentials in [metadata.to_owned(), login.clone(), agency(key), agency(metadata), agency(&login)] {
        let rig = signs_in(&credentials).start().await;
        let page = rig.page_where(&credentials, up).await;
        assert!(expiry(&page) >= 1_757_289_600.0 + 21_600.0, "{credentials}: six hours or more");
        assert_eq!(refused(&rig), 0, "{credentials}");
    }
}

#[tokio::test]
async fn a_credential_of_a_minute_is_renewed_before_its_end_and_nobody_notices() {
    let mut setup = password(PASSWORD);
    setup.options.directory.rules.key_lifetime = Some(MINUTE);
    let rig = setup.start().await;
    let first = expiry(&rig.page_where("up", up).await);
    for _ in 0..60 {
        pass(&rig, LEAP).await;
        let page = rig.scrape().await;
        assert!(up(&page), "{:?}", page.all("hss_target_down_reason", &[]));
    }
    assert_eq!(refused(&rig), 0);
    // The first, and one each 48 seconds of five minutes, as soon as that is seen.
    assert_eq!(rig.cloud.calls(Api::CreateTemporaryAccessKey), 7);
    // The last one has been asked for, and may be on its way.
    let page = rig.page_where("the last one is held", |page| expiry(page) >= first + 300.0).await;
    let errors = page.all("hss_exporter_api_errors_total", &[]);
    assert!(errors.iter().all(|series| series.value == 0.0), "{errors:?}");
}

#[tokio::test]
async fn a_credential_that_dies_early_is_replaced_once_and_no_target_goes_down() {
    let rig = password(PASSWORD).start().await;
    rig.page_where("up", up).await;
    rig.cloud.edit_iam(|iam| iam.revoke_all());
    for _ in 0..5 {
        pass(&rig, SECOND).await;
        let page = rig.scrape().await;
        assert!(up(&page), "{:?}", page.all("hss_target_down_reason", &[]));
    }
    // As many as were under way at once.
    assert!((1..=3).contains(&refused(&rig)), "{}", refused(&rig));
    assert_eq!(rig.cloud.calls(Api::CreateTemporaryAccessKey), 2);
    rig.scrape().await.check("hss_exporter_api_blocked", &[("account", "prod")], Some(0.0));
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_and_the_right_one_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "not this one").unwrap();
    let kind = format!("{{ password: {{ domain: simulated, user: demo, password_file: \"{}\" }} }}", file.display());
    let rig = signs_in(&kind).start().await;
    rig.page_where("down", |page| down(page, "auth")).await;
    let landing = rig.landing().await;
    for words in ["The username or password is wrong.", "the user demo of simulated", "request id"] {
        assert!(landing.contains(words), "{words}: {landing}");
    }
    for _ in 0..50 {
        assert!(down(&rig.scrape().await, "auth"));
    }
    assert_eq!((rig.cloud.calls(Api::CreateToken), rig.calls()), (1, 0), "none more, and nothing is asked without");
    std::fs::write(&file, PASSWORD).unwrap();
    rig.page_where("up", up).await;
    assert_eq!(rig.cloud.calls(Api::CreateToken), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_takes_nothing_down_before_the_end() {
    let mut setup = password(PASSWORD);
    setup.options.directory.rules.key_lifetime = Some(MINUTE);
    let rig = setup.start().await;
    let first = expiry(&rig.page_where("up", up).await);
    rig.cloud.edit_iam(|iam| iam.change_password("demo", "another"));
    for _ in 0..11 {
        pass(&rig, LEAP).await;
        let page = rig.scrape().await;
        assert!(up(&page), "{:?}", page.all("hss_target_down_reason", &[]));
    }
    assert_eq!(rig.cloud.calls(Api::CreateToken), 2, "it was refused, and is not sent again");
    assert_eq!(expiry(&rig.scrape().await), first);
    leap(&rig, LEAP).await;
    let one_tries = |page: &Page| {
        let reasons = page.all("hss_target_down_reason", &[]);
        reasons.len() == 4 && reasons.iter().filter(|series| series.label("reason") == "blocked").count() == 3
    };
    rig.page_where("down", one_tries).await;
    assert!(refused(&rig) <= 3, "what has ended is not used, but by those that were on their way");
}
