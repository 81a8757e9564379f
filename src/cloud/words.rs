//! The cloud's own words, made fit to be shown: without secrets, with printable characters only, and not too many.

use crate::config::Secret;
use crate::model::text::is_printable;
use std::time::Duration;

/// What stands in a secret's place.
const MASK: &str = "<secret>";

/// Shorter ones would be found in any text.
const SHORTEST_SECRET: usize = 4;

/// What a secret stands behind. The gateway's refusal of a signature repeats the request that it signed.
const BEFORE_SECRETS: [&str; 3] = ["x-security-token:", "x-auth-token:", "signature="];

/// How much of a page that is no answer is worth showing.
const EXCERPT_LIMIT: usize = 200;

/// Takes secrets out of texts.
#[derive(Default)]
pub(super) struct Scrub(Vec<Secret>);

impl Scrub {
    /// Knows these secrets by their value.
    pub(super) fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<_> =
            secrets.into_iter().filter(|secret| secret.expose().len() >= SHORTEST_SECRET).collect();
        // The longest first: one secret may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// A text without secrets, with printable characters only, cut at `limit` characters.
    pub(super) fn clean(&self, text: &str, limit: usize) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret.expose(), MASK);
        }
        for mark in BEFORE_SECRETS {
            text = without_value(&text, mark);
        }
        cut(&one_line(&text), limit)
    }
}

/// What a body that says nothing we understand shows to a person.
pub(super) fn excerpt(body: &[u8], content_type: Option<&str>) -> String {
    let text = String::from_utf8_lossy(body);
    let text = one_line(&text);
    if text.is_empty() {
        return "the answer has no body".to_owned();
    }
    let lower = text.get(..text.len().min(EXCERPT_LIMIT)).unwrap_or(&text).to_ascii_lowercase();
    let page = content_type.is_some_and(|kind| kind.contains("html")) || lower.contains("<html");
    if page {
        let shown = title(&text).unwrap_or_else(|| without_tags(&text));
        format!("the answer is a web page: {}", cut(&one_line(&shown), EXCERPT_LIMIT))
    } else {
        format!("the answer says only: {}", cut(&text, EXCERPT_LIMIT))
    }
}

/// The pause in the gateway's words, such as `policy user over ratelimit,limit:200,time:5 minute`.
pub(super) fn wait_in(words: &str) -> Option<Duration> {
    let (_, rest) = words.split_once("time:")?;
    let rest = rest.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, unit) = rest.split_at_checked(digits)?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let seconds = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)]
        .into_iter()
        .find(|(name, _)| unit.starts_with(name))
        .map(|(_, seconds)| seconds)?;
    Some(Duration::from_secs(number.parse::<u64>().ok()?.saturating_mul(seconds)))
}

/// A text that has lost what stands behind each `mark`, up to a blank, a quote, a comma or `|`.
fn without_value(text: &str, mark: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    // ASCII in lower case has the same length, so positions fit.
    while let Some(at) = rest.to_ascii_lowercase().find(mark) {
        let (before, value) = rest.split_at_checked(at + mark.len()).unwrap_or((rest, ""));
        let value = value.trim_start_matches([' ', '"']);
        let end = value.find(|c: char| "|\",".contains(c) || c.is_whitespace()).unwrap_or(value.len());
        clean.push_str(before);
        clean.push_str(MASK);
        rest = value.get(end..).unwrap_or_default();
    }
    clean.push_str(rest);
    clean
}

/// Characters that are not printable, and runs of blanks, become one blank each.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || !is_printable(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    page.get(start..end).map(str::to_owned).filter(|title| !title.trim().is_empty())
}

fn without_tags(page: &str) -> String {
    let pieces = page.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_come_back_in_the_clouds_words() {
        let scrub = Scrub::new(["tokenvalue", "tok", "tokenvalue-long"].map(Secret::new));
        let echo = "fail, canonicalRequest:GET|/||host:x|X-Security-Token:unknown/old+one==|x-sdk-date:1||host|e3 tokenvalue-long";
        assert_eq!(
            scrub.clean(echo, 1000),
            "fail, canonicalRequest:GET|/||host:x|X-Security-Token:<secret>|x-sdk-date:1||host|e3 <secret>"
        );
        assert_eq!(scrub.clean("tok is too short to be one", 1000), "tok is too short to be one");
        assert_eq!(scrub.clean("x-auth-token:", 1000), "x-auth-token:<secret>");
        assert_eq!(scrub.clean(r#""X-Auth-Token: abc", no"#, 1000), r#""X-Auth-Token:<secret>", no"#);
        assert_eq!(scrub.clean("Access=A, Signature=e3b0|", 1000), "Access=A, Signature=<secret>|");
    }

    #[test]
    fn words_are_one_line_and_not_too_many() {
        let scrub = Scrub::default();
        assert_eq!(scrub.clean(" a\r\n\tb\u{1b}[31mc\0 ", 100), "a b [31mc");
        assert_eq!(scrub.clean("pay\u{202e}ments\u{2028}\u{e0041}", 100), "pay ments");
        assert_eq!(scrub.clean("查询服务器组", 2), "查询…");
    }

    #[test]
    fn a_page_shows_its_title_or_its_text() {
        let kind = Some("text/html; charset=utf-8");
        assert_eq!(excerpt(b"<TITLE>Sign in</TITLE>", kind), "the answer is a web page: Sign in");
        assert_eq!(excerpt(b"<h1>Sign <b>in</b></h1>", kind), "the answer is a web page: Sign in");
        assert_eq!(excerpt(b"\xff\xfeoops", None), "the answer says only: \u{fffd}\u{fffd}oops");
    }

    #[test]
    fn a_pause_is_read_in_any_unit() {
        assert_eq!(wait_in("limit:5,time:1 minute"), Some(Duration::from_mins(1)));
        assert_eq!(wait_in("time: 30 seconds, sorry"), Some(Duration::from_secs(30)));
        assert_eq!(wait_in("time:1day"), Some(Duration::from_hours(24)));
        assert_eq!(wait_in("time:99999999999999999999 minute"), None);
        assert_eq!(wait_in("server time:2023"), None);
    }
}
