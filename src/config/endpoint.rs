//! The address of an API: a URL that is nothing but scheme, host and port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Host names are at most this long (RFC 1035); an IPv6 address is shorter.
const MAX_HOST: usize = 253;

/// Where `http://` is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// On this machine only.
    Loopback,
    /// Everywhere: `allow_insecure_http: true`.
    Anywhere,
}

/// An endpoint: `https`, or `http` where that was allowed; a host, perhaps a port, and nothing else.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    url: Arc<str>,
    /// Where the authority begins in `url`.
    authority_at: usize,
}

impl Endpoint {
    /// Reads an endpoint. The error says what is wrong with it; it does not repeat the text, which may hold a password.
    pub fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, EndpointError> {
        let (scheme, rest) = split_scheme(text)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(EndpointError::MoreThanHost);
        }
        let (host, port) = split_port(rest)?;
        let host = check_host(host)?;
        let (scheme, default_port) = match scheme {
            Scheme::Https => ("https", 443),
            Scheme::Http if plain_http == PlainHttp::Anywhere || is_loopback(&host) => ("http", 80),
            Scheme::Http => return Err(EndpointError::PlainHttp),
        };
        let port = port.filter(|port| *port != default_port).map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { url: format!("{scheme}://{host}{port}").into(), authority_at: scheme.len() + "://".len() })
    }

    /// `https://host[:port]`, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// `host[:port]` as the header `Host` has it: the scheme's own port is left out.
    pub fn authority(&self) -> &str {
        self.url.get(self.authority_at..).unwrap_or_default()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Whether a text that should be a URL, or is one in the wrong place, may hold a password: before an `@`, after a `?` or a
/// `#`, percent-encoded, or where a host and a port should stand.
pub(super) fn may_hold_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return text.contains('@') && text.contains(':') };
    let authority = rest.split('/').next().unwrap_or_default();
    let is_plain = split_port(authority).is_ok_and(|(host, _)| check_host(host).is_ok());
    !is_plain || rest.contains(['@', '?', '#', '%'])
}

/// What is wrong with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// Neither `https://` nor `http://`.
    Scheme,
    /// A user or a password before the host.
    UserInfo,
    /// A path, a query or a fragment.
    MoreThanHost,
    /// No host, or none that could exist.
    Host,
    /// Not a port.
    Port,
    /// `http://` to another machine.
    PlainHttp,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "begins neither with `https://` nor with `http://`",
            Self::UserInfo => "holds a user or a password",
            Self::MoreThanHost => "holds more than a scheme, a host and a port",
            Self::Host => "has no host that could exist",
            Self::Port => "has a port that is not a number from 1 to 65535",
            Self::PlainHttp => "is `http://` to another machine: credentials would travel readable by anyone",
        })
    }
}

impl std::error::Error for EndpointError {}

#[derive(Clone, Copy)]
enum Scheme {
    Https,
    Http,
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), EndpointError> {
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((Scheme::Https, rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((Scheme::Http, rest)),
        _ => Err(EndpointError::Scheme),
    }
}

/// Divides `host:port`; a colon inside brackets belongs to an IPv6 address.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), EndpointError> {
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority.get(after_brackets..).and_then(|rest| rest.find(':')) else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at_checked(after_brackets + colon).ok_or(EndpointError::Port)?;
    let digits = port.trim_start_matches(':');
    if digits.len() + 1 != port.len() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EndpointError::Port);
    }
    match digits.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(EndpointError::Port),
    }
}

fn check_host(host: &str) -> Result<String, EndpointError> {
    let good = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(inside) => inside.is_some_and(|inside| inside.parse::<Ipv6Addr>().is_ok()),
        None if host.len() > MAX_HOST => false,
        // Only digits and dots: browsers and resolvers disagree on what `127.1` means.
        None if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') => host.parse::<Ipv4Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    good.then(|| host.to_ascii_lowercase()).ok_or(EndpointError::Host)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str), EndpointError>) {
        let endpoint = Endpoint::parse(text, PlainHttp::Loopback);
        assert_eq!(endpoint.as_ref().map(|e| (e.as_str(), e.authority())).map_err(|e| *e), expected, "{text}");
    }

    #[test]
    fn an_endpoint_is_scheme_host_and_port() {
        check("https://hss.example.com", Ok(("https://hss.example.com", "hss.example.com")));
        check("HTTPS://Hss.Example.com:443/", Ok(("https://hss.example.com", "hss.example.com")));
        check("https://hss.example.com:8443", Ok(("https://hss.example.com:8443", "hss.example.com:8443")));
        check("http://127.0.0.1:80", Ok(("http://127.0.0.1", "127.0.0.1")));
        check("http://[::1]:9000", Ok(("http://[::1]:9000", "[::1]:9000")));
        check("http://localhost:9000", Ok(("http://localhost:9000", "localhost:9000")));
        check("https://10.0.0.1", Ok(("https://10.0.0.1", "10.0.0.1")));
    }

    #[test]
    fn anything_else_is_refused() {
        check("hss.example.com", Err(EndpointError::Scheme));
        check("ftp://hss.example.com", Err(EndpointError::Scheme));
        check("https://user:password@hss.example.com", Err(EndpointError::UserInfo));
        check("https://hss.example.com/v5", Err(EndpointError::MoreThanHost));
        check("https://hss.example.com?x=1", Err(EndpointError::MoreThanHost));
        check("https://hss.example.com#x", Err(EndpointError::MoreThanHost));
        check("https://", Err(EndpointError::Host));
        check("https://:443", Err(EndpointError::Host));
        check("https://a..b", Err(EndpointError::Host));
        check("https://a b", Err(EndpointError::Host));
        check("https://127.1", Err(EndpointError::Host));
        check("https://[::1", Err(EndpointError::Port));
        check("https://[nonsense]", Err(EndpointError::Host));
        check("https://a:0", Err(EndpointError::Port));
        check("https://a:65536", Err(EndpointError::Port));
        check("https://a:", Err(EndpointError::Port));
        check("https://a::80", Err(EndpointError::Port));
        check("https://a:+80", Err(EndpointError::Port));
        check("http://hss.example.com", Err(EndpointError::PlainHttp));
        check("http://127.0.0.1.example.com", Err(EndpointError::PlainHttp));
    }

    #[test]
    fn where_a_password_may_stand_nothing_is_shown() {
        for text in [
            "https://me:canary@hss.example.com",
            "https://canary@hss.example.com",
            "https://me:canary",
            "https://me:canary%40hss.example.com",
            "https://me:[canary]",
            "https://me,canary",
            "https://hss.example.com?token=canary",
            "me:canary@hss.example.com",
        ] {
            assert!(may_hold_password(text), "{text}");
        }
        for text in
            ["http://10.0.0.1", "https://hss.example.com/v5", "https://[::1]:443", "hss.example.com:443", "5m", "a@b"]
        {
            assert!(!may_hold_password(text), "{text}");
        }
    }

    #[test]
    fn plain_http_goes_further_only_where_the_operator_says_so() {
        assert!(Endpoint::parse("http://10.0.0.1:8080", PlainHttp::Anywhere).is_ok());
    }
}
