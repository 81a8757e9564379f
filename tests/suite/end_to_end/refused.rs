//! Credentials that the cloud refuses, that are mended, and that change while we run.

use super::page::Page;
use super::rig::{BORN, HOUR, PAYMENTS, Rig, SHOP, Setup, account_with};
use hss_exporter::simulator::{Access, Credential, RateLimit, Task};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const BOTH: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                     { id: fedcba9876543210fedcba9876543210, name: shop }]";
const GOOD: &str = "simulated-secret-of-no-value";

fn with_secret_file(name: &str, file: &Path, projects: &str) -> String {
    let key = format!("{{ access_key: {{ id: SIMULATEDACCESSKEY, secret_file: {} }} }}", file.display());
    account_with(name, &key, projects)
}

fn with_token_file(name: &str, file: &Path, projects: &str) -> String {
    account_with(name, &format!("{{ token: {{ file: {} }} }}", file.display()), projects)
}

fn two_projects() -> Setup {
    Setup::of(|world| {
        for project in [PAYMENTS, SHOP] {
            world.insert(project, Task::cluster(BORN).finished(BORN - HOUR, BORN - 60_000, 0, 3));
        }
    })
}

/// Whether every scope of an account is up, or every one down for this reason.
fn all_are(page: &Page, account: &str, reason: Option<&str>) -> bool {
    let up = page.all("hss_target_up", &[("account", account)]);
    let wanted = if reason.is_none() { 1.0 } else { 0.0 };
    let reasons = page.all("hss_target_down_reason", &[("account", account)]);
    !up.is_empty()
        && up.iter().all(|series| series.value == wanted)
        && reasons.iter().all(|series| Some(series.label("reason")) == reason)
        && (reason.is_none() || reasons.len() == up.len())
}

async fn until(rig: &Rig, account: &str, reason: Option<&str>) -> Page {
    rig.page_where(&format!("{account}: {reason:?}"), |page| all_are(page, account, reason)).await
}

/// A file with this secret in it.
fn file(dir: &TempDir, secret: &str) -> std::path::PathBuf {
    let path = dir.path().join("secret");
    std::fs::write(&path, secret).unwrap();
    path
}

#[tokio::test]
async fn a_wrong_secret_takes_all_targets_down_with_few_attempts_until_it_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    // Whatever the interval: once it is mended, reading goes on at once.
    for refresh in ["interval: 50ms", "interval: 1h, stale_after: 6h"] {
        let path = file(&dir, "wrong");
        let mut setup = two_projects();
        setup.accounts = with_secret_file("prod", &path, BOTH);
        setup.refresh = refresh;
        let rig = setup.start().await;
        let page = until(&rig, "prod", Some("auth")).await;
        assert_eq!(page.all("hss_target_up", &[]).len(), 4);
        assert_eq!(rig.get("/-/ready").await.0, 200);
        let landing = rig.landing().await;
        for words in ["APIGW.0301", "verify aksk signature fail", "request id", "five wrong signatures"] {
            assert!(landing.contains(words), "{words}: {landing}");
        }
        for _ in 0..50 {
            assert!(all_are(&rig.scrape().await, "prod", Some("auth")));
        }
        assert!(rig.calls() <= 5, "{} requests with a refused key", rig.calls());
        let calls = rig.calls();
        assert_eq!(calls, 1, "none more while it is refused");
        rig.scrape().await.check("hss_exporter_api_blocked", &[("account", "prod")], Some(1.0));
        std::fs::write(&path, GOOD).unwrap();
        let page = until(&rig, "prod", None).await;
        page.check(
            "hss_exporter_api_errors_total",
            &[("account", "prod"), ("api", "ListTasks"), ("reason", "auth")],
            Some(1.0),
        );
    }
}

#[tokio::test]
async fn a_single_target_is_read_as_soon_as_its_secret_is_mended_whatever_the_interval() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "wrong");
    let mut setup = two_projects();
    setup.accounts = with_secret_file("prod", &path, "[{ id: 0123456789abcdef0123456789abcdef, name: payments }]");
    setup.refresh = "interval: 1h, stale_after: 6h";
    setup.tasks = "{ types: [cluster_scan] }";
    let rig = setup.start().await;
    until(&rig, "prod", Some("auth")).await;
    std::fs::write(&path, GOOD).unwrap();
    until(&rig, "prod", None).await;
    assert_eq!(rig.calls(), 2);
}

/// Whether no scope of an account is asked any more: some were refused, and the others are spared that.
fn is_blocked(page: &Page, account: &str) -> bool {
    let reasons = page.all("hss_target_down_reason", &[("account", account)]);
    let of = |reason| reasons.iter().filter(|series| series.label("reason") == reason).count();
    let scopes = page.all("hss_target_up", &[("account", account)]).len();
    of("auth") == 1
        && of("blocked") == scopes - 1
        && page.known("hss_exporter_api_blocked", &[("account", account)]) == 1.0
}

