//! Which format a client wants, from its `Accept` (RFC 9110, section 12.5.1).
//!
//! As exporters in Go answer, where RFC 9110 leaves the choice to us. Prometheus's own rules:
//! <https://prometheus.io/docs/instrumenting/content_negotiation/>.

use super::weights::{Member, members};
use crate::metrics::Format;
use std::cmp::Reverse;

/// What an exposition is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct MediaType {
    /// The format.
    pub(in crate::server) format: Format,
    escaping: Escaping,
}

/// How names are written that Prometheus 2 would not have read. We have none, and so our bytes are the same by each of
/// these schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaping {
    AllowUtf8,
    Underscores,
    Dots,
    Values,
}

/// Our formats; last what is sent to those who do not mind.
const FORMATS: [Format; 3] = [Format::OpenMetrics, Format::Text1, Format::Text0];

/// The media type to answer with, in one of our formats: that which is liked most, of those that one which is named more
/// closely, of those the first, of those the last of our formats. Who accepts none of them gets the oldest, which everybody
/// reads: a refusal would help nobody.
pub(in crate::server) fn media_type<'a>(accept: impl Iterator<Item = &'a str>) -> MediaType {
    let ranges: Vec<Member<'_>> = members(accept).collect();
    let acceptable = FORMATS.into_iter().filter_map(|format| {
        // The closest range decides about a format, even where a wider one likes it more.
        let fitting =
            ranges.iter().enumerate().filter_map(|(place, range)| Some((closeness(range, format)?, place, range)));
        let (closeness, place, range) =
            fitting.max_by_key(|(closeness, place, range)| (*closeness, range.weight, Reverse(*place)))?;
        let media_type = MediaType { format, escaping: Escaping::of(range) };
        (range.weight > 0).then_some(((range.weight, closeness, Reverse(place)), media_type))
    });
    let best = acceptable.max_by_key(|(rank, _)| *rank);
    best.map_or(MediaType { format: Format::Text0, escaping: Escaping::Underscores }, |(_, media_type)| media_type)
}

/// How closely a range of media types names a format; `None`: not at all. Of its parameters only the version matters: a
/// `charset` that we do not write would be no reason for another format.
fn closeness(range: &Member<'_>, format: Format) -> Option<u8> {
    let (name, wider, version) = match format {
        Format::Text0 => ("text/plain", "text/*", "0.0.4"),
        Format::Text1 => ("text/plain", "text/*", "1.0.0"),
        Format::OpenMetrics => ("application/openmetrics-text", "application/*", "1.0.0"),
    };
    match range.parameter("version") {
        Some(other) if other != version => None,
        Some(_) if range.is(name) => Some(3),
        None if range.is(name) => Some(2),
        _ if range.is(wider) => Some(1),
        _ if range.is("*/*") || range.is("*") => Some(0),
        _ => None,
    }
}

impl Escaping {
    /// The one that is asked for with the range; by default, Prometheus's default.
    fn of(range: &Member<'_>) -> Self {
        match range.parameter("escaping") {
            Some("allow-utf-8") => Self::AllowUtf8,
            Some("dots") => Self::Dots,
            Some("values") => Self::Values,
            _ => Self::Underscores,
        }
    }
}

