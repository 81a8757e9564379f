//! Requests on the wire: one pool of connections for everyone, TLS, proxies, time-outs and the limit of a body.
//!
//! The only file that names `reqwest`. It sends what it is given, once: retries, redirects and credentials are not its
//! concern.

use super::answer::Reply;
use super::credentials::Header;
use super::limits::{BodyLimit, ERROR_LIMIT};
use super::proxies::Proxies;
use super::roots::Roots;
use super::sign::{encode_path, encode_query};
use super::tls;
use crate::config::Secret;
use crate::model::Reason;
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, NoProxy, Proxy, Url};
use rustls::ClientConfig;
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What is read of an answer's header. Everything else in it is left out, of which there may be 400 kB.
const READ_HEADERS: [&str; 7] =
    ["content-type", "date", "location", "retry-after", "x-iam-trace-id", "x-request-id", "x-subject-token"];

/// A connection that takes longer will not come; with a short time-out, half of it.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// What stands nearby answers at once, or is not there.
const NEARBY_LIMIT: Duration = Duration::from_secs(3);

/// Connections kept for later, for each host. The budget does not allow many requests at a time.
const IDLE_LIMIT: usize = 8;

const USER_AGENT: &str = concat!("hss-exporter/", env!("CARGO_PKG_VERSION"));

/// What all accounts send through. Those that trust the same authorities share a pool.
pub(super) struct Transport {
    clients: Mutex<HashMap<Way, reqwest::Client>>,
    proxies: Proxies,
    secrets: Vec<Secret>,
    roots: Roots,
    timeout: Duration,
}

/// How a service is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// As the environment says, trusting these authorities in addition to the system's.
    Outward {
        /// PEM.
        ca_file: Option<PathBuf>,
    },
    /// Through no proxy, and not waited for: it stands on this machine or beside it.
    Nearby,
}

/// A way to send requests.
#[derive(Clone)]
pub(super) struct Client {
    client: reqwest::Client,
    timeout: Duration,
}

/// Where a request goes: exactly as the wire will have it, and so as it is to be signed.
pub(super) struct Destination(Url);

/// No whole answer.
pub(super) struct Broken {
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Where an answer had begun.
    pub(super) status: Option<u16>,
}

impl Transport {
    /// `environment` says which proxies to use, and may say where the system's certificates are.
    pub(super) fn new(environment: &[(String, String)], timeout: Duration) -> Self {
        let proxies = Proxies::new(environment);
        Self {
            clients: Mutex::new(HashMap::new()),
            secrets: proxies.passwords(),
            proxies,
            roots: Roots::new(environment),
            timeout,
        }
    }

