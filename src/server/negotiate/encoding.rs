//! Which encoding a client wants, from its `Accept-Encoding` (RFC 9110, section 12.5.3).

use super::weights::members;
use crate::metrics::Encoding;

/// The encoding to answer with. What we cannot satisfy (`identity;q=0` without gzip) is answered as it is: a scrape that
/// was refused for a matter of form would help nobody.
pub(in crate::server) fn encoding<'a>(accept_encoding: impl Iterator<Item = &'a str>) -> Encoding {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for member in members(accept_encoding) {
        let slot = if member.is("gzip") || member.is("x-gzip") {
            &mut gzip
        } else if member.is("identity") {
            &mut identity
        } else if member.is("*") {
            &mut any
        } else {
            continue;
        };
        *slot = Some(slot.map_or(member.weight, |before: u16| before.max(member.weight)));
    }
    // Identity that nobody named is acceptable, but what is named comes first.
    let (gzip, identity) = (gzip.or(any).unwrap_or(0), identity.or(any).unwrap_or(0));
    if gzip > 0 && gzip >= identity { Encoding::Gzip } else { Encoding::Identity }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], wanted: Encoding) {
        assert_eq!(encoding(lines.iter().copied()), wanted, "{lines:?}");
    }

    #[test]
    fn gzip_comes_to_those_who_ask_for_it() {
        check(&["gzip"], Encoding::Gzip);
        check(&["GZip"], Encoding::Gzip);
        check(&["x-gzip"], Encoding::Gzip);
        check(&["deflate, gzip;q=1.0, *;q=0.5"], Encoding::Gzip);
        check(&["br", "gzip"], Encoding::Gzip);
        check(&["gzip;q=0.001"], Encoding::Gzip);
        check(&["gzip ; Q=0.5"], Encoding::Gzip);
        check(&["*"], Encoding::Gzip);
        check(&["*;q=0.1"], Encoding::Gzip);
        check(&["identity;q=0, *"], Encoding::Gzip);
        check(&["gzip;q=0.5, identity;q=0.5"], Encoding::Gzip);
    }

    #[test]
    fn whoever_does_not_ask_or_refuses_gets_it_as_it_is() {
        check(&[], Encoding::Identity);
        check(&[""], Encoding::Identity);
        check(&["deflate, br"], Encoding::Identity);
        check(&["gzip;q=0"], Encoding::Identity);
        check(&["gzip;q=0.000, *"], Encoding::Identity);
        check(&["*;q=0"], Encoding::Identity);
        check(&["identity"], Encoding::Identity);
        check(&["identity, gzip;q=0.9"], Encoding::Identity);
        check(&["gzip;q=0.1, *;q=0.9"], Encoding::Identity);
    }

    #[test]
    fn what_cannot_be_satisfied_or_read_is_answered_all_the_same() {
        check(&["identity;q=0"], Encoding::Identity);
        check(&["identity;q=0, gzip;q=0"], Encoding::Identity);
        check(&["gzip;q=2"], Encoding::Identity);
        check(&["gzip;q=high"], Encoding::Identity);
        check(&["gzip;q=0.1234"], Encoding::Identity);
        check(&[";;,,=;q="], Encoding::Identity);
    }
}
