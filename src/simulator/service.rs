//! The sockets: connections, requests and answers over HTTP/1.1.

use super::Clock;
use super::auth::Signed;
use super::cloud::{Answer, Cloud, Manner, Received};
use super::faults::{DateHeader, Faults};
use super::refusal::Refusal;
use super::reply::{Pace, Reply};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, DATE, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What the gateway takes, as documented.
const MAX_BODY: usize = 12 << 20;
/// Enough for the benchmarks; a client that leaks connections is seen.
const MAX_CONNECTIONS: usize = 1024;
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// After a failed accept (too many open files, mostly): time for others to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(super) struct Service {
    pub(super) cloud: Mutex<Cloud>,
    pub(super) faults: Faults,
    pub(super) clock: Clock,
    pub(super) gzip_from: Option<usize>,
    /// How many requests came.
    pub(super) arrived: watch::Sender<u64>,
}

impl Service {
    pub(super) fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts connections until it is dropped; with it end all connections.
    pub(super) async fn run(self: Arc<Self>, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let service = self.clone();
                    connections.spawn(async move {
                        // A connection that ends badly is the client's affair, or a fault that was ordered.
                        let _ = service.serve(stream, peer).await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        // A second handle on the socket: hyper keeps the first, and a reset has to be ordered at the socket itself.
        let socket = Arc::new(stream.try_clone()?);
        let handle = service_fn(|request| {
            let (service, socket) = (self.clone(), socket.clone());
            async move { service.handle(request, peer, &socket).await }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).auto_date_header(false);
        builder.serve_connection(TokioIo::new(TcpStream::from_std(stream)?), handle).await?;
        Ok(())
    }

    async fn handle(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        socket: &std::net::TcpStream,
    ) -> io::Result<Response<Reply>> {
        let (head, body) = request.into_parts();
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let (body, too_large) = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
            Ok(Ok(body)) => (body.to_bytes(), None),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                (Bytes::new(), Some(Refusal::gateway(413, "0201", "The request entity is too large")))
            }
            Ok(Err(error)) => return Err(io::Error::other(error)),
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        };
        let received = Received {
            signed: Signed {
                method: head.method.as_str(),
                path: head.uri.path(),
                query: head.uri.query().unwrap_or_default(),
                headers: &headers,
                body: &body,
            },
            address: peer.ip().to_string(),
            too_large,
        };
        let answer = self.cloud().answer(&received, (self.clock)());
        self.arrived.send_modify(|arrived| *arrived = (*arrived).max(answer.number));
        match &answer.manner {
            Manner::Late(by) => tokio::time::sleep(*by).await,
            Manner::Held(hold) => hold.released().await,
            Manner::Reset => {
                // To close without lingering is to reset. The answer's error closes the connection.
                socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO))?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Manner::Plain | Manner::Slow { .. } | Manner::Cut | Manner::Compressed => {}
        }
        self.cloud().log.answered(answer.number, answer.status);
        let takes_gzip = head
            .headers
            .get_all(ACCEPT_ENCODING)
            .iter()
            .any(|value| value.to_str().is_ok_and(|value| value.contains("gzip")));
        self.response(answer, takes_gzip)
    }

    fn response(&self, answer: Answer, takes_gzip: bool) -> io::Result<Response<Reply>> {
        let has = |name: HeaderName| answer.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name.as_str()));
        let mut response = Response::builder().status(StatusCode::from_u16(answer.status).map_err(io::Error::other)?);
        if !has(REQUEST_ID) {
            response = response.header(REQUEST_ID, &answer.request_id);
        }
        if let Some(date) = date((self.clock)(), self.faults.date_header()).filter(|_| !has(DATE)) {
            response = response.header(DATE, date);
        }
        let worth_it = takes_gzip && self.gzip_from.is_some_and(|from| answer.body.len() >= from);
        let compress = matches!(answer.manner, Manner::Compressed) || (worth_it && !has(CONTENT_ENCODING));
        let mut body = answer.body;
        if compress {
            body = gzip(&body)?;
            response = response.header(CONTENT_ENCODING, "gzip");
        }
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        let pace = match answer.manner {
            Manner::Slow { piece, pause } => Pace::Slow { piece, pause },
            Manner::Cut => {
                response = response.header(CONTENT_LENGTH, body.len());
                body.truncate(body.len() / 2);
                Pace::Cut
            }
            _ => Pace::Whole,
        };
        response.body(Reply::new(body.into(), pace)).map_err(io::Error::other)
    }
}

fn date(now: u64, header: DateHeader) -> Option<String> {
    let now = match header {
        DateHeader::True => now,
        DateHeader::Skewed(by) => now.saturating_add_signed(by),
        DateHeader::Absent => return None,
    };
    Some(httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(now)))
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