    /// What the proxies are told, and might repeat.
    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// A way to send requests to `endpoint`, or what stands in the way of it.
    pub(super) fn client(&self, endpoint: &str, way: &Way) -> Result<Client, (Reason, String)> {
        let destination = Destination::new(endpoint, "/", "").map_err(|message| (Reason::Invalid, message))?;
        let ca_file = match way {
            Way::Outward { ca_file } => ca_file.as_deref(),
            Way::Nearby => None,
        };
        if !destination.is_loopback() && *way != Way::Nearby {
            self.proxies.check().map_err(|message| (Reason::Connect, message))?;
        }
        if destination.0.scheme() == "https" && ca_file.is_none() {
            self.roots.check().map_err(|message| (Reason::Tls, message))?;
        }
        // Nothing can panic while it is held.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match clients.get(way) {
            Some(client) => client.clone(),
            None => {
                let client = self.build(ca_file, way).map_err(|message| (Reason::Tls, message))?;
                clients.insert(way.clone(), client.clone());
                client
            }
        };
        let timeout = match way {
            Way::Outward { .. } => self.timeout,
            Way::Nearby => self.timeout.min(NEARBY_LIMIT),
        };
        Ok(Client { client, timeout })
    }

    fn build(&self, ca_file: Option<&Path>, way: &Way) -> Result<reqwest::Client, String> {
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS is not available: {error}"))?
            .with_root_certificates(self.roots.with(ca_file)?)
            .with_no_client_auth();
        // A connection of HTTP/1.1 ends with a request that was given up; one of HTTP/2 would be used again.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_LIMIT.min(self.timeout / 2))
            .pool_max_idle_per_host(IDLE_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            // Every attempt needs a permit of the budget; reqwest would repeat some without asking.
            .retry(reqwest::retry::never())
            // What the environment says has been read already, and reqwest would send loopback hosts through a proxy.
            .no_proxy();
        if *way != Way::Nearby {
            builder = self.through_proxies(builder)?;
        }
        builder.build().map_err(|error| format!("cannot set up HTTP: {}", chain(&error)))
    }

    fn through_proxies(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, String> {
        let unusable = |_| "a proxy's address in the environment cannot be used".to_owned();
        if let Some(address) = self.proxies.for_http() {
            builder = builder.proxy(Proxy::http(address).map_err(unusable)?.no_proxy(self.exceptions()));
        }
        if let Some(address) = self.proxies.for_https() {
            builder = builder.proxy(Proxy::https(address).map_err(unusable)?.no_proxy(self.exceptions()));
        }
        Ok(builder)
    }

    fn exceptions(&self) -> Option<NoProxy> {
        NoProxy::from_string(self.proxies.exceptions())
    }
}

impl Destination {
    /// Path and query are encoded here, unless they are already.
    pub(super) fn new(endpoint: &str, path: &str, query: &str) -> Result<Self, String> {
        let path = encode_path(path);
        let slash = if path.starts_with('/') { "" } else { "/" };
        let question = if query.is_empty() { "" } else { "?" };
        let url = format!("{endpoint}{slash}{path}{question}{}", encode_query(query));
        Url::parse(&url).map(Self).map_err(|error| format!("not an address: {error}"))
    }

    pub(super) fn path(&self) -> &str {
        self.0.path()
    }

    pub(super) fn query(&self) -> &str {
        self.0.query().unwrap_or_default()
    }

    /// As the header `Host` has it.
    pub(super) fn host(&self) -> &str {
        self.0.authority()
    }

    fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Client {
    /// Sends one request and reads its answer, up to `limit` if it is a success.
    pub(super) async fn send(
        &self,
        method: &str,
        destination: Destination,
        headers: &[Header],
        body: Bytes,
        limit: BodyLimit,
    ) -> Result<Reply, Broken> {
        let broken = |reason, message: &str| Broken { reason, message: message.to_owned(), status: None };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| broken(Reason::Invalid, "not a method"))?;
        let mut request = self.client.request(method, destination.0).body(body);
        for Header { name, value } in headers {
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| broken(Reason::Invalid, &format!("no header can carry this {name}")))?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        let deadline = Instant::now() + self.timeout;
        let broken = |(reason, message), status| Broken { reason, message, status };
        let response = self.in_time(deadline, request.send()).await.map_err(|why| broken(why, None))?;
        let status = response.status();
        // Whatever else is wrong with a refusal, it is one.
        let limit = if status.is_success() { limit } else { BodyLimit::Beginning(ERROR_LIMIT) };
        self.read(response, limit, deadline).await.map_err(|why| broken(why, Some(status.as_u16())))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        limit: BodyLimit,
        deadline: Instant,
    ) -> Result<Reply, (Reason, String)> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers =
            READ_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), text(response.headers().get(*name)?))));
        let headers = headers.collect();
        let mut body = BytesMut::new();
        loop {
            let chunk = match (self.in_time(deadline, response.chunk()).await, limit) {
                (Ok(Some(chunk)), _) => chunk,
                (Ok(None), _) | (Err(_), BodyLimit::Beginning(_)) => break,
                (Err(why), BodyLimit::Whole(_)) => return Err(why),
            };
            let room = limit.bytes().saturating_sub(body.len());
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            match limit {
                _ if chunk.len() <= room => {}
                BodyLimit::Beginning(_) => break,
                BodyLimit::Whole(bytes) => {
                    return Err((Reason::TooLarge, format!("the answer has more than {}", size(bytes))));
                }
            }
        }
        Ok(Reply { status: response.status().as_u16(), headers, body: body.freeze() })
    }

    async fn in_time<T>(
        &self,
        deadline: Instant,
        step: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, (Reason, String)> {
        let outcome = tokio::time::timeout_at(deadline, step).await.map_err(|_| {
            let limit = humantime::format_duration(self.timeout);
            (Reason::Timeout, format!("no whole answer within {limit}"))
        })?;
        outcome.map_err(|error| why(&error))
    }
}

fn size(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / 1024) }
}

/// Why a request broke. A body that ends early is a connection that broke; one that cannot be unpacked is no answer.
fn why(error: &reqwest::Error) -> (Reason, String) {
    if let Some(error) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return (Reason::Tls, tls::describe(error));
    }
    let decoded = error.is_decode() && !causes(error).skip(1).any(is_broken);
    let message = if error.is_timeout() { "no connection in time".to_owned() } else { chain(error) };
    (if decoded { Reason::Decode } else { Reason::Connect }, message)
}

/// Whether what was to be unpacked did not arrive. Otherwise it arrived, and could not be unpacked: an I/O error too, but one
/// about what is in it.
fn is_broken(cause: &(dyn Error + 'static)) -> bool {
    let of_the_connection = |error: &io::Error| {
        error.raw_os_error().is_some()
            || matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::NotConnected
                    | io::ErrorKind::TimedOut
            )
    };
    cause.is::<reqwest::Error>() || cause.downcast_ref::<io::Error>().is_some_and(of_the_connection)
}

/// An error and what is behind it. An I/O error does not name the error in it as its source, so it is asked by itself.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}

/// What is behind an error, without its outermost sentence, which only repeats the URL.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error).skip(1) {
        let text = cause.to_string();
        // Many levels repeat the one below.
        if !text.starts_with("client error") && !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    if said.is_empty() { "the connection broke".to_owned() } else { said.join(": ") }
}
