//! Signing, `SDK-HMAC-SHA256`: pure functions, one for each stage of the vendor's algorithm.
//!
//! Source: the vendor's page "API request signing" and the signers of its SDKs. A client calls the stages one after the
//! other; so does a verifier, with the headers that the request's `SignedHeaders` names and the bytes it received.
//! Paths and queries may be handed in as they stand on the wire or unencoded: both are decoded, then encoded anew.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

/// The name of the algorithm, as `Authorization` and the string to sign begin with it.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// 9999-12-31T23:59:59Z: the date format has four digits for the year.
const LAST_SECOND: u64 = 253_402_300_799;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is signed: method, path, query, `headers` (those that are signed and no others; in any order and case) and the
/// hash of the body's bytes.
pub fn canonical_request(method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let mut canonical = format!("{}\n{}\n{}\n", method.to_ascii_uppercase(), canonical_path(path), encode_query(query));
    for (name, value) in sorted(headers) {
        canonical.push_str(&name);
        canonical.push(':');
        canonical.push_str(value);
        canonical.push('\n');
    }
    canonical.push('\n');
    canonical.push_str(&signed_headers(headers));
    canonical.push('\n');
    canonical.push_str(&hex(&Sha256::digest(body)));
    canonical
}

/// The value of `SignedHeaders`: lower-case names, sorted, joined by `;`.
pub fn signed_headers(headers: &[(&str, &str)]) -> String {
    let names: Vec<String> = sorted(headers).into_iter().map(|(name, _)| name).collect();
    names.join(";")
}

/// What the key is applied to. `date` is the value of `X-Sdk-Date`.
pub fn string_to_sign(date: &str, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{}", hex(&Sha256::digest(canonical_request)))
}

/// The signature, in lower-case hexadecimal. The secret is the key as it is: nothing is derived from it.
pub fn signature(secret: &str, string_to_sign: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(string_to_sign.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// The value of `Authorization`.
pub fn authorization(access_key: &str, signed_headers: &str, signature: &str) -> String {
    format!("{ALGORITHM} Access={access_key}, SignedHeaders={signed_headers}, Signature={signature}")
}

/// A moment, in seconds since the Unix epoch, as `X-Sdk-Date` writes it: `20250908T000000Z`.
pub fn date(seconds: u64) -> String {
    let moment = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
    humantime::format_rfc3339_seconds(moment).to_string().replace(['-', ':'], "")
}

/// Percent-encodes a path's segments: what goes on the wire, and (with a final `/`) what is signed.
pub fn encode_path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let segments: Vec<String> =
        decoded.split(|byte| *byte == b'/').map(|segment| encode(segment).to_string()).collect();
    segments.join("/")
}

/// A query as it is signed, and a good one to send: encoded, sorted by key and value (before encoding, as the vendor's
/// SDKs sort), and with `=` behind a key that has no value.
pub fn encode_query(query: &str) -> String {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (percent_decode_str(key).collect(), percent_decode_str(value).collect()))
        .collect();
    pairs.sort();
    let mut encoded = String::with_capacity(query.len());
    for (key, value) in &pairs {
        let separator = if encoded.is_empty() { "" } else { "&" };
        // Writing to a string cannot fail.
        let _ = write!(encoded, "{separator}{}={}", encode(key), encode(value));
    }
    encoded
}

/// A key or value of a query, ready to stand in one whatever characters it has.
pub fn encode_component(text: &str) -> String {
    encode(text.as_bytes()).to_string()
}

/// Always with a `/` at its end; the path on the wire has none there.
fn canonical_path(path: &str) -> String {
    let mut encoded = encode_path(path);
    if !encoded.ends_with('/') {
        encoded.push('/');
    }
    encoded
}

/// Names in lower case, values without the blanks around them, by name.
fn sorted<'a>(headers: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    let mut headers: Vec<_> = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    headers.sort();
    headers
}

fn encode(bytes: &[u8]) -> PercentEncode<'_> {
    percent_encode(bytes, RESERVED)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc_and_to_the_second() {
        assert_eq!(date(0), "19700101T000000Z");
        assert_eq!(date(1_757_289_600), "20250908T000000Z");
        assert_eq!(date(1_709_210_096), "20240229T123456Z");
        assert_eq!(date(u64::MAX), "99991231T235959Z");
    }

    #[test]
    fn a_key_without_a_value_gets_an_equals_sign() {
        assert_eq!(encode_query("k"), "k=");
        assert_eq!(encode_query("b=2&a&&b=1"), "a=&b=1&b=2");
    }

    #[test]
    fn a_stray_percent_sign_is_itself() {
        assert_eq!(encode_query("name=100%&x=%zz"), "name=100%25&x=%25zz");
        assert_eq!(encode_path("/100%/a%20b"), "/100%25/a%20b");
    }
}