/// Lets time pass for everybody.
async fn pass(rig: &Rig, seconds: u64) {
    rig.clock.pass(1_000 * seconds);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// Reads with a key until it is revoked, and again when it is good again. `most` requests are on their way, or made because
/// others speak for the key, when it is revoked.
async fn revoke(projects: &str, tasks: &'static str, most: usize) {
    let mut setup = two_projects();
    setup.accounts = super::rig::account("prod", projects);
    setup.tasks = tasks;
    let rig = setup.start().await;
    until(&rig, "prod", None).await;
    let scopes = rig.fresh().await.all("hss_tasks", &[("status", "finished")]).len();
    let (id, secret) = ("SIMULATEDACCESSKEY".to_owned(), "another".to_owned());
    rig.cloud.set_credentials(vec![Credential::new("demo", Access::Key { id, secret, security_token: None })]);
    let page = rig.page_where("the breaker is open", |page| is_blocked(page, "prod")).await;
    let refused = || rig.cloud.requests().iter().filter(|request| request.status == Some(401)).count();
    for _ in 0..50 {
        assert!(is_blocked(&rig.scrape().await, "prod"));
    }
    assert!((1..=most).contains(&refused()), "{} requests with a revoked key", refused());
    assert_eq!(page.all("hss_tasks", &[("status", "finished")]).len(), scopes, "what was read stays for now");
    let landing = rig.landing().await;
    for words in ["verify aksk signature fail", "<dt>request id</dt>"] {
        assert!(landing.matches(words).count() >= scopes, "{words}: {landing}");
    }
    assert_eq!(landing.matches("nothing is asked before 2025-09-08T00:0").count(), 2 * (scopes - 1), "{landing}");

    // After five minutes one request tries, in vain, and after ten more another one.
    let calls = rig.calls();
    pass(&rig, 290).await;
    for _ in 0..20 {
        rig.scrape().await;
    }
    assert_eq!(rig.calls(), calls);
    pass(&rig, 15).await;
    rig.page_where("one has tried", |_| rig.calls() == calls + 1).await;
    rig.page_where("nothing has changed", |page| is_blocked(page, "prod")).await;
    rig.cloud.set_credentials(vec![Credential::demo_key()]);
    pass(&rig, 590).await;
    for _ in 0..20 {
        rig.scrape().await;
    }
    assert_eq!(rig.calls(), calls + 1);
    let before = refused();
    pass(&rig, 15).await;
    let page = until(&rig, "prod", None).await;
    page.check("hss_exporter_api_blocked", &[("account", "prod")], Some(0.0));
    assert_eq!(refused(), before, "a key that is locked would have been refused now");
}

#[test]
fn a_key_that_is_revoked_is_never_locked() {
    with_a_clock_of_its_own(|| async {
        revoke(BOTH, "{}", 3).await;
        revoke("[{ id: 0123456789abcdef0123456789abcdef }]", "{ types: [iac_scan] }", 1).await;
    });
}

#[tokio::test]
async fn another_account_does_not_notice_a_wrong_secret() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "wrong");
    let mut setup = two_projects();
    let one = |id: &str| format!("[{{ id: {id} }}]");
    let bad = with_secret_file("bad", &path, &one(PAYMENTS));
    let token = Credential::demo_token();
    let tokens = dir.path().join("token");
    std::fs::write(&tokens, "simulated-token-of-no-value\n").unwrap();
    setup.accounts = bad + &with_token_file("good", &tokens, &one(SHOP));
    setup.options.credentials = vec![Credential::demo_key(), token];
    let rig = setup.start().await;
    until(&rig, "bad", Some("auth")).await;
    until(&rig, "good", None).await;
    let page = rig.fresh_for(|[account, ..]| *account == "good").await;
    assert!(all_are(&page, "bad", Some("auth")) && all_are(&page, "good", None));
    page.check("hss_tasks", &[("account", "good"), ("task_type", "cluster_scan"), ("status", "finished")], Some(1.0));
    page.check(
        "hss_exporter_api_errors_total",
        &[("account", "good"), ("api", "ListTasks"), ("reason", "auth")],
        Some(0.0),
    );
    page.check(
        "hss_exporter_api_errors_total",
        &[("account", "bad"), ("api", "ListTasks"), ("reason", "auth")],
        Some(1.0),
    );
}

fn token(value: &str) -> Credential {
    Credential::new("demo", Access::Token { value: value.to_owned(), expires: None })
}

