//! Who asks whom over HTTP: one request a connection, by HTTP/1.0, so that an answer comes in one piece and ends with
//! the connection.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whoever takes longer for an answer has none.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// A line of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body, unpacked.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        let plain = match self.header("content-encoding") {
            None => self.body.clone(),
            Some("gzip") => {
                let mut plain = Vec::new();
                io::Read::read_to_end(&mut GzDecoder::new(&*self.body), &mut plain).unwrap();
                plain
            }
            Some(other) => panic!("nobody asked for the encoding {other}"),
        };
        String::from_utf8(plain).unwrap()
    }

    /// The body as JSON; what is none is an error that shows it.
    pub(crate) fn json(&self) -> Result<Value, String> {
        let text = self.text();
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}: {text}", self.status))
    }
}

/// `GET`. Headers are lines without their ends.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[&str]) -> io::Result<Answer> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    ask(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{lines}\r\n")).await
}

/// `POST` of a form.
pub(crate) async fn post(address: SocketAddr, path: &str, form: &[(&str, &str)]) -> io::Result<Answer> {
    let encoded = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let body: Vec<String> = form.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    let body = body.join("&");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = body.len();
    ask(
        address,
        &format!("POST {path} HTTP/1.0\r\nHost: {address}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}"),
    )
    .await
}

async fn ask(address: SocketAddr, request: &str) -> io::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| io::ErrorKind::TimedOut)??;
    read(&answer).ok_or_else(|| io::Error::other(format!("no answer: {}", String::from_utf8_lossy(&answer))))
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = answer.split_at(end);
    let head = String::from_utf8(head.to_vec()).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head, body: body.get(4..)?.to_vec() })
}
