//! What an answer of the cloud means: an answer, or a failure with its reason and the cloud's own words.
//!
//! Huawei Cloud has no single shape for errors: the gateway, HSS, IAM and EPS each write their own, and a proxy in between
//! answers with a page. The reason comes from the HTTP status and the number in the code, because the prefixes `APIGW.`,
//! `APIG.` and `APIC.` all mean the gateway's one table, and HSS says "not permitted" and "not found" with status 400.

use super::error_body::ErrorBody;
use super::redact::Redactor;
use super::words::{excerpt, wait_in};
use crate::model::{Failure, Reason, Timestamp};
use bytes::Bytes;
use std::time::{Duration, SystemTime};

/// A longer code is none.
const CODE_LIMIT: usize = 64;

/// A request id has 32 hexadecimal digits.
const REQUEST_ID_LIMIT: usize = 128;

/// The cloud's words may hold the canonical request, which is some hundred characters long.
const MESSAGE_LIMIT: usize = 1000;

/// Longer than any pause worth keeping to.
const RETRY_AFTER_LIMIT: Duration = Duration::from_hours(24);

/// What came back: all of it, or the beginning of an error.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Those that anything is read from. Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// When the server answered, by its own clock.
    pub(super) fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// What the cloud's support asks for.
    pub(super) fn request_id(&self, redactor: &Redactor) -> Option<String> {
        let header = self.header("x-request-id").or_else(|| self.header("x-iam-trace-id"));
        header.map(|id| redactor.clean(id, REQUEST_ID_LIMIT)).filter(|id| !id.is_empty())
    }
}

/// Whether the reply is an answer. `now` is the moment of the reply; `tried` says what was asked, and where.
pub(super) fn judge(reply: &Reply, tried: &str, now: Timestamp, redactor: &Redactor) -> Result<(), Failure> {
    if (200..300).contains(&reply.status) {
        return Ok(());
    }
    let said = ErrorBody::read(&reply.body);
    let code = said.code.map(|code| redactor.clean(&code, CODE_LIMIT)).filter(|code| !code.is_empty());
    let reason = reason(reply.status, code.as_deref());
    let words = match (said.message, reply.header("location")) {
        (Some(words), _) => words,
        (None, Some(location)) if (300..400).contains(&reply.status) => {
            format!("the endpoint sends us elsewhere, to {location}; redirects are not followed")
        }
        (None, _) => excerpt(&redactor.redact(&String::from_utf8_lossy(&reply.body)), reply.header("content-type")),
    };
    let asked = reply.header("retry-after").and_then(|value| retry_after(value, reply.date(), now));
    let asked = asked.or_else(|| (reason == Reason::Throttled).then(|| wait_in(&words)).flatten());
    let said_id = said.request_id.map(|id| redactor.clean(&id, REQUEST_ID_LIMIT));
    Err(Failure {
        reason,
        tried: tried.to_owned(),
        status: Some(reply.status),
        code,
        message: redactor.clean(&words, MESSAGE_LIMIT),
        request_id: reply.request_id(redactor).or(said_id),
        retry_after: asked.map(|wait| wait.min(RETRY_AFTER_LIMIT)),
    })
}

/// The reason behind a status and a code. Source: the gateway's and HSS's tables of error codes.
fn reason(status: u16, code: Option<&str>) -> Reason {
    let (service, number) = match code.map(split_code) {
        Some((service, Some(number))) => (service, number),
        _ => (Service::Unknown, 0),
    };
    match (service, number, status) {
        (_, _, 429) | (Service::Gateway, 308, _) | (Service::Hss, 3, _) => Reason::Throttled,
        (Service::Hss, 10 | 13, _) => Reason::Permission,
        (Service::Hss, 11, _) => Reason::NotFound,
        (Service::Gateway, 307, 401) => Reason::TokenExpired,
        (_, _, 401) => Reason::Auth,
        (_, _, 403) => Reason::Permission,
        (_, _, 404) => Reason::NotFound,
        (_, _, 408) => Reason::Timeout,
        (_, _, 500..) => Reason::Server,
        _ => Reason::Invalid,
    }
}