#[tokio::test]
async fn a_token_file_may_be_rotated_before_or_after_the_token_is_dead() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "token-one");
    let mut setup = two_projects();
    setup.accounts = with_token_file("prod", &path, BOTH);
    setup.options.credentials = vec![token("token-one"), token("token-two")];
    let rig = setup.start().await;
    until(&rig, "prod", None).await;

    // In time: nobody notices.
    std::fs::write(&path, "token-two").unwrap();
    rig.fresh().await;
    rig.cloud.set_credentials(vec![token("token-two")]);
    let page = rig.fresh().await;
    assert!(all_are(&page, "prod", None));
    page.check(
        "hss_exporter_api_errors_total",
        &[("account", "prod"), ("api", "ListTasks"), ("reason", "auth")],
        Some(0.0),
    );

    // Too late: down, and up again with the new one.
    rig.cloud.set_credentials(vec![token("token-three")]);
    let page = rig.page_where("the token is dead", |page| is_blocked(page, "prod")).await;
    let errors = [("account", "prod"), ("api", "ListTasks"), ("reason", "auth")];
    assert!(page.known("hss_exporter_api_errors_total", &errors) <= 3.0);
    std::fs::write(&path, "token-three").unwrap();
    let page = until(&rig, "prod", None).await;
    page.check("hss_exporter_api_blocked", &[("account", "prod")], Some(0.0));
}

#[tokio::test]
async fn an_expired_token_says_so_and_that_it_has_to_be_renewed() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "token-one");
    let mut setup = two_projects();
    setup.accounts = with_token_file("prod", &path, BOTH);
    let access = Access::Token { value: "token-one".to_owned(), expires: Some(BORN) };
    setup.options.credentials = vec![Credential::new("demo", access), token("token-two")];
    let rig = setup.start().await;
    until(&rig, "prod", Some("token_expired")).await;
    let landing = rig.landing().await;
    assert!(landing.contains("APIGW.0307") && landing.contains("renew the token"), "{landing}");
    assert_eq!(rig.calls(), 1);
    std::fs::write(&path, "token-two").unwrap();
    until(&rig, "prod", None).await;
}

#[tokio::test]
async fn a_secret_file_that_vanishes_is_an_auth_failure_without_a_request() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, GOOD);
    let mut setup = two_projects();
    setup.accounts = with_secret_file("prod", &path, BOTH);
    let rig = setup.start().await;
    until(&rig, "prod", None).await;
    std::fs::remove_file(&path).unwrap();
    until(&rig, "prod", Some("auth")).await;
    let refused = rig.cloud.requests().iter().filter(|request| request.status == Some(401)).count();
    assert_eq!(refused, 0);
    let landing = rig.landing().await;
    assert!(landing.contains("cannot be read") && landing.contains(&path.display().to_string()), "{landing}");
    std::fs::write(&path, GOOD).unwrap();
    until(&rig, "prod", None).await;
}

/// A runtime whose clock only goes where it is put: it would jump ahead by itself whenever all wait for a socket, but not
/// while a thread of its own is at work.
fn with_a_clock_of_its_own<F: Future>(work: impl FnOnce() -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let at_work = tokio::task::spawn_blocking(move || wait.recv());
        let output = work().await;
        drop(done);
        assert!(at_work.await.unwrap().is_err(), "it was only waited for");
        output
    })
}

#[test]
fn the_documented_limit_is_never_run_into() {
    with_a_clock_of_its_own(|| async {
        let mut setup = two_projects();
        setup.accounts = super::rig::account("prod", &BOTH.replace(" }", ", enterprise_projects: [\"0\"] }"));
        setup.accounts +=
            &super::rig::account("twin", "[{ id: 0123456789abcdef0123456789abcdef, enterprise_projects: [\"7\"] }]");
        setup.refresh = "interval: 10s, requests_per_minute: 5";
        setup.options.rate_limit = Some(RateLimit::DOCUMENTED);
        let rig = setup.start().await;
        // Six scopes of two accounts, which share the address: five have been read when the sixth waits.
        let read =
            |page: &Page| page.all("hss_target_up", &[("reason", "")]).len() + page.all("hss_target_up", &[]).len();
        rig.page_where("five are read", |page| read(page) == 5).await;
        tokio::time::pause();
        for minute in 1..=4_u64 {
            // The cloud's clock and ours go on together. A minute is not enough: its clock may be behind.
            rig.clock.pass(60_500);
            tokio::time::advance(Duration::from_millis(60_500)).await;
            for _ in 0..20 {
                rig.scrape().await;
            }
            assert!(rig.calls() <= 5 * minute, "{} requests in {minute} minutes", rig.calls());
            rig.clock.pass(1_000);
            tokio::time::advance(Duration::from_millis(1_000)).await;
            rig.cloud.arrived(5 * minute + 1).await;
            rig.cloud.arrived(5 * minute + 5).await;
            let page = rig.scrape().await;
            page.check(
                "hss_exporter_api_errors_total",
                &[("account", "prod"), ("api", "ListTasks"), ("reason", "throttled")],
                Some(0.0),
            );
        }
        let codes: Vec<_> = rig.cloud.requests().iter().filter_map(|request| request.status).collect();
        assert!(codes.iter().all(|code| *code == 200), "{codes:?}");
        let page = rig.scrape().await;
        assert_eq!(page.all("hss_target_up", &[]).len(), 6);
        let waited = ["prod", "twin"].map(|account| {
            page.known("hss_exporter_api_budget_wait_seconds_total", &[("account", account), ("api", "ListTasks")])
        });
        assert!(waited.iter().sum::<f64>() > 0.0, "{waited:?}");
    });
}
