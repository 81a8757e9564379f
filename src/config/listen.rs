//! An address to listen on, as the ecosystem writes it: `:10986`, `127.0.0.1:0`, `[::1]:9000`, `localhost:9000`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address to listen on. Without a host: every interface, IPv6 and IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// An IP address (IPv6 without brackets), or a name that has one.
    pub host: Option<String>,
    /// The port; 0 lets the system choose.
    pub port: u16,
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |what: &str| format!("{what}; write `:10986`, `127.0.0.1:10986`, `[::1]:10986` or `localhost:10986`");
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("there is no port"))?;
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or_else(|| wrong("the port is not a number up to 65535"))?;
        let host = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
            None if host.is_empty() => None,
            None if host.parse::<Ipv4Addr>().is_ok() || is_name(host) => Some(host),
            None => return Err(wrong("there is no such host")),
            Some(Some(inside)) if inside.parse::<Ipv6Addr>().is_ok() => Some(inside),
            Some(_) => return Err(wrong("what stands in the brackets is not an IPv6 address")),
        };
        Ok(Self { host: host.map(str::to_owned), port })
    }
}

fn is_name(host: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    host.len() <= 253 && host.bytes().all(letters) && host.bytes().any(|b| b.is_ascii_alphabetic())
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            host => write!(f, "{}:{}", host.as_deref().unwrap_or_default(), self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_as_it_was_written() {
        for text in [":10986", "127.0.0.1:0", "[::1]:9000", "localhost:9000", "0.0.0.0:1", "node-1.example:65535"] {
            assert_eq!(text.parse::<ListenAddress>().map(|address| address.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_cannot_be_listened_on_is_refused() {
        let bad = [
            "",
            "10986",
            "localhost",
            "localhost:",
            ":65536",
            ":-1",
            ":+1",
            "::1:9000",
            "[::1:9000",
            "[x]:1",
            "a b:1",
            "1.2.3:1",
        ];
        for text in bad {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}
