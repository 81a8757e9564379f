//! No secret is shown: a run at the loudest log level, through success and every failure, and with a cloud that repeats
//! all that it was told.

use super::rig::{PAYMENTS, Rig, SHOP, Setup, account_with};
use hss_exporter::cloud::Cloud;
use hss_exporter::model::Timestamp;
use hss_exporter::model::observe::LogLevel;
use hss_exporter::simulator::{Access, Credential, Fault, Hold, Refusal};
use hss_exporter::telemetry::{self, Format};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;

const ACCOUNTS: usize = 4;

/// What is logged and shown.
#[derive(Clone, Default)]
pub(super) struct Shown(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Shown {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Shown {
    fn add(&self, text: &str) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    #[track_caller]
    fn check(&self) {
        let text = self.text();
        if let Some(at) = text.find("canary") {
            let around = &text.as_bytes()[at.saturating_sub(400)..text.len().min(at + 100)];
            panic!("a secret is shown: {}", String::from_utf8_lossy(around));
        }
        let masked = text.replace("Signature=<secret>", "").replace("Signature=&lt;secret&gt;", "");
        let signatures = masked.matches("Signature=").count();
        assert_eq!(signatures, 0, "a signature is shown");
    }
}

/// Four accounts, whose secrets stand in the file itself, in files, in variables, and in a token's file.
fn setup(dir: &Path) -> Setup {
    let file = |name: &str| {
        let path = dir.join(name);
        std::fs::write(&path, format!("canary-{name}\n")).unwrap();
        path.display().to_string()
    };
    let literal = "{ access_key: { id: AKLITERAL, secret: canary-literal, security_token: canary-literal-token } }";
    let in_files = format!(
        "{{ access_key: {{ id: AKFILE, secret_file: {}, security_token_file: {} }} }}",
        file("file"),
        file("file-token")
    );
    let in_variables = "{ access_key: { id: AKENV, secret_env: A_SECRET, security_token_env: A_TOKEN } }";
    let token = format!("{{ token: {{ file: {} }} }}", file("x-auth-token"));
    let project = |id: &str, part: u8| format!("[{{ id: {id}, enterprise_projects: [\"{part}\"] }}]");
    let accounts = [
        account_with("literal", literal, &project(PAYMENTS, 0)),
        account_with("files", &in_files, &project(SHOP, 0)),
        account_with("variables", in_variables, &project(PAYMENTS, 7)),
        account_with("token", &token, &project(SHOP, 7)),
    ];
    let key = |id: &str, secret: &str, token: &str| {
        let access =
            Access::Key { id: id.to_owned(), secret: secret.to_owned(), security_token: Some(token.to_owned()) };
        Credential::new(id, access)
    };
    let mut setup = Setup { accounts: accounts.concat(), ..Setup::default() };
    setup.options.credentials = vec![
        key("AKLITERAL", "canary-literal", "canary-literal-token"),
        key("AKFILE", "canary-file", "canary-file-token"),
        key("AKENV", "canary-variable", "canary-variable-token"),
        Credential::new("token", Access::Token { value: "canary-x-auth-token".to_owned(), expires: None }),
    ];
    setup.environment = [
        ("A_SECRET", "canary-variable"),
        ("A_TOKEN", "canary-variable-token"),
        ("HTTPS_PROXY", "http://user:canary-password@127.0.0.1:9"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    setup
}

/// Logs everything to `shown` until the guard is dropped.
pub(super) fn log_everything(shown: &Shown, format: Format) -> (tracing::Dispatch, tracing::subscriber::DefaultGuard) {
    // While there is one subscriber only, a test on another thread, which has none, may switch a log line off for all.
    let second = tracing::Dispatch::new(tracing_subscriber::registry());
    let clock = Arc::new(|| Timestamp::from_secs(1_757_289_600));
    let subscriber = telemetry::subscriber(LogLevel::Trace, format, clock, shown.clone(), Arc::new(()));
    (second, tracing::subscriber::set_default(subscriber))
}

/// Everything that is shown to whoever looks.
async fn look(rig: &Rig, shown: &Shown) {
    shown.add(&rig.scrape().await.text);
    shown.add(&rig.landing().await);
    let snapshot = rig.until(|_| true).await;
    shown.add(&format!("{snapshot:?}"));
    for path in ["/-/ready", "/-/healthy", "/canar%79"] {
        shown.add(&rig.get(path).await.2);
    }
}

#[tokio::test]
async fn no_secret_is_shown_in_success_or_in_any_failure() {
    let dir = tempfile::tempdir().unwrap();
    let shown = Shown::default();
    let _guards = log_everything(&shown, Format::Logfmt);
    let mut setup = setup(dir.path());
    setup.refresh = "interval: 100ms, timeout: 1s";
    let rig = setup.start().await;
    let down = |page: &super::page::Page| page.all("hss_target_up", &[]).iter().filter(|up| up.value == 0.0).count();
    let page = rig.first().await;
    assert_eq!(down(&page), 0, "every secret is a good one: {}", page.text);
    look(&rig, &shown).await;

    let refusals = Refusal::examples().into_iter().filter(|(_, refusal)| ![401, 429].contains(&refusal.status));
    let mut faults: Vec<Fault> = refusals.map(|(_, refusal)| Fault::refuse(refusal)).collect();
    faults.extend([
        Fault::html(502),
        Fault::html(200),
        Fault::cut_body(),
        Fault::reset(),
        Fault::answer(200, &[], "[]"),
    ]);
    faults.push(Fault::held(&Hold::default()));
    // The last: after it nothing is asked any more.
    faults.push(Fault::refuse(Refusal::unauthorized("verify aksk signature fail")));
    for fault in faults {
        rig.cloud.faults().clear();
        rig.cloud.faults().push(fault.always());
        let before = rig.calls();
        rig.page_where("all are down", |page| down(page) == 2 * ACCOUNTS && rig.calls() > before + 1).await;
        look(&rig, &shown).await;
    }
    // After this one nothing is asked any more, either.
    let throttled = Fault::refuse(Refusal::throttled("user", 5)).with_header("retry-after", "300");
    let rig = Setup { faults: vec![throttled.always()], ..self::setup(dir.path()) }.start().await;
    assert_eq!(down(&rig.first().await), 2 * ACCOUNTS);
    look(&rig, &shown).await;
    let log = shown.text();
    assert!(log.matches("msg=attempt").count() > 100, "every attempt is logged at this level");
    for account in ["literal", "files", "variables", "token"] {
        assert!(log.contains(&format!("account={account} api=ListTasks")), "{account}");
    }
    shown.check();
}

/// A cloud that refuses everything, and repeats all that it was told, in all the ways in which it can say so.
async fn parrot(listener: TcpListener) {
    let number = Arc::new(AtomicUsize::new(0));
    while let Ok((stream, _)) = listener.accept().await {
        let number = Arc::clone(&number);
        tokio::spawn(async move {
            let number = number.fetch_add(1, Ordering::SeqCst);
            repeat(stream, number).await.unwrap();
        });
    }
}

async fn repeat(mut stream: TcpStream, number: usize) -> io::Result<()> {
    let mut received = Vec::new();
    while !received.ends_with(b"}") {
        assert!(stream.read_buf(&mut received).await? > 0, "a request ends with its body");
    }
    let request = String::from_utf8_lossy(&received).into_owned();
    let header = |name: &str| {
        let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
        line.and_then(|line| line.split_once(": ")).map_or("none", |(_, value)| value.trim()).to_owned()
    };
    let (token, auth_token) = (header("x-security-token"), header("x-auth-token"));
    let all = request.replace("\r\n", "|").replace('"', "'");
    let json = format!(
        r#"{{"error_code":"{auth_token}","error_msg":"verify aksk signature fail, canonicalRequest:{all}","request_id":"{token}"}}"#
    );
    let nested = format!(r#"{{"error":{{"code":"{token}","message":"{all}","title":"{auth_token}"}}}}"#);
    let (status, body) = match number % (10 * ACCOUNTS) / ACCOUNTS {
        0 => (400, json),
        1 => (403, nested),
        2 => (500, format!("<html><title>{all}</title></html>")),
        3 => (200, all.clone()),
        4 => (302, String::new()),
        5 => (429, json.replace("verify aksk signature fail", "policy user over ratelimit,limit:5,time:0 minute")),
        6 => (200, format!(r#"{{"data_list":"{all}"}}"#)),
        7 => (404, all.clone()),
        8 => (502, nested),
        _ => (401, json),
    };
    let answer = format!(
        "HTTP/1.1 {status} {auth_token}\r\nConnection: close\r\nContent-Length: {}\r\nX-Request-Id: {token}\r\n\
         Location: https://example.com/{auth_token}?{token}\r\nRetry-After: {auth_token}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[tokio::test]
async fn no_secret_is_shown_by_way_of_a_cloud_that_repeats_it() {
    let dir = tempfile::tempdir().unwrap();
    for format in [Format::Logfmt, Format::Json] {
        let shown = Shown::default();
        let _guards = log_everything(&shown, format);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let parrot = tokio::spawn(parrot(listener));
        let mut setup = setup(dir.path());
        setup.accounts = setup.accounts.replace("{endpoint}", &endpoint);
        let rig = setup.start().await;
        // Until every account has been refused for good, that is for a minute.
        rig.page_where("all are refused", |page| {
            shown.add(&page.text);
            page.all("hss_target_down_reason", &[("reason", "auth")]).len() == 2 * ACCOUNTS
        })
        .await;
        look(&rig, &shown).await;
        parrot.abort();
        let log = shown.text();
        assert!(log.contains("canonicalRequest") && log.contains("x-sdk-date"), "the rest of its words is kept");
        shown.check();
    }
}

#[tokio::test]
async fn no_secret_is_shown_by_what_is_printed_to_find_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let rig = setup(dir.path()).start().await;
    let shown = Shown::default();
    let config = &rig.config;
    shown.add(&format!("{config:?} {config:#?}"));
    let environment = setup(dir.path()).environment;
    let cloud = Arc::new(Cloud::new(Arc::new(Timestamp::default), Arc::new(()), &config.refresh, &environment));
    shown.add(&format!("{cloud:?} {cloud:#?}"));
    for account in &config.accounts {
        let connection = cloud.connect(account).unwrap();
        shown.add(&format!("{account:?} {connection:?} {connection:#?}"));
    }
    assert!(shown.text().contains("<secret>"));
    shown.check();
}

/// A password with all that spellings differ about.
const PASSWORD: &str = "canary\"q\\r  s/t%u&é+v=w<x";

/// The password, in a request that a gateway repeats.
fn repeated(how: &str) -> String {
    let json = r#"canary\"q\\r  s/t%u&é+v=w<x"#;
    let encoded = "canary%22q%5Cr%20%20s%2Ft%25u%26%C3%A9%2Bv%3Dw%3Cx";
    let body = |password: &str| format!(r#"{{"auth":{{"password":"{password}"}}}}"#);
    match how {
        "as it is sent" => body(json),
        "in a message" => {
            format!(r#"{{"error_msg":"bad request: {}"}}"#, body(json).replace('\\', "\\\\").replace('"', "\\\""))
        }
        "unescaped" => format!("the password {PASSWORD} is wrong"),
        "with slashes escaped" => body(&json.replace('/', "\\/")),
        "with escapes for everything" => {
            body(&PASSWORD.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect::<String>())
        }
        "in an address" => format!("no such page: /?password={encoded}&x=y"),
        "in a form" => format!("password={}", encoded.replace("%20", "+").to_lowercase()),
        "in a log of addresses" => encoded.replace('%', "%25"),
        "on a page" => format!(
            "<html><title>{}</title></html>",
            PASSWORD.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('é', "&#233;")
        ),
        "with blanks collapsed" => PASSWORD.replace("  ", " "),
        "cut" => format!(r#"{{"password":"{}"#, &json[..14]),
        _ => {
            let at = how.strip_prefix("behind ").unwrap().parse().unwrap();
            format!("{}{json}", "x".repeat(at))
        }
    }
}

/// Refuses whoever signs in, in the words that the user's name asks for.
async fn gateway(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut received = Vec::new();
            while !received.ends_with(b"}}}") {
                assert!(stream.read_buf(&mut received).await.unwrap() > 0, "a request ends with its body");
            }
            let request = String::from_utf8_lossy(&received).into_owned();
            let names = request.split("\"name\":\"").skip(1).map(|rest| rest.split_once('"').unwrap().0);
            let body = repeated(names.into_iter().find(|name| *name != "corp").unwrap());
            let head =
                format!("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.unwrap();
        });
    }
}

#[tokio::test]
async fn a_password_that_a_gateway_repeats_is_not_shown_however_it_spells_it() {
    let mut hows: Vec<String> = [
        "as it is sent",
        "in a message",
        "unescaped",
        "with slashes escaped",
        "with escapes for everything",
        "in an address",
        "in a form",
        "in a log of addresses",
        "on a page",
        "with blanks collapsed",
        "cut",
    ]
    .map(str::to_owned)
    .into();
    // Where the excerpt ends.
    hows.extend((188..=200).step_by(4).map(|at| format!("behind {at}")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let gateway = tokio::spawn(gateway(listener));
    let shown = Shown::default();
    let _guards = log_everything(&shown, Format::Logfmt);
    let accounts = hows.iter().enumerate().map(|(n, how)| {
        let password = format!("{{ password: {{ domain: corp, user: {how}, password: '{PASSWORD}' }} }}");
        account_with(&format!("account-{n}"), &password, &format!("[{{ id: {n:032x}, enterprise_projects: [\"0\"] }}]"))
            .replace("hss: \"{endpoint}\"", &format!("hss: \"{{endpoint}}\", iam: \"{endpoint}\""))
    });
    let rig = Setup { accounts: accounts.collect(), ..Setup::default() }.start().await;
    let page = rig.first().await;
    assert_eq!(page.all("hss_target_up", &[]).iter().filter(|up| up.value == 0.0).count(), 2 * hows.len());
    look(&rig, &shown).await;
    gateway.abort();
    let text = shown.text();
    assert!(text.contains("&lt;secret&gt;") && text.contains("the password <secret> is wrong"), "the rest is kept");
    for part in ["canary", "cana", "63616e", "\\u0063\\u0061", "s/t%u", "s%2Ft", "v=w", "v%3Dw"] {
        assert!(!text.contains(part), "{part} is shown: {}", &text[text.find(part).unwrap().saturating_sub(300)..]);
    }
}

/// Refuses everything, with 16 MiB of words.
async fn chatterbox(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let words = format!(r#"{{"error_code":"APIGW.0301","error_msg":"{}"}}"#, "signature=a ".repeat(1_350_000));
            let head = format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: {}\r\n\r\n", words.len());
            let mut received = Vec::new();
            while !received.ends_with(b"}") && stream.read_buf(&mut received).await.is_ok_and(|read| read > 0) {}
            // Who has read enough goes away.
            let _ = stream.write_all(&[head.as_bytes(), words.as_bytes()].concat()).await;
        });
    }
}

#[tokio::test]
async fn an_error_of_sixteen_mebibytes_neither_holds_up_a_scrape_nor_hides_what_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let chatterbox = tokio::spawn(chatterbox(listener));
    let mut setup = Setup::default();
    setup.accounts = setup.accounts.replace("{endpoint}", &endpoint);
    let rig = setup.start().await;
    rig.page_where("the refusal is known", |page| {
        page.all("hss_target_down_reason", &[("reason", "auth")]).iter().any(|down| down.value == 1.0)
    })
    .await;
    assert!(rig.landing().await.contains("signature=&lt;secret&gt;"));
    chatterbox.abort();
}
