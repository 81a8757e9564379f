//! Takes secrets out of what the cloud, or whoever answers in its place, says. Access key ids are masked.

use super::spelling::{Pattern, SHORTEST_SECRET, Searchable};
use super::words::{cut, one_line};
use crate::config::Secret;
use std::borrow::Cow;

/// What stands in a secret's place.
const MASK: &str = "<secret>";

/// What stands in the place of an access key id, behind its beginning.
const ID_MASK: &str = "***";

/// So many characters of an access key id are shown: enough to tell which key it is.
const ID_SHOWN: usize = 4;

/// What somebody's secret stands behind, and what stands in between. The gateway's refusal of a signature repeats the request
/// that it signed.
const BEFORE_SECRETS: [(&str, &[char]); 5] = [
    ("x-security-token", &[':', '=']),
    ("x-auth-token", &[':', '=']),
    ("x-subject-token", &[':', '=']),
    ("x-metadata-token", &[':', '=']),
    ("signature", &['=']),
];

/// What somebody's access key id stands behind in a signed request.
const BEFORE_ID: (&str, &[char]) = ("access", &['=']);

/// What the gateway says around an access key id that it does not know.
const AROUND_ID: (&str, &str) = ("ak ", " not exist");

/// In bytes. What is shown has at most 1,000 characters, and the title of a page stands at its beginning.
const LOOKED_AT: usize = 16 * 1024;

/// Takes secrets out of texts. The time that it takes is proportional to the part of the text that is looked at.
#[derive(Default)]
pub(super) struct Redactor(Vec<Searched>);

struct Searched {
    pattern: Pattern,
    mask: Cow<'static, str>,
}

impl Redactor {
    /// Knows these secrets and this access key id by their value.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>, access_key_id: Option<&Secret>) -> Self {
        // Of two that end in one place, the last counts: the secret.
        let id = access_key_id.and_then(|id| {
            let mask = Cow::Owned(masked_id(id.expose()));
            Pattern::new(id.expose()).map(|pattern| Searched { pattern, mask })
        });
        let secrets =
            secrets.into_iter().filter(|secret| secret.expose().len() >= SHORTEST_SECRET).flat_map(|secret| {
                let patterns = Pattern::new(secret.expose()).into_iter().chain(Pattern::base64(secret.expose()));
                patterns.map(|pattern| Searched { pattern, mask: Cow::Borrowed(MASK) })
            });
        Self(id.into_iter().chain(secrets).collect())
    }

    /// A text without secrets, with printable characters only, in one line and cut at `limit` characters.
    pub(super) fn clean(&self, text: &str, limit: usize) -> String {
        cut(&one_line(&self.redact(text)), limit)
    }

    /// The beginning of a text, without secrets. What is cut must have been redacted before, or a secret may stand across the cut.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or_default();
        let mut shown = self.without_known(text);
        for (mark, separators) in BEFORE_SECRETS {
            shown = replace_behind(&shown, mark, |rest| {
                let length = separated(rest, separators)?;
                let value = rest.get(length..).unwrap_or_default();
                (!value.starts_with(MASK)).then(|| (length, value_length(value), MASK.to_owned()))
            });
        }
        let (mark, separators) = BEFORE_ID;
        shown = replace_behind(&shown, mark, |rest| {
            let length = separated(rest, separators)?;
            id_at(rest, length)
        });
        let (before, after) = AROUND_ID;
        replace_behind(&shown, before, |rest| {
            id_at(rest, 0).filter(|(_, length, _)| rest.get(*length..).is_some_and(|rest| rest.starts_with(after)))
        })
    }

    fn without_known(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let searchable = Searchable::new(text);
        let (mut at, mut starts) = (0, Vec::new());
        while let Some(c) = searchable.starts(at, &mut starts) {
            let found = self
                .0
                .iter()
                .filter_map(|searched| Some((searched.pattern.end(&searchable, &starts)?, &searched.mask)));
            match found.max_by_key(|(end, _)| *end) {
                Some((end, mask)) => {
                    shown.push_str(mask);
                    at = end;
                }
                None => {
                    shown.push(c);
                    at += c.len_utf8();
                }
            }
        }
        shown
    }
}

