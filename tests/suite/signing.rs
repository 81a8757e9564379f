//! Signing, held against the vendor's own vectors stage by stage, and against what must hold for any request.

#![cfg(test)]

use hss_exporter::cloud::sign::{
    authorization, canonical_request, encode_component, encode_path, encode_query, signature, signed_headers,
    string_to_sign,
};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A request, and what the vendor's own tools make of it.
#[derive(Deserialize)]
struct Vector {
    name: String,
    access_key: String,
    secret_key: String,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    body: String,
    signed_headers: String,
    canonical_request: String,
    signature: String,
    authorization: String,
}

impl Vector {
    fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Each key and value encoded, in the order given.
    fn wire_query(&self) -> String {
        let pairs = self.query.iter().map(|(k, v)| format!("{}={}", encode_component(k), encode_component(v)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../data/signing-vectors.json")).unwrap();
    assert!(vectors.len() >= 11, "the file of vectors has lost some");
    vectors
}

#[test]
fn canonical_requests_are_the_vendors() {
    for vector in vectors() {
        let canonical = canonical_request(
            &vector.method,
            &vector.path,
            &vector.wire_query(),
            &vector.headers(),
            vector.body.as_bytes(),
        );
        assert_eq!(canonical, vector.canonical_request, "{}", vector.name);
    }
}

#[test]
fn signatures_are_the_vendors() {
    for vector in vectors() {
        let date = &vector.headers["X-Sdk-Date"];
        let to_sign = string_to_sign(date, &vector.canonical_request);
        assert_eq!(signature(&vector.secret_key, &to_sign), vector.signature, "{}", vector.name);
    }
}

#[test]
fn authorizations_are_the_vendors() {
    for vector in vectors() {
        let signed = signed_headers(&vector.headers());
        assert_eq!(signed, vector.signed_headers, "{}", vector.name);
        let authorization = authorization(&vector.access_key, &signed, &vector.signature);
        assert_eq!(authorization, vector.authorization, "{}", vector.name);
    }
}

#[test]
fn the_string_to_sign_is_as_documented() {
    // The hash stands on the vendor's page on the algorithm.
    let documented = &vectors()[0];
    assert_eq!(
        string_to_sign("20191115T033655Z", &documented.canonical_request),
        "SDK-HMAC-SHA256\n20191115T033655Z\nb25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
    );
}

#[test]
fn blanks_around_a_header_value_do_not_count() {
    let sign = |value| canonical_request("GET", "/", "", &[("X-Sdk-Date", value)], b"");
    assert_eq!(sign("  20250908T000000Z\t"), sign("20250908T000000Z"));
}

/// Whether only unreserved characters and whole escapes are left, beside the separators given.
fn is_encoded(text: &str, separators: &str) -> bool {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let escape = c == '%'
            && (0..2).all(|_| rest.next().is_some_and(|digit| digit.is_ascii_digit() || ('A'..='F').contains(&digit)));
        if !escape && !c.is_ascii_alphanumeric() && !"-_.~".contains(c) && !separators.contains(c) {
            return false;
        }
    }
    true
}

/// The signature of a request with one header beside the date.
fn sign(path: &str, query: &str, header: &str, body: &[u8]) -> String {
    let headers = [("X-Sdk-Date", "20250908T000000Z"), ("X-Project-Id", header)];
    signature("secret", &string_to_sign("20250908T000000Z", &canonical_request("POST", path, query, &headers, body)))
}

/// A path as a server sees it, which begins with a slash and has neither query nor fragment.
fn path() -> impl Strategy<Value = String> {
    "(/[^?#\r\n]{0,12}){1,4}"
}

proptest! {
    #[test]
    fn a_path_is_encoded_and_ends_in_a_slash(path in path()) {
        let canonical = canonical_request("GET", &path, "", &[], b"");
        let line = canonical.lines().nth(1).unwrap();
        prop_assert!(line.starts_with('/') && line.ends_with('/'), "{line}");
        prop_assert!(is_encoded(line, "/"), "{line}");
        prop_assert_eq!(encode_path(line), line, "encoding again changes nothing");
    }

    #[test]
    fn a_query_is_encoded_and_encoding_it_again_changes_nothing(query in "[^\r\n]{0,40}") {
        let canonical = encode_query(&query);
        prop_assert!(is_encoded(&canonical, "=&"), "{canonical}");
        prop_assert_eq!(&encode_query(&canonical), &canonical);
        for pair in canonical.split('&').filter(|pair| !pair.is_empty()) {
            prop_assert_eq!(pair.matches('=').count(), 1, "{}", pair);
        }
    }

    #[test]
    fn the_order_of_a_query_does_not_matter(
        (pairs, shuffled) in prop::collection::vec(("[^%&=]{1,6}", "[^%&=]{0,6}"), 0..6)
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
    ) {
        let join = |pairs: &[(String, String)]| {
            pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&")
        };
        let canonical = encode_query(&join(&pairs));
        prop_assert_eq!(&canonical, &encode_query(&join(&shuffled)));
        let mut sorted = pairs.clone();
        sorted.sort();
        let encoded: Vec<_> =
            sorted.iter().map(|(k, v)| format!("{}={}", encode_component(k), encode_component(v))).collect();
        prop_assert_eq!(canonical, encoded.join("&"), "sorted by key, then value");
    }

    #[test]
    fn what_is_on_the_wire_and_what_was_meant_are_signed_alike(
        path in "(/[^%?#/\r\n]{0,12}){1,4}",
        key in "[^%&=\r\n]{1,12}",
        value in "[^%&\r\n]{0,12}",
    ) {
        let meant = format!("{key}={value}");
        prop_assert_eq!(
            sign(&path, &meant, "p", b""),
            sign(&encode_path(&path), &encode_query(&meant), "p", b"")
        );
    }

    #[test]
    fn headers_are_sorted_whatever_their_order_and_case(
        (headers, shuffled) in prop::collection::btree_map("[a-z][a-z-]{0,8}", "[ -~]{0,12}", 1..6)
            .prop_map(|headers| headers.into_iter().collect::<Vec<_>>())
            .prop_flat_map(|headers| (Just(headers.clone()), Just(headers).prop_shuffle())),
    ) {
        fn request(headers: &[(String, String)]) -> String {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            canonical_request("GET", "/", "", &headers, b"")
        }
        let loud: Vec<_> = shuffled.iter().map(|(k, v)| (k.to_ascii_uppercase(), format!(" {v}\t"))).collect();
        prop_assert_eq!(request(&headers), request(&loud));
    }

    #[test]
    fn any_change_changes_the_signature(
        path in path(),
        query in "[a-z]{1,4}=[^%&\r\n]{0,8}",
        header in "[!-~]{1,12}",
        body in prop::collection::vec(any::<u8>(), 1..40),
        place in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let original = sign(&path, &query, &header, &body);
        let mut other_body = body.clone();
        let at = place.index(body.len());
        other_body[at] ^= flip;
        prop_assert_ne!(&original, &sign(&path, &query, &header, &other_body));
        prop_assert_ne!(&original, &sign(&path, &query, &header, &body[..body.len() - 1]));
        prop_assert_ne!(&original, &sign(&path, &query, &format!("{header}x"), &body));
        prop_assert_ne!(&original, &sign(&path, &format!("{query}x"), &header, &body));
        prop_assert_ne!(&original, &sign(&format!("{path}x"), &query, &header, &body));
    }

    #[test]
    fn another_secret_or_date_gives_another_signature(one in "[!-~]{1,60}", other in "[!-~]{1,60}") {
        prop_assume!(one != other);
        prop_assert_ne!(signature(&one, "text"), signature(&other, "text"));
        prop_assert_ne!(string_to_sign(&one, "request"), string_to_sign(&other, "request"));
    }
}
