//! A Huawei Cloud to talk to, for the demo, the tests and the benchmarks.
//!
//! [`world`] says what goes on, [`iam`] who may see it, [`Simulator`] serves it over real HTTP, [`faults`] spoils it.
//! Everything on the wire is written by hand from the vendor's API pages: this room knows neither our client nor our domain, so that a misspelling
//! on one side is not cancelled by the same one on the other.

pub mod auth;
pub mod faults;
pub mod iam;
pub mod log;
pub mod metadata;
pub mod options;
pub mod pod_identity;
pub mod refusal;
pub mod task;
pub mod world;

mod answer;
mod broken;
mod cloud;
mod configuration;
mod content;
mod dice;
mod eps;
mod limits;
mod list;
mod query;
mod reply;
mod route;
mod scenario;
mod service;

pub use auth::{Access, Credential, Granted};
pub use broken::broken_items;
pub use faults::{DateHeader, Fault, Faults, Hold};
pub use iam::{Agency, Directory, Domain, Iam, IdentityProvider, OtherProject, Rules, User};
pub use log::{Api, LoggedRequest};
pub use metadata::{Metadata, MetadataSessions};
pub use options::{Options, RateLimit, ReadyOrder, ReadyTimes, Scenario, Statistics};
pub use pod_identity::PodIdentity;
pub use refusal::Refusal;
pub use task::{Task, TaskId};
pub use world::World;

use self::cloud::Cloud;
use self::service::Service;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The cloud's clock: milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A simulated cloud that listens. It ends when it is dropped.
pub struct Simulator {
    address: SocketAddr,
    options: Options,
    service: Arc<Service>,
    running: JoinHandle<()>,
}

impl Simulator {
    /// Begins a world and listens at `listen`; port 0 takes any free port. Errors: the address cannot be had.
    pub async fn start(listen: SocketAddr, options: Options, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let faults = Faults::default();
        let service = Arc::new(Service {
            cloud: Mutex::new(Cloud::new(&options, faults.clone(), clock())),
            faults,
            clock,
            gzip_from: options.gzip_from,
            arrived: watch::Sender::new(0),
        });
        let running = tokio::spawn(service.clone().run(listener));
        Ok(Self { address, options, service, running })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as an endpoint: `http://127.0.0.1:{port}`. Where it listens everywhere, this machine's loopback.
    pub fn endpoint(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Where IAM answers: at the same address.
    pub fn iam_endpoint(&self) -> String {
        self.endpoint()
    }

    /// Where EPS answers: at the same address.
    pub fn eps_endpoint(&self) -> String {
        self.endpoint()
    }

    /// What `HC_CONTAINER_CREDENTIALS_FULL_URI` would hold.
    pub fn pod_identity_uri(&self) -> String {
        format!("{}{}", self.endpoint(), route::POD_IDENTITY_PATH)
    }

    /// The configuration (YAML) with which the exporter reads this cloud.
    pub fn configuration(&self) -> String {
        let cloud = self.service.cloud();
        let (credentials, projects) = (&cloud.gate.credentials, cloud.world.projects());
        configuration::yaml(&self.endpoint(), credentials, self.options.rate_limit, projects)
    }

    /// Looks at the world, or changes it, as of now.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut World) -> T) -> T {
        let mut cloud = self.service.cloud();
        cloud.world.advance((self.service.clock)());
        edit(&mut cloud.world)
    }

    /// Looks at the account and what was issued in it, or changes it.
    pub fn edit_iam<T>(&self, edit: impl FnOnce(&mut Iam) -> T) -> T {
        edit(&mut self.service.cloud().iam)
    }

    /// Changes the world just before the `n`th ListTasks request from now is answered; 1 is the next one.
    pub fn before_request(&self, n: u64, edit: impl FnOnce(&mut World) + Send + 'static) {
        let mut cloud = self.service.cloud();
        let number = cloud.log.count(Api::ListTasks).saturating_add(n);
        cloud.edits.push((number, Box::new(edit)));
    }

    /// The script of what goes wrong.
    pub fn faults(&self) -> Faults {
        self.service.faults.clone()
    }

    /// From now on these may ask.
    pub fn set_credentials(&self, credentials: Vec<Credential>) {
        self.service.cloud().gate.credentials = credentials;
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.service.cloud().log.requests()
    }

    /// How many calls of an API there were.
    pub fn calls(&self, api: Api) -> u64 {
        self.service.cloud().log.count(api)
    }

    /// Waits until there were so many requests in all, answered or not.
    pub async fn arrived(&self, requests: u64) {
        // The sender lives as long as we do, so waiting cannot fail.
        let _ = self.service.arrived.subscribe().wait_for(|arrived| *arrived >= requests).await;
    }

    /// Stops listening and ends all connections.
    pub async fn stop(mut self) {
        self.running.abort();
        // Cancelled: that is what was asked for.
        let _ = (&mut self.running).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.running.abort();
    }
}
