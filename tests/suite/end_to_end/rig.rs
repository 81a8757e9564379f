//! The whole product between a simulated cloud and whoever scrapes: a clock that stands until it is moved, a
//! configuration as an operator writes it, and real HTTP on both sides.

use super::page::Page;
use hss_exporter::app::{Exporter, Settings};
use hss_exporter::config::{self, Config, Loaded};
use hss_exporter::metrics::{Build, Instruments};
use hss_exporter::model::{Snapshot, Timestamp};
use hss_exporter::refresh::Periods;
use hss_exporter::server::Limits;
use hss_exporter::simulator::{Api, DateHeader, Fault, Options, Scenario, Simulator, World};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// 2025-09-08T00:00:00Z, when every test begins, in milliseconds.
pub(super) const BORN: u64 = 1_757_289_600_000;
/// In milliseconds, as the cloud counts.
pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// A project's id.
pub(super) const PAYMENTS: &str = "0123456789abcdef0123456789abcdef";
/// Another one's.
pub(super) const SHOP: &str = "fedcba9876543210fedcba9876543210";

/// Whoever waits longer waits for nothing.
const LIMIT: Duration = Duration::from_secs(40);

/// Between two looks at a page.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The clock of the cloud and of the exporter. It stands until a test moves it.
#[derive(Clone)]
pub(super) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(super) fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Moves it on by so many milliseconds, and says what time it is then.
    pub(super) fn pass(&self, milliseconds: u64) -> u64 {
        self.0.fetch_add(milliseconds, Ordering::SeqCst) + milliseconds
    }
}

/// How a test differs from the usual: one target, a token, an empty world, no retries, a refresh every 50 milliseconds.
pub(super) struct Setup {
    pub(super) options: Options,
    /// What an operator writes: `{endpoint}` stands for the simulated cloud, `{other_name}` for the same under another
    /// name, and so with another budget.
    pub(super) accounts: String,
    pub(super) refresh: &'static str,
    pub(super) tasks: &'static str,
    pub(super) environment: Vec<(String, String)>,
    /// By how many milliseconds our clock is ahead of the cloud's.
    pub(super) ahead: i64,
    /// What the cloud says about its own.
    pub(super) date: DateHeader,
    /// What goes wrong from the beginning.
    pub(super) faults: Vec<Fault>,
    /// Makes what is there before anybody looks.
    pub(super) world: Box<dyn FnOnce(&mut World)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            options: Options { scenario: Scenario::Empty, projects: 0, ..Options::default() },
            accounts: with_token("prod", &format!("[{{ id: {PAYMENTS}, name: payments }}]")),
            refresh: "",
            tasks: "{}",
            environment: Vec::new(),
            ahead: 0,
            date: DateHeader::True,
            faults: Vec::new(),
            world: Box::new(|_| {}),
        }
    }
}

/// An account of the simulated cloud, with these projects.
pub(super) fn account(name: &str, projects: &str) -> String {
    let key = "{ access_key: { id: SIMULATEDACCESSKEY, secret: simulated-secret-of-no-value } }";
    account_with(name, key, projects)
}

/// The same with a token. When the clock leaps by an hour, a signature that is on its way becomes too old; a token does not.
pub(super) fn with_token(name: &str, projects: &str) -> String {
    account_with(name, concat!("{ token: { file: \"", env!("CARGO_MANIFEST_DIR"), "/tests/data/token\" } }"), projects)
}

pub(super) fn account_with(name: &str, credentials: &str, projects: &str) -> String {
    format!(
        "  - name: {name}\n    region: cn-north-4\n    credentials: {credentials}\n    \
         endpoints: {{ hss: \"{{endpoint}}\" }}\n    projects: {projects}\n"
    )
}

impl Setup {
    /// A world that this makes, beside two projects with two enterprise projects each.
    pub(super) fn of(world: impl FnOnce(&mut World) + 'static) -> Self {
        Self { world: Box::new(world), ..Self::default() }
    }

