//! Mends an answer that is not quite JSON, so that a bad text, number or item of a list costs itself and not the answer.
//!
//! Texts: bytes that are not UTF-8, halves of surrogate pairs and escapes that do not exist become U+FFFD, and control
//! characters are escaped. Words and numbers that JSON does not have (`NaN`, `1e999`) become `null`. An item of a list that
//! is still no JSON becomes `null` as a whole. One pass; nothing is nested on the stack, however deep the answer is.

use serde_json::Error;

/// Before the first character.
const BOM: char = '\u{feff}';

/// What stands in the place of a character that cannot be read.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// What is open where the items of a list stand that is a field of the answer.
const LIST: &[u8] = b"{[";

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Value,
    /// Or the end of the list.
    FirstItem,
    Key,
    /// Or the end of the object.
    FirstKey,
    Colon,
    /// Or the end of whatever is open.
    Comma,
}

/// The text cannot go on like this.
struct Malformed;

/// Reads a body by `parse`; if it is not JSON, mends it and reads it again.
///
/// # Errors
/// A sentence, if it cannot be mended either.
pub(crate) fn read<T>(body: &[u8], mut parse: impl FnMut(&[u8]) -> Result<T, Error>) -> Result<T, String> {
    let not_json = |why: &dyn std::fmt::Display| format!("the answer is not JSON: {why}");
    match parse(body) {
        Ok(read) => Ok(read),
        Err(_) => {
            let repaired = repaired(body).map_err(|why| not_json(&why))?;
            parse(&repaired).map_err(|error| not_json(&error))
        }
    }
}

