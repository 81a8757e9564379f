//! What a person reads of the cloud's words: one line, and not too much of it.

use crate::model::text::is_printable;
use std::time::Duration;

/// How much of a page that is no answer is worth showing.
const EXCERPT_LIMIT: usize = 200;

/// What a body that says nothing we understand shows to a person. Its secrets have been taken out.
pub(super) fn excerpt(body: &str, content_type: Option<&str>) -> String {
    let text = one_line(body);
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

/// Characters that are not printable, and runs of blanks, become one blank each.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || !is_printable(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn cut(text: &str, limit: usize) -> String {
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
    fn a_page_shows_its_title_or_its_text() {
        let kind = Some("text/html; charset=utf-8");
        assert_eq!(excerpt("<TITLE>Sign in</TITLE>", kind), "the answer is a web page: Sign in");
        assert_eq!(excerpt("<h1>Sign <b>in</b></h1>", kind), "the answer is a web page: Sign in");
        assert_eq!(excerpt(" oops\n\tagain", None), "the answer says only: oops again");
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