    /// What is written, for a cloud at `endpoint`. What `refresh` says comes before the usual.
    fn text(&self, endpoint: &str) -> String {
        let usual = [
            ("interval", "50ms"),
            ("stale_after", "10m"),
            ("requests_per_minute", "6000"),
            ("timeout", "20s"),
            ("max_attempts", "1"),
        ];
        let mut refresh = self.refresh.to_owned();
        for (key, value) in usual {
            if !self.refresh.contains(&format!("{key}:")) {
                refresh += &format!(", {key}: {value}");
            }
        }
        let refresh = refresh.trim_start_matches(", ");
        let accounts = self.accounts.replace("{endpoint}", endpoint);
        let accounts = accounts.replace("{other_name}", &endpoint.replace("127.0.0.1", "localhost"));
        format!("accounts:\n{accounts}refresh: {{ {refresh} }}\ntasks: {}\n", self.tasks)
    }

    /// What is written, read.
    #[track_caller]
    pub(super) fn config(&self, endpoint: &str) -> Config {
        let text = self.text(endpoint);
        match config::parse(&text, "test.yml", &self.environment) {
            Ok(Loaded { config, .. }) => config,
            Err(problems) => panic!("{problems}\n{text}"),
        }
    }

    /// Starts everything.
    pub(super) async fn start(mut self) -> Rig {
        let clock = Clock(Arc::new(AtomicU64::new(BORN)));
        let cloud_clock = clock.clone();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let cloud = Simulator::start(listen, self.options.clone(), Arc::new(move || cloud_clock.now())).await.unwrap();
        let world = std::mem::replace(&mut self.world, Box::new(|_| {}));
        cloud.edit(|all| {
            all.add_project(PAYMENTS, "payments", &[("0", "default"), ("7", "team")]);
            all.add_project(SHOP, "shop", &[("0", "default"), ("7", "team")]);
            world(all);
        });
        self.faults.drain(..).for_each(|fault| cloud.faults().push(fault));
        cloud.faults().date(self.date);
        let config = self.config(&cloud.endpoint());
        let ahead = Arc::new(AtomicI64::new(self.ahead));
        let running = Running::start(&config, &clock, &ahead, &self.environment).await;
        Rig { cloud, clock, ahead, running, config }
    }
}

/// An exporter that runs.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    end: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    async fn start(config: &Config, clock: &Clock, ahead: &Arc<AtomicI64>, environment: &[(String, String)]) -> Self {
        let (clock, ahead) = (clock.clone(), Arc::clone(ahead));
        let ours = move || clock.now().saturating_add_signed(ahead.load(Ordering::SeqCst));
        let settings = Settings {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            telemetry_path: "/metrics".to_owned(),
            clock: Arc::new(move || Timestamp::new(Duration::from_millis(ours()))),
            discovery: Periods { every: Duration::from_millis(300), retry: Duration::from_millis(50) },
            limits: Limits::default(),
        };
        let names = config.accounts.iter().map(|account| &*account.name);
        let instruments = Arc::new(Instruments::new(names, Build::THIS));
        let exporter = Exporter::start(config, settings, instruments, environment).await.unwrap();
        let (address, snapshots) = (exporter.addresses()[0], exporter.snapshots());
        let (end, told_to_end) = oneshot::channel();
        let ended = tokio::spawn(exporter.run_until(async move { drop(told_to_end.await) }));
        Self { address, snapshots, end, ended }
    }

    /// Asks it to end, and hands back its end.
    pub(super) fn end(self) -> JoinHandle<()> {
        drop(self.end);
        self.ended
    }
}

/// Everything, running.
pub(super) struct Rig {
    pub(super) cloud: Simulator,
    pub(super) clock: Clock,
    /// By how many milliseconds our clock is ahead of the cloud's.
    ahead: Arc<AtomicI64>,
    pub(super) running: Running,
    pub(super) config: Config,
}

impl Rig {
    /// An answer to a `GET`: its status, its header, its body.
    pub(super) async fn get(&self, path: &str) -> (u16, String, String) {
        get(self.running.address, path).await.unwrap()
    }

    /// The page as it is now.
    pub(super) async fn scrape(&self) -> Page {
        let (status, head, body) = self.get("/metrics").await;
        assert_eq!(status, 200, "{head}\n{body}");
        Page::read(&body)
    }

