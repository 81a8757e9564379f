//! Asking a running exporter whether it is healthy: what a container's health check calls.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the question may take: a container's health check has 30 seconds by default.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer is a sentence; what is longer comes from somebody else.
const LONGEST_ANSWER: u64 = 16 * 1024;

/// Asks `{url}/-/healthy`, where `url` is such as `http://127.0.0.1:10986`.
///
/// # Errors
/// A sentence that says what is wrong: with the URL, with the way there, or with the exporter.
pub async fn ask_health(url: &str) -> Result<(), String> {
    let (authority, path) = parts(url)?;
    let address = if has_port(authority) { authority.to_owned() } else { format!("{authority}:80") };
    let request = format!("GET {path}/-/healthy HTTP/1.0\r\nHost: {authority}\r\nUser-Agent: hss-exporter\r\n\r\n");
    let answer = match timeout(PATIENCE, exchange(&address, &request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(format!("cannot ask {url}: {error}")),
        Err(_) => return Err(format!("cannot ask {url}: no answer within {} seconds", PATIENCE.as_secs())),
    };
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut status = head.lines().next().unwrap_or_default().splitn(3, ' ');
    match (status.next(), status.next()) {
        (Some(version), Some("200")) if version.starts_with("HTTP/") => Ok(()),
        (Some(version), Some(code)) if version.starts_with("HTTP/") => {
            Err(format!("{url} answers {code}: {}", body.lines().next().unwrap_or_default()))
        }
        _ => Err(format!("{url} does not answer in HTTP")),
    }
}

/// `authority` and `path` of `http://authority/path`, the path without a slash at its end.
fn parts(url: &str) -> Result<(&str, &str), String> {
    let Some(rest) = url.strip_prefix("http://") else {
        return Err(format!("`{url}` is no URL that can be asked: it has to begin with http://"));
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.is_empty() || rest.contains(|c: char| c.is_whitespace() || c.is_control() || "?#@".contains(c)) {
        return Err(format!("`{url}` is no URL that can be asked: write http://host:port"));
    }
    Ok((authority, path.trim_end_matches('/')))
}

fn has_port(authority: &str) -> bool {
    authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

async fn exchange(address: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_have_a_path_and_needs_no_port() {
        assert_eq!(parts("http://127.0.0.1:10986"), Ok(("127.0.0.1:10986", "")));
        assert_eq!(parts("http://127.0.0.1:10986/"), Ok(("127.0.0.1:10986", "")));
        assert_eq!(parts("http://host/hss/"), Ok(("host", "/hss")));
        assert!(has_port("[::1]:10986") && has_port("host:1") && !has_port("[::1]") && !has_port("host"));
    }

    #[track_caller]
    fn check_refused(url: &str, reason: &str) {
        let error = parts(url).unwrap_err();
        assert!(error.contains(url) && error.contains(reason), "{error}");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_the_reason() {
        check_refused("https://host", "begin with http://");
        check_refused("127.0.0.1:10986", "begin with http://");
        check_refused("http://", "http://host:port");
        check_refused("http://user@host", "http://host:port");
        check_refused("http://a b", "http://host:port");
    }
}
