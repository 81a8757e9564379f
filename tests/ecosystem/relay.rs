//! A way to the exporter on which something else is asked for than Prometheus asks for by itself.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Starts one, on which these lines are all that a request says of formats and encodings.
pub(crate) async fn relay(exporter: SocketAddr, headers: &[&str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    tokio::spawn(async move {
        while let Ok((scraper, _)) = listener.accept().await {
            tokio::spawn(hand_on(scraper, exporter, headers.clone()));
        }
    });
    address
}

/// Hands on the first request of a connection, and lets it be the last. The answer goes back as it comes.
async fn hand_on(mut scraper: TcpStream, exporter: SocketAddr, headers: String) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(scraper.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let said = |line: &&str| !["accept", "connection"].iter().any(|name| line.to_ascii_lowercase().starts_with(name));
    let lines: Vec<&str> = head.trim_end().lines().filter(said).collect();
    let mut stream = TcpStream::connect(exporter).await?;
    stream.write_all(format!("{}\r\n{headers}Connection: close\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    copy_bidirectional(&mut scraper, &mut stream).await?;
    Ok(())
}
