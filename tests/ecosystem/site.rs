//! What an operator has: a cloud, an exporter that reads it, and a Prometheus that scrapes the exporter.

use super::exporter::Exporter;
use super::prometheus::Prometheus;
use hss_exporter::simulator::{Clock, Fault, Options, Scenario, Simulator, World};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// The id of the one project that there is, unless a test says otherwise.
pub(crate) const PAYMENTS: &str = "0123456789abcdef0123456789abcdef";
/// In milliseconds, as the cloud counts.
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// What a test can choose.
pub(crate) struct Setup {
    /// The keys of `refresh`, but for those that are the same for all.
    pub(crate) refresh: &'static str,
    /// The keys of `tasks`.
    pub(crate) tasks: &'static str,
    /// Accounts beside `prod`: `{endpoint}` stands for the cloud, and `{other_name}` for the same under another name, and so
    /// with another budget.
    pub(crate) accounts: &'static str,
    /// The enterprise projects of the project.
    pub(crate) enterprise_projects: &'static [(&'static str, &'static str)],
    /// Those of them that `prod` does not watch.
    pub(crate) left_out: &'static [&'static str],
    /// What goes wrong from the beginning.
    pub(crate) faults: Vec<Fault>,
    /// Who is told of alerts.
    pub(crate) alertmanager: Option<SocketAddr>,
}

impl Default for Setup {
    fn default() -> Self {
        let enterprise_projects = &[("0", "default")];
        Self {
            refresh: "interval: 500ms, stale_after: 10m",
            tasks: "",
            accounts: "",
            enterprise_projects,
            left_out: &[],
            faults: Vec::new(),
            alertmanager: None,
        }
    }
}

/// All of it, running. It ends when it is dropped, the exporter first.
pub(crate) struct Site {
    pub(crate) exporter: Exporter,
    pub(crate) prometheus: Prometheus,
    pub(crate) cloud: Simulator,
    /// Everybody's files and logs, until the end.
    _folder: TempDir,
}

impl Site {
    /// Starts everything. `world` makes what is there before anybody looks, and is told what time it is.
    pub(crate) async fn start(world: impl FnOnce(&mut World, u64)) -> Self {
        Self::with(Setup::default(), world).await
    }

    /// As [`Self::start`], with choices.
    pub(crate) async fn with(mut setup: Setup, world: impl FnOnce(&mut World, u64)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud = empty_cloud().await;
        cloud.edit(|all| {
            all.add_project(PAYMENTS, "payments", setup.enterprise_projects);
            let now = all.now();
            world(all, now);
        });
        setup.faults.drain(..).for_each(|fault| cloud.faults().push(fault));
        let exporter = Exporter::serve(&configuration(&setup, &cloud.endpoint()), folder.path()).await;
        let prometheus = Prometheus::start(&[exporter.address], setup.alertmanager, folder.path()).await;
        Self { exporter, prometheus, cloud, _folder: folder }
    }
}

/// A cloud without projects.
async fn empty_cloud() -> Simulator {
    let options = Options { scenario: Scenario::Empty, projects: 0, ..Options::default() };
    cloud(options).await
}

/// A cloud that tells the true time.
pub(crate) async fn cloud(options: Options) -> Simulator {
    Simulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), options, clock()).await.unwrap()
}

fn clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "Prometheus lives in real time, and so must the cloud")]
    let now = || SystemTime::now();
    Arc::new(move || now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

fn configuration(setup: &Setup, endpoint: &str) -> String {
    let watched = setup.enterprise_projects.iter().filter(|(id, _)| !setup.left_out.contains(id));
    let enterprise_projects: Vec<String> =
        watched.map(|(id, name)| format!("{{ id: \"{id}\", name: {name} }}")).collect();
    let other_name = endpoint.replace("127.0.0.1", "localhost");
    let accounts = setup.accounts.replace("{endpoint}", endpoint).replace("{other_name}", &other_name);
    format!(
        "accounts:
  - name: prod
    region: cn-north-4
    credentials: {{ access_key: {{ id: SIMULATEDACCESSKEY, secret: simulated-secret-of-no-value }} }}
    endpoints: {{ hss: \"{endpoint}\" }}
    projects:
      - {{ id: {PAYMENTS}, name: payments, enterprise_projects: [{}] }}
{accounts}refresh: {{ {}, requests_per_minute: 6000, timeout: 10s, max_attempts: 1 }}
tasks: {{ {} }}
",
        enterprise_projects.join(", "),
        setup.refresh,
        setup.tasks,
    )
}