/// Whose table a code stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    /// `APIGW.`, `APIG.` or `APIC.`
    Gateway,
    /// `HSS.`, or eight digits without a prefix.
    Hss,
    Unknown,
}

fn split_code(code: &str) -> (Service, Option<u32>) {
    let (prefix, number) = code.rsplit_once('.').unwrap_or(("", code));
    let service = match prefix {
        "APIGW" | "APIG" | "APIC" => Service::Gateway,
        "HSS" => Service::Hss,
        "" if number.len() == 8 => Service::Hss,
        _ => Service::Unknown,
    };
    (service, number.parse().ok())
}

/// `Retry-After`: seconds, or a date. A date is counted from the reply's own `date` and from `now`, and the lesser wait
/// holds: a single date that lies must not silence us.
fn retry_after(value: &str, date: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let until = http_date(value)?;
            Some(until.since(date.unwrap_or(now)).min(until.since(now)))
        }
    }
}

fn http_date(value: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(value).ok()?;
    Some(Timestamp::new(date.duration_since(SystemTime::UNIX_EPOCH).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn failure(status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
        let now = Timestamp::from_secs(1_757_289_600);
        judge(&reply(status, headers, body), "ListTasks", now, &Redactor::default()).unwrap_err()
    }

    #[track_caller]
    fn check(status: u16, body: &str, reason: Reason, code: Option<&str>, message: &str) {
        let failure = failure(status, &[], body);
        assert_eq!(failure.reason, reason, "{body}");
        assert_eq!(failure.code.as_deref(), code, "{body}");
        assert_eq!(failure.message, message, "{body}");
        assert_eq!(failure.status, Some(status));
    }

    #[test]
    fn each_shape_of_an_error_is_understood() {
        let over = "policy user over ratelimit,limit:200,time:5 minute";
        check(
            429,
            &format!(r#"{{"error_msg":"{over}","error_code":"APIGW.0308","request_id":"d4"}}"#),
            Reason::Throttled,
            Some("APIGW.0308"),
            over,
        );
        check(
            400,
            r#"{"error_code":"HSS.1019","error_description":"查询失败","error_msg":"查询服务器组信息失败"}"#,
            Reason::Invalid,
            Some("HSS.1019"),
            "查询服务器组信息失败",
        );
        check(
            400,
            r#"{"error_code":"00000010","error_description":"拒绝访问"}"#,
            Reason::Permission,
            Some("00000010"),
            "拒绝访问",
        );
        check(
            401,
            r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#,
            Reason::Auth,
            Some("401"),
            "The request you have made requires authentication.",
        );
        check(
            403,
            r#"{"error":{"error_code":"EPS.0004","error_msg":"forbidden"}}"#,
            Reason::Permission,
            Some("EPS.0004"),
            "forbidden",
        );
        check(404, r#"{"errorCode":"APIG.0101","errorMsg":"no API"}"#, Reason::NotFound, Some("APIG.0101"), "no API");
        check(500, r#"{"code":"X.1","message":"broken"}"#, Reason::Server, Some("X.1"), "broken");
        check(
            403,
            r#"{"encoded_authorization_message":"XQECCg","error_code":"PAP5.0011","error_msg":"denied"}"#,
            Reason::Permission,
            Some("PAP5.0011"),
            "denied",
        );
        check(
            400,
            r#"{"details":[{"error_code":"HSS.0001","error_msg":"limit"}]}"#,
            Reason::Invalid,
            Some("HSS.0001"),
            "limit",
        );
        check(400, r#"{"error":"invalid_request"}"#, Reason::Invalid, None, "invalid_request");
        check(502, "", Reason::Server, None, "the answer has no body");
        check(400, "[1]", Reason::Invalid, None, "the answer says only: [1]");
        check(400, r#"{"error_msg":null}"#, Reason::Invalid, None, r#"the answer says only: {"error_msg":null}"#);
        check(
            502,
            "<html>\n<head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
            Reason::Server,
            None,
            "the answer is a web page: 502 Bad Gateway",
        );
    }

    #[test]
    fn the_number_and_the_status_decide_not_the_prefix() {
        for prefix in ["APIGW", "APIG", "APIC"] {
            let said = |number| format!("{prefix}.{number}");
            assert_eq!(reason(401, Some(&said("0301"))), Reason::Auth);
            assert_eq!(reason(401, Some(&said("0303"))), Reason::Auth);
            assert_eq!(reason(401, Some(&said("0305"))), Reason::Auth);
            assert_eq!(reason(401, Some(&said("0307"))), Reason::TokenExpired);
            assert_eq!(reason(429, Some(&said("0308"))), Reason::Throttled);
            assert_eq!(reason(403, Some(&said("0310"))), Reason::Permission);
            assert_eq!(reason(404, Some(&said("0101"))), Reason::NotFound);
            assert_eq!(reason(405, Some(&said("0501"))), Reason::Invalid);
            assert_eq!(reason(504, Some(&said("0201"))), Reason::Server);
            for status in [400, 413, 414, 494] {
                assert_eq!(reason(status, Some(&said("0201"))), Reason::Invalid);
            }
        }
        assert_eq!(reason(429, Some("HSS.0003")), Reason::Throttled);
        assert_eq!(reason(400, Some("HSS.0010")), Reason::Permission);
        assert_eq!(reason(400, Some("HSS.0013")), Reason::Permission);
        assert_eq!(reason(400, Some("HSS.0011")), Reason::NotFound);
        assert_eq!(reason(400, Some("HSS.0001")), Reason::Invalid);
        assert_eq!(reason(500, Some("HSS.0004")), Reason::Server);
        assert_eq!(reason(409, None), Reason::Invalid);
    }

    #[test]
    fn a_redirect_is_named_and_not_followed() {
        let failure = failure(302, &[("location", "https://login.example.com/")], "");
        assert_eq!(failure.reason, Reason::Invalid);
        assert!(failure.message.contains("https://login.example.com/"), "{}", failure.message);
    }

    #[test]
    fn the_request_id_is_found_wherever_it_stands() {
        let body = r#"{"error_code":"APIGW.0301","error_msg":"no","request_id":"in-body"}"#;
        assert_eq!(failure(401, &[], body).request_id.as_deref(), Some("in-body"));
        assert_eq!(failure(401, &[("x-iam-trace-id", "trace")], body).request_id.as_deref(), Some("trace"));
        assert_eq!(failure(401, &[("x-request-id", "header")], body).request_id.as_deref(), Some("header"));
        assert_eq!(failure(401, &[], "").request_id, None);
    }

    #[track_caller]
    fn check_wait(headers: &[(&str, &str)], message: &str, seconds: Option<u64>) {
        let body = format!(r#"{{"error_code":"APIGW.0308","error_msg":"{message}"}}"#);
        assert_eq!(failure(429, headers, &body).retry_after, seconds.map(Duration::from_secs), "{headers:?} {message}");
    }

    #[test]
    fn the_cloud_says_how_long_to_wait_in_three_ways() {
        check_wait(&[("retry-after", "7")], "time:5 minute", Some(7));
        check_wait(&[("retry-after", "Mon, 08 Sep 2025 00:00:30 GMT")], "", Some(30));
        let dates = [("retry-after", "Mon, 08 Sep 2025 00:00:30 GMT"), ("date", "Mon, 08 Sep 2025 00:00:10 GMT")];
        check_wait(&dates, "", Some(20));
        let long_ago = [dates[0], ("date", "Sat, 06 Sep 2025 00:00:10 GMT")];
        check_wait(&long_ago, "", Some(30));
        check_wait(&[], "policy ip over ratelimit,limit:5,time:1 minute", Some(60));
        check_wait(&[("retry-after", "soon")], "limit:200,time:5 minute", Some(300));
        check_wait(&[("retry-after", "99999999999")], "", Some(86_400));
        check_wait(&[], "busy", None);
    }

    #[test]
    fn a_deep_body_is_not_followed_to_its_end() {
        let deep = format!("{}{}", r#"{"error":"#.repeat(100), "1".to_owned() + &"}".repeat(100));
        check(400, &deep, Reason::Invalid, None, &failure(400, &[], &deep).message);
    }
}