/// A text in which something behind each `mark` is replaced: `look` gets what stands behind the mark, and says how long what
/// is kept and what is replaced are, and what is put in its place.
fn replace_behind(text: &str, mark: &str, look: impl Fn(&str) -> Option<(usize, usize, String)>) -> String {
    // ASCII in lower case has the same length, so positions fit.
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in lower.match_indices(mark) {
        let behind = at + mark.len();
        if at < done {
            continue;
        }
        if let Some((kept, replaced, by)) = look(text.get(behind..).unwrap_or_default()) {
            shown.push_str(text.get(done..behind + kept).unwrap_or_default());
            shown.push_str(&by);
            done = behind + kept + replaced;
        }
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    shown
}

/// How long a separator is, with the quotes and blanks around it.
fn separated(rest: &str, separators: &[char]) -> Option<usize> {
    let quotes = |c: char| c == ' ' || c == '"' || c == '\'' || c == '\\';
    let value = rest.trim_start_matches(quotes).strip_prefix(separators)?.trim_start_matches(quotes);
    Some(rest.len() - value.len())
}

/// How long the token or the signature at the beginning is.
fn value_length(text: &str) -> usize {
    let is_end = |c: char| !(c.is_alphanumeric() || "+/=-_.~%\u{fffd}".contains(c));
    text.find(is_end).unwrap_or(text.len())
}

/// How an access key id that stands behind so many bytes is masked, if there is one that is not masked yet.
fn id_at(rest: &str, before: usize) -> Option<(usize, usize, String)> {
    let value = rest.get(before..)?;
    let length = value.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(value.len());
    let (id, after) = value.split_at_checked(length)?;
    (!id.is_empty() && !after.starts_with(ID_MASK)).then(|| (before, length, masked_id(id)))
}

fn masked_id(id: &str) -> String {
    let shown: String = id.chars().take(ID_SHOWN).collect();
    format!("{shown}{ID_MASK}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    fn redactor(secrets: &[&str]) -> Redactor {
        let secrets: Vec<Secret> = secrets.iter().copied().map(Secret::new).collect();
        Redactor::new(&secrets, Some(&Secret::new("AKEXAMPLE")))
    }

    #[test]
    fn secrets_do_not_come_back_in_the_clouds_words() {
        let redactor = redactor(&["tokenvalue", "tok", "tokenvalue-long"]);
        let echo = "fail, canonicalRequest:GET|/||host:x|X-Security-Token:unknown/old+one==|x-sdk-date:1||host|e3 tokenvalue-long";
        assert_eq!(
            redactor.clean(echo, 1000),
            "fail, canonicalRequest:GET|/||host:x|X-Security-Token:<secret>|x-sdk-date:1||host|e3 <secret>"
        );
        assert_eq!(redactor.clean("tok is too short to be one", 1000), "tok is too short to be one");
        assert_eq!(redactor.clean("x-auth-token:", 1000), "x-auth-token:<secret>");
        assert_eq!(redactor.clean(r#""X-Auth-Token: abc", no"#, 1000), r#""X-Auth-Token: <secret>", no"#);
        assert_eq!(redactor.clean(r#"\"X-Auth-Token\":\"a/b\","#, 1000), r#"\"X-Auth-Token\":\"<secret>\","#);
        assert_eq!(redactor.clean("x-auth-token: tokenvalue|", 1000), "x-auth-token: <secret>|");
        assert_eq!(redactor.clean("host;x-security-token;x-sdk-date", 1000), "host;x-security-token;x-sdk-date");
        assert_eq!(redactor.clean("Access=A1234, Signature=e3b0|", 1000), "Access=A123***, Signature=<secret>|");
        assert_eq!(
            redactor.clean("Access=AKEXAMPLE, ak AKEXAMPLE not exist", 1000),
            "Access=AKEX***, ak AKEX*** not exist"
        );
    }

    #[test]
    fn words_are_one_line_and_not_too_many() {
        let redactor = Redactor::default();
        assert_eq!(redactor.clean(" a\r\n\tb\u{1b}[31mc\0 ", 100), "a b [31mc");
        assert_eq!(redactor.clean("pay\u{202e}ments\u{2028}\u{e0041}", 100), "pay ments");
        assert_eq!(redactor.clean("查询服务器组", 2), "查询…");
    }

    #[test]
    fn a_secret_across_the_end_of_what_is_looked_at_is_not_half_shown() {
        let secret = "canary-".repeat(1000);
        assert_eq!(redactor(&[&secret]).redact(&secret.repeat(100)), MASK.repeat(3));
    }

    /// One character in one of its spellings, and these again in JSON, in an address or on a page.
    fn spell(c: char, how: u8, again: u8) -> String {
        let mut once = String::new();
        let _ = match how % 7 {
            0 => c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(once, "\\u{unit:04x}")),
            1 => c.to_string().bytes().try_for_each(|byte| write!(once, "%{byte:02X}")),
            2 => c.to_string().bytes().try_for_each(|byte| write!(once, "%{byte:02x}")),
            3 => write!(once, "&#{};", u32::from(c)),
            4 if c == ' ' => write!(once, "+"),
            4 if "\"\\/".contains(c) => write!(once, "\\{c}"),
            5 if c == ' ' => write!(once, "\n  "),
            5 if c == '"' => write!(once, "&quot;"),
            _ => write!(once, "{c}"),
        };
        match again % 8 {
            0 => once.replace('\\', "\\\\").replace('"', "\\\""),
            1 => once.replace('%', "%25"),
            2 => once.replace('&', "&amp;"),
            _ => once,
        }
    }

    /// Secrets that could be passwords, with all that spellings differ about. Their beginning is no word of the test's.
    const SECRET: &str = "[A-Z][a-z0-9]{3}[A-Za-z0-9\"\\\\/ +%&<>'=;密]{4,24}[A-Z0-9]";

    proptest! {
        #[test]
        fn no_secret_is_shown_however_it_is_spelled_and_wherever_the_text_is_cut(
            secret in SECRET,
            how in prop::collection::vec(any::<(u8, u8)>(), 40),
            mixed in any::<bool>(),
            (before, after) in ("[ -z]{0,30}", "[ -z]{0,30}"),
            cut in 0..400_usize,
            limit in 1..200_usize,
        ) {
            let one = how[0];
            let spell = |c, other: &(u8, u8)| if mixed { spell(c, other.0, other.1) } else { spell(c, one.0, one.1) };
            let spelled: Vec<String> = secret.chars().zip(&how).map(|(c, other)| spell(c, other)).collect();
            let spelled_beginning = one_line(&spelled.iter().take(SHORTEST_SECRET + 1).cloned().collect::<String>());
            let spelled = spelled.concat();
            let text = format!("{before}, {spelled}, {after}");
            let redactor = redactor(&[&secret]);
            // Nothing of the secret's that is long enough to tell.
            let beginning: String = secret.chars().take(SHORTEST_SECRET + 1).collect();
            prop_assume!(!before.contains(&beginning) && !after.contains(&beginning));
            let shown = redactor.clean(&text, 1000);
            prop_assert!(shown.contains(MASK), "{} is shown: {}", text, shown);
            for shown in [shown, redactor.clean(&text, limit), redactor.clean(&text[..text.floor_char_boundary(cut)], 1000)] {
                prop_assert!(!shown.contains(&beginning), "{} shows {}", shown, secret);
                prop_assert!(!shown.contains(&spelled_beginning), "{} shows {}", shown, secret);
            }
        }

        #[test]
        fn a_text_without_secrets_stays_as_it_is(text in "[a-z ,.:%&0-9]{0,100}") {
            let clean = redactor(&["Wh4t-ever+it/is"]).clean(&text, 1000);
            prop_assert_eq!(clean, one_line(&text));
        }
    }
}
