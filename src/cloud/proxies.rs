//! Which proxies the environment names, by the rules of Go's `net/http`, which the neighbours of this exporter follow.
//!
//! `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, each in lower case too; hosts of the loopback are always reached directly.

use crate::config::Secret;
use percent_encoding::percent_decode_str;
use std::fmt;

/// Never reached through a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The proxies of one environment.
pub(super) struct Proxies {
    http: Option<Address>,
    https: Option<Address>,
    exceptions: String,
}

/// A variable and the proxy it names. The address may hold a password, so it is never shown.
struct Address {
    variable: &'static str,
    value: String,
}

impl Proxies {
    pub(super) fn new(environment: &[(String, String)]) -> Self {
        let find = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let value = environment.iter().find(|(key, value)| key == name && !value.trim().is_empty());
                value.map(|(_, value)| Address { variable: name, value: value.trim().to_owned() })
            })
        };
        let exceptions = find(["NO_PROXY", "no_proxy"]).map(|found| found.value).unwrap_or_default();
        if exceptions.split(',').any(|host| host.trim() == "*") {
            return Self { http: None, https: None, exceptions };
        }
        Self {
            http: find(["HTTP_PROXY", "http_proxy"]),
            https: find(["HTTPS_PROXY", "https_proxy"]),
            exceptions: format!("{exceptions},{LOOPBACK}"),
        }
    }

    /// Whether all of them can be used, or which one cannot. To go around a proxy that was asked for would be worse.
    pub(super) fn check(&self) -> Result<(), String> {
        match [&self.http, &self.https].into_iter().flatten().find(|address| !address.is_usable()) {
            Some(Address { variable, .. }) => {
                Err(format!("{variable} does not name an HTTP proxy; it should be like http://proxy.example.com:3128"))
            }
            None => Ok(()),
        }
    }

    /// For `http://` endpoints.
    pub(super) fn for_http(&self) -> Option<&str> {
        self.http.as_ref().filter(|address| address.is_usable()).map(|address| address.value.as_str())
    }

    /// For `https://` endpoints.
    pub(super) fn for_https(&self) -> Option<&str> {
        self.https.as_ref().filter(|address| address.is_usable()).map(|address| address.value.as_str())
    }

    /// The passwords that the proxies are sent.
    pub(super) fn passwords(&self) -> Vec<Secret> {
        let passwords = [&self.http, &self.https].into_iter().flatten().filter_map(Address::password);
        passwords.map(|password| Secret::new(percent_decode_str(password).decode_utf8_lossy())).collect()
    }

    /// Hosts, domains and networks that are reached directly.
    pub(super) fn exceptions(&self) -> &str {
        &self.exceptions
    }
}

impl Address {
    /// Only HTTP proxies, with or without TLS; without a scheme, `http://` is meant.
    fn is_usable(&self) -> bool {
        let (scheme, rest) = self.value.split_once("://").unwrap_or(("http", &self.value));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let plausible = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control());
        plausible && (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
    }

    /// As it is written: percent-encoded.
    fn password(&self) -> Option<&str> {
        let (_, rest) = self.value.split_once("://").unwrap_or(("", &self.value));
        let (user, _) = rest.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = [&self.http, &self.https].into_iter().flatten().map(|address| address.variable);
        f.debug_list().entries(variables).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(environment: &[(&str, &str)]) -> Proxies {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Proxies::new(&environment.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_environment_names_the_proxies_in_either_case() {
        let proxies = proxies(&[("http_proxy", " one:3128 "), ("HTTPS_PROXY", "http://two"), ("https_proxy", "three")]);
        assert_eq!((proxies.for_http(), proxies.for_https()), (Some("one:3128"), Some("http://two")));
        assert!(proxies.check().is_ok());
    }

    #[test]
    fn an_empty_variable_is_none() {
        let proxies = proxies(&[("HTTP_PROXY", ""), ("http_proxy", "one"), ("HTTPS_PROXY", "")]);
        assert_eq!((proxies.for_http(), proxies.for_https()), (Some("one"), None));
    }

    #[test]
    fn loopback_hosts_are_always_reached_directly() {
        assert_eq!(proxies(&[("NO_PROXY", "example.com")]).exceptions(), "example.com,localhost,127.0.0.0/8,::1");
        let none = proxies(&[("HTTP_PROXY", "one"), ("HTTPS_PROXY", "one"), ("no_proxy", "a, *")]);
        assert_eq!((none.for_http(), none.for_https()), (None, None));
    }

    #[test]
    fn a_password_is_what_is_sent_and_not_how_it_is_written() {
        let proxies = proxies(&[("HTTP_PROXY", "http://user:a%2Fb:c@one:3128"), ("HTTPS_PROXY", "user@two")]);
        assert_eq!(proxies.passwords().iter().map(Secret::expose).collect::<Vec<_>>(), ["a/b:c"]);
    }

    #[test]
    fn an_address_that_cannot_be_used_is_named_and_not_shown() {
        for address in ["socks5://u:canary@one", "http://", "canary two", "http://u:canary@"] {
            let proxies = proxies(&[("HTTPS_PROXY", address)]);
            let error = proxies.check().unwrap_err();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("canary"), "{error}");
            assert!(!format!("{proxies:?}").contains("canary"));
            assert_eq!(proxies.for_https(), None);
        }
    }
}