/// The body as JSON.
fn repaired(body: &[u8]) -> Result<Vec<u8>, String> {
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{', ..] | [b'{', 0, ..] = body {
        return Err("it is UTF-16, where UTF-8 was expected".to_owned());
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches(|c: char| c == BOM || is_blank(c));
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut repair = Repair {
        text: text.as_bytes(),
        at: 0,
        out: Vec::with_capacity(text.len()),
        open: Vec::new(),
        item: None,
        string: 0,
    };
    repair.all()?;
    Ok(repair.out)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A text on its way.
struct Repair<'a> {
    text: &'a [u8],
    /// What stands before this has been read.
    at: usize,
    /// What has been written.
    out: Vec<u8>,
    /// The objects and lists that are open, by their brackets.
    open: Vec<u8>,
    /// Where the last item of the list began, in the text and in what has been written.
    item: Option<(usize, usize)>,
    /// Where the last string began.
    string: usize,
}

impl Repair<'_> {
    fn all(&mut self) -> Result<(), String> {
        let mut next = Next::Value;
        loop {
            self.skip_blanks();
            match (self.open.as_slice(), next) {
                ([], Next::Comma) if self.at == self.text.len() => return Ok(()),
                ([], Next::Comma) => return Err(self.broken()),
                (LIST, Next::Value | Next::FirstItem) => self.item = Some((self.at, self.out.len())),
                ([_], _) => self.item = None,
                _ => {}
            }
            next = match self.token(next) {
                Ok(next) => next,
                Err(Malformed) => self.leave_out().ok_or_else(|| self.broken())?,
            };
        }
    }

    fn broken(&self) -> String {
        match self.peek() {
            Some(_) => format!("it does not go on as JSON after {} bytes", self.at),
            None => "it ends in the middle".to_owned(),
        }
    }

    /// Takes what stands next, and says what may follow.
    fn token(&mut self, next: Next) -> Result<Next, Malformed> {
        let byte = self.peek().ok_or(Malformed)?;
        let inside = self.open.last().copied();
        match (next, byte) {
            (Next::Value | Next::FirstItem, b'{' | b'[') => {
                self.open.push(byte);
                self.take(1);
                Ok(if byte == b'{' { Next::FirstKey } else { Next::FirstItem })
            }
            (Next::FirstKey | Next::Comma, b'}') if inside == Some(b'{') => Ok(self.close()),
            (Next::FirstItem | Next::Comma, b']') if inside == Some(b'[') => Ok(self.close()),
            (Next::Comma, b',') => {
                self.take(1);
                Ok(if inside == Some(b'{') { Next::Key } else { Next::Value })
            }
            (Next::Colon, b':') => {
                self.take(1);
                Ok(Next::Value)
            }
            (Next::Key | Next::FirstKey, b'"') => self.take_string().map(|()| Next::Colon),
            (Next::Value | Next::FirstItem, b'"') => self.take_string().map(|()| Next::Comma),
            (Next::Value | Next::FirstItem, _) => self.take_word().map(|()| Next::Comma),
            _ => Err(Malformed),
        }
    }

    fn close(&mut self) -> Next {
        self.open.pop();
        self.take(1);
        Next::Comma
    }

    /// Leaves out the item that is malformed. It ends before the next one, or with the last `}` that may end the list: of an
    /// item that is not JSON, no bracket can be trusted. The search begins with the last string, because one without its
    /// closing quote ends in the next item.
    fn leave_out(&mut self) -> Option<Next> {
        let (begun, written) = self.item?;
        let closed = |at: usize| (self.text.get(at) == Some(&b'}')).then(|| self.after(at + 1));
        let next = |at: &usize| matches!(closed(*at), Some([Some(b','), Some(b'{'), Some(b'"')]));
        let end = |at: &usize| {
            matches!(closed(*at), Some([Some(b']'), Some(b','), Some(b'"')] | [Some(b']'), Some(b'}'), None]))
        };
        let rest = begun.max(self.string)..self.text.len();
        self.at = rest.clone().find(next).or_else(|| rest.rev().find(end))? + 1;
        self.out.truncate(written);
        self.out.extend_from_slice(b"null");
        self.open.truncate(LIST.len());
        Some(Next::Comma)
    }

    /// The next three characters that are no blanks.
    fn after(&self, at: usize) -> [Option<u8>; 3] {
        let rest = self.text.get(at..).unwrap_or_default();
        let mut marks = rest.iter().copied().filter(|byte| !is_blank(char::from(*byte)));
        [marks.next(), marks.next(), marks.next()]
    }

    fn take_string(&mut self) -> Result<(), Malformed> {
        self.string = self.at;
        self.take(1);
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => {
                    self.take(1);
                    return Ok(());
                }
                b'\\' => self.take_escape()?,
                control @ ..b' ' => self.replace(1, format!("\\u{control:04x}").as_bytes()),
                _ => self.take(1),
            }
        }
    }

    fn take_escape(&mut self) -> Result<(), Malformed> {
        match self.text.get(self.at + 1).ok_or(Malformed)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.take(2),
            b'u' => match (self.code_unit(self.at), self.code_unit(self.at + 6)) {
                (None, _) => self.replace(2, REPLACEMENT),
                (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => self.take(12),
                (Some(0xd800..0xe000), _) => self.replace(6, REPLACEMENT),
                (Some(_), _) => self.take(6),
            },
            _ => self.replace(1, REPLACEMENT),
        }
        Ok(())
    }

    /// What `\u` and four hexadecimal digits stand for.
    fn code_unit(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    }

    /// A number, `true`, `false` or `null`; or what is none of them.
    fn take_word(&mut self) -> Result<(), Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        match word {
            b"" => return Err(Malformed),
            b"true" | b"false" | b"null" => self.take(length),
            number if serde_json::from_slice::<f64>(number).is_ok() => self.take(length),
            _ => self.replace(length, b"null"),
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| is_blank(char::from(byte))) {
            self.at += 1;
        }
    }

    /// Writes so many bytes as they are.
    fn take(&mut self, length: usize) {
        self.out.extend_from_slice(self.text.get(self.at..self.at + length).unwrap_or_default());
        self.at += length;
    }

    /// Writes something else in the place of so many bytes.
    fn replace(&mut self, length: usize, by: &[u8]) {
        self.out.extend_from_slice(by);
        self.at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(body: impl AsRef<[u8]>, mended: &str) {
        let repaired = repaired(body.as_ref()).unwrap();
        assert_eq!(String::from_utf8(repaired).unwrap(), mended);
    }

    #[track_caller]
    fn check_refused(body: impl AsRef<[u8]>, sentence: &str) {
        assert_eq!(repaired(body.as_ref()).unwrap_err(), sentence);
    }

    #[test]
    fn what_is_json_stays_as_it_is_but_for_blanks() {
        let body =
            "\u{feff} \n\u{feff}{\"a\\\"\\u00e9\\ud83d\\ude00\": [ 1, -2.5e3, true, null, {}, [[ ]], \"扫\"] }\n";
        check(body, "{\"a\\\"\\u00e9\\ud83d\\ude00\":[1,-2.5e3,true,null,{},[[]],\"扫\"]}");
        check("7", "7");
    }

    #[test]
    fn texts_keep_what_can_be_read() {
        check(r#""a\ud83db""#, "\"a\u{fffd}b\"");
        check(r#""a\ude00\ud83d\ud83d\ude00""#, "\"a\u{fffd}\u{fffd}\\ud83d\\ude00\"");
        check(r#""\x41\u12g4\u+123\ud8""#, "\"\u{fffd}x41\u{fffd}12g4\u{fffd}+123\u{fffd}d8\"");
        check("\"a\tb\nc\0\"", r#""a\u0009b\u000ac\u0000""#);
        check(b"\"\xb9\xfe\"", "\"\u{fffd}\u{fffd}\"");
    }

    #[test]
    fn words_and_numbers_that_json_does_not_have_become_null() {
        check("[NaN,-Infinity,1e999,007,+1,.5,True,0x1f]", "[null,null,null,null,null,null,null,null]");
    }

    #[test]
    fn a_malformed_item_becomes_null_and_ends_before_the_next() {
        for item in [
            r#"{"a":"b,"c":1}"#,
            r#"{"a":"b}"#,
            r#"{"a":"b\"}"#,
            r#"{"a":"say "hi" now"}"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{'a':1}"#,
            r#"{"a":1 /* comment */}"#,
            r#"{"a":[1}}"#,
            r#"{"a":{"b":1}"#,
            r#"{"a":}"#,
            r#"{"a":["b"}],"c":1}"#,
            r#"{"a":["b}],"c":1}"#,
            "{}x}",
        ] {
            check(format!(r#"{{"l":[{item} , {{"d":2}}],"n":3}}"#), r#"{"l":[null,{"d":2}],"n":3}"#);
            check(format!(r#"{{"l":[{{"d":2}},{item}],"n":3}}"#), r#"{"l":[{"d":2},null],"n":3}"#);
            check(format!(r#"{{"n":3,"l":[{{"d":2}},{item} ] }} "#), r#"{"n":3,"l":[{"d":2},null]}"#);
        }
    }

    #[test]
    fn an_answer_that_is_not_whole_cannot_be_mended() {
        check_refused("", "it is empty");
        check_refused("\u{feff}", "it is empty");
        check_refused(r#"{"l":[{"a":"#, "it ends in the middle");
        check_refused(r#"{"l":[{"a":1},{"b":"x"#, "it ends in the middle");
        check_refused("[".repeat(2 << 20), "it ends in the middle");
        check_refused("{\"a\":".repeat(1 << 18), "it ends in the middle");
        check_refused("<html>", "it does not go on as JSON after 0 bytes");
        check_refused(r#"{"l":[]} {"l":[]}"#, "it does not go on as JSON after 9 bytes");
        check_refused(b"\xff\xfe{\0\"\0", "it is UTF-16, where UTF-8 was expected");
        check_refused(b"\0{\0\"", "it is UTF-16, where UTF-8 was expected");
    }

    /// Each would take minutes if it took more than a few passes.
    #[test]
    fn a_long_answer_is_mended_in_proportion_to_its_length() {
        for piece in [r#"{"},"#, "{x},", r#"{"a":x "},"#, "} ] ", r#"{"a":"\"#, "{}", r#"},{""#] {
            let _ = repaired(format!(r#"{{"l":[{}"#, piece.repeat((1 << 18) / piece.len())).as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_is_mended_is_json(
            body in any::<Vec<u8>>(),
            json in "[\\[\\]{}\":,\\\\u0-9a-fNt+. \t-]{0,60}",
        ) {
            for body in [body, json.clone().into_bytes(), format!(r#"{{"l":[{json},{{"a":1}}]}}"#).into_bytes()] {
                if let Ok(repaired) = repaired(&body) {
                    serde_json::from_slice::<serde_json::Value>(&repaired).map(drop).unwrap();
                }
            }
        }
    }
}