    /// The landing page.
    pub(super) async fn landing(&self) -> String {
        let (status, head, body) = self.get("/").await;
        assert_eq!(status, 200, "{head}\n{body}");
        body
    }

    /// The first page of which this is true.
    pub(super) async fn page_where(&self, what: &str, is_true: impl Fn(&Page) -> bool) -> Page {
        let begun = tokio::time::Instant::now();
        loop {
            let page = self.scrape().await;
            if is_true(&page) {
                return page;
            }
            assert!(begun.elapsed() < LIMIT, "waited in vain for this: {what}\n{}", page.text);
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The first page for which every scope has been asked, well or not, while the clock stands where it stood.
    pub(super) async fn first(&self) -> Page {
        let scopes: usize = self.config.accounts.iter().flat_map(|a| &a.watches).map(|watch| watch.types.len()).sum();
        self.page_where("every scope has been asked", |page| page.all("hss_target_up", &[]).len() == scopes).await
    }

    /// Lets a second pass twice, and answers a page for which every scope was asked after all that was done before: the
    /// attempt that bears the later second began after the one that bears the earlier had ended.
    pub(super) async fn fresh(&self) -> Page {
        self.fresh_for(|_| true).await
    }

    /// As [`Self::fresh`], of the scopes whose labels (account, project, enterprise project, task type) are meant.
    pub(super) async fn fresh_for(&self, meant: impl Fn(&[&str; 4]) -> bool) -> Page {
        let scopes = self.config.accounts.iter().flat_map(|account| &account.watches).flat_map(|watch| {
            let [account, project, enterprise_project] = watch.target.labels();
            watch.types.iter().map(move |of| [account, project, enterprise_project, of.as_str()])
        });
        let scopes: Vec<[&str; 4]> = scopes.filter(meant).collect();
        assert!(!scopes.is_empty());
        let mut page = None;
        for _ in 0..2 {
            let now = self.clock.pass(SECOND).saturating_add_signed(self.ahead.load(Ordering::SeqCst)) as f64 / 1000.0;
            let tried = |page: &Page| {
                scopes.iter().all(|[account, project, enterprise_project, task_type]| {
                    let labels = [
                        ("account", *account),
                        ("project", *project),
                        ("enterprise_project", *enterprise_project),
                        ("task_type", *task_type),
                    ];
                    page.value("hss_target_last_attempt_timestamp_seconds", &labels).is_some_and(|last| last >= now)
                })
            };
            page = Some(self.page_where("every scope has been tried", tried).await);
        }
        page.unwrap()
    }

    /// The first snapshot of which this is true.
    pub(super) async fn until(&self, is_true: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.running.snapshots.clone();
        let found = snapshots.wait_for(|snapshot| is_true(snapshot));
        let found = within(found).await.expect("the exporter runs");
        Arc::clone(&found)
    }

    /// Sets our clock: ahead of the cloud's by so many milliseconds.
    pub(super) fn set_our_clock(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::SeqCst);
    }

    /// How often the task list was asked for.
    pub(super) fn calls(&self) -> u64 {
        self.cloud.calls(Api::ListTasks)
    }

    /// How often the statistics were asked for.
    pub(super) fn statistics_calls(&self) -> u64 {
        self.cloud.calls(Api::ShowTaskStatistics)
    }
}

/// What comes of it, if it comes in time.
pub(super) async fn within<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(LIMIT, work).await.expect("it comes in time")
}

/// A `GET` on a connection of its own: status, header, body.
pub(super) async fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, String, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    Ok(read_answer(&within(exchange).await?))
}

/// Status, header and body of an answer that must be whole.
#[track_caller]
pub(super) fn read_answer(answer: &[u8]) -> (u16, String, String) {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no header ends in this: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
    let length = header(head, "content-length").map(|length| length.parse::<usize>().unwrap());
    assert_eq!(length, Some(body.len()), "the answer is whole");
    (status, head.to_owned(), body.to_owned())
}

/// A line of an answer's header.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