impl MediaType {
    /// The value of `Content-Type`. The versions 1.0.0 name the scheme; version 0.0.4 is older than all schemes.
    pub(in crate::server) const fn content_type(self) -> &'static str {
        match (self.format, self.escaping) {
            (Format::Text0, _) => "text/plain; version=0.0.4; charset=utf-8",
            (Format::Text1, Escaping::AllowUtf8) => "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            (Format::Text1, Escaping::Underscores) => "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
            (Format::Text1, Escaping::Dots) => "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
            (Format::Text1, Escaping::Values) => "text/plain; version=1.0.0; charset=utf-8; escaping=values",
            (Format::OpenMetrics, Escaping::AllowUtf8) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            (Format::OpenMetrics, Escaping::Underscores) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
            }
            (Format::OpenMetrics, Escaping::Dots) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots"
            }
            (Format::OpenMetrics, Escaping::Values) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Format::{OpenMetrics, Text0, Text1};

    #[track_caller]
    fn check(accept: &str, format: Format) {
        assert_eq!(media_type([accept].into_iter()).format, format, "{accept}");
    }

    #[test]
    fn the_weight_decides_and_then_the_closer_name_and_then_the_place() {
        check("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.6", OpenMetrics);
        check("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5", Text0);
        check("text/plain,application/openmetrics-text", Text0);
        check("application/openmetrics-text,text/plain", OpenMetrics);
        check("text/plain;version=1.0.0,text/plain;version=0.0.4", Text1);
        check("*/*,application/openmetrics-text", OpenMetrics);
        check("text/*,text/plain;version=1.0.0", Text1);
        check("text/plain,text/plain;version=1.0.0", Text1);
    }

    #[test]
    fn the_closest_range_decides_about_a_format() {
        check("text/plain;q=0.1,*/*;q=0.5", OpenMetrics);
        check("text/plain;q=0,text/plain;version=1.0.0;q=0.1", Text1);
        check("text/plain;version=0.0.4;q=0,text/plain;q=0.5", Text1);
        check("application/openmetrics-text;q=0,application/*,text/*;q=0.1", Text0);
        check("text/plain;q=0.2,text/plain;q=0.9,application/openmetrics-text;q=0.5", Text0);
    }

    #[test]
    fn a_version_that_we_do_not_write_is_not_accepted() {
        check("application/openmetrics-text;version=0.0.1,text/plain;version=1.0.0;q=0.5", Text1);
        check("application/openmetrics-text;version=2.0.0,text/plain;q=0.5", Text0);
        check("application/openmetrics-text;version=0.0.1", Text0);
        check("text/plain;version=0.0.2,application/openmetrics-text;q=0.1", OpenMetrics);
        check("application/openmetrics-text;version=\"1.0.0\";charset=\"utf-8\"", OpenMetrics);
    }

    #[test]
    fn who_does_not_mind_or_accepts_nothing_gets_the_oldest() {
        for accept in ["*/*", "*", "text/*", "text/plain", "TEXT/Plain;Charset=latin1", "*/*;q=0.1,text/html"] {
            check(accept, Text0);
        }
        for accept in
            ["", ",,;", "text/html", "application/json", "*/*;q=0", "text/plain;q=0", "text", "/", "text/plain;q"]
        {
            check(accept, Text0);
        }
        assert_eq!(media_type([].into_iter()).content_type(), "text/plain; version=0.0.4; charset=utf-8");
        check("application/*", OpenMetrics);
        check("text/*;q=0,*/*", OpenMetrics);
    }

    #[test]
    fn lines_are_one_list() {
        let lines = ["text/plain;q=0.4", "application/openmetrics-text;q=0.5,*/*;q=0.1"];
        assert_eq!(media_type(lines.into_iter()).format, OpenMetrics);
    }

    #[test]
    fn the_scheme_agreed_on_is_that_of_the_range_and_named_where_the_version_knows_of_it() {
        for (accept, content_type) in [
            ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
            ("text/plain;version=1.0.0;escaping=dots", "text/plain; version=1.0.0; charset=utf-8; escaping=dots"),
            ("text/plain;version=1.0.0;escaping=no", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
            ("text/plain;version=0.0.4;escaping=values", "text/plain; version=0.0.4; charset=utf-8"),
            (
                "text/plain;version=1.0.0;escaping=dots;q=0.5,application/openmetrics-text;escaping=allow-utf-8;q=0.6",
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            ),
            (
                "application/openmetrics-text,text/plain;escaping=dots;q=0.1",
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            ),
        ] {
            assert_eq!(media_type([accept].into_iter()).content_type(), content_type, "{accept}");
        }
    }

    #[test]
    fn every_content_type_says_its_format_and_its_scheme() {
        for format in ["text/plain", "application/openmetrics-text"] {
            for scheme in ["allow-utf-8", "underscores", "dots", "values"] {
                let accept = format!("{format};version=1.0.0;escaping={scheme}");
                let wanted = format!("{format}; version=1.0.0; charset=utf-8; escaping={scheme}");
                assert_eq!(media_type([accept.as_str()].into_iter()).content_type(), wanted);
            }
        }
    }
}
