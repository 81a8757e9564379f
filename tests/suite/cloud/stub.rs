//! A server that does to each request what its script says, and keeps what it received, byte by byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A request, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    pub(super) method: String,
    /// What stands between the method and the version.
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is done to a request.
pub(super) enum Act {
    /// These bytes; the connection stays open.
    Reply(Vec<u8>),
    /// These bytes, and then the connection is closed.
    Cut(Vec<u8>),
    /// These bytes, and then nothing for ever.
    Stall(Vec<u8>),
    /// The connection is reset.
    Reset,
    /// These bytes, and then the connection is reset.
    ResetAfter(Vec<u8>),
}

/// An answer with a JSON body.
pub(super) fn json(status: u16, body: &str) -> Act {
    answer(status, &[("content-type", "application/json")], body.as_bytes())
}

/// A whole answer.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Act {
    let mut bytes = head(status, headers, body.len());
    bytes.extend_from_slice(body);
    Act::Reply(bytes)
}

/// The head of an answer that promises so many bytes.
pub(super) fn head(status: u16, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes()
}

type Script = Arc<dyn Fn(usize, &Received) -> Act + Send + Sync>;

/// The server.
pub(super) struct Stub {
    pub(super) port: u16,
    requests: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Stub {
    /// `script` gets the number of the request, from 0 on, and the request.
    pub(super) async fn start(script: impl Fn(usize, &Received) -> Act + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(script)).await
    }

    pub(super) async fn start_tls(
        tls: TlsAcceptor,
        script: impl Fn(usize, &Received) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Some(tls), Arc::new(script)).await
    }

    async fn serve(tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (heard, counted) = (Arc::clone(&requests), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                let (heard, script, tls) = (Arc::clone(&heard), Arc::clone(&script), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => speak(stream, &heard, &script, reset).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                speak(stream, &heard, &script, drop).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, requests, connections, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    /// How many TCP connections there were.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What follows the bytes.
enum Then {
    Listen,
    Close,
    Stall,
    Reset,
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    heard: &Mutex<Vec<Received>>,
    script: &Script,
    reset: fn(S),
) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let number = {
            let mut heard = heard.lock().unwrap();
            heard.push(request.clone());
            heard.len() - 1
        };
        let (bytes, then) = match script(number, &request) {
            Act::Reply(bytes) => (bytes, Then::Listen),
            Act::Cut(bytes) => (bytes, Then::Close),
            Act::Stall(bytes) => (bytes, Then::Stall),
            Act::Reset => return reset(stream),
            Act::ResetAfter(bytes) => (bytes, Then::Reset),
        };
        // A client that has seen enough goes away.
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
        match then {
            Then::Listen => {}
            Then::Close => return,
            Then::Stall => std::future::pending::<()>().await,
            Then::Reset => return reset(stream),
        }
    }
}

/// The next request; none when the connection is closed.
async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some((request, length)) = parse(buffer) {
            buffer.drain(..length);
            return Some(request);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse(bytes: &[u8]) -> Option<(Received, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap().split(' ');
    let mut request = Received {
        method: words.next().unwrap().to_owned(),
        target: words.next().unwrap().to_owned(),
        ..Received::default()
    };
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?;
    request.body = body.to_vec();
    Some((request, end + 4 + length))
}

/// Without a farewell: what was in flight is lost.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
}
