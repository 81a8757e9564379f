//! Which characters of a text from outside may be shown, and how many: on pages, in label values and in logs.

use std::borrow::Cow;

/// The longest name or label value, in characters: whoever names a task decides neither how large the page gets nor how
/// much memory the task takes.
pub const MAX_CHARS: usize = 256;

/// Whether a character can be seen and leaves its neighbours where they are. These are not printable: control characters
/// (Cc), format characters (Cf, among them those that reverse the direction of a text, the zero-width joiners of emoji and
/// the tags), the line and the paragraph separator (Zl, Zp), and what Unicode calls default-ignorable. Combining marks and
/// the variation selectors U+FE00 to U+FE0F, which make an emoji of a plain sign, are printable.
///
/// As of Unicode 16.0.
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The first [`MAX_CHARS`] characters of a text, with U+FFFD in place of each that is not printable.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_CHARS && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(end, _)| end);
    let cut = text.get(..end).unwrap_or_default();
    if cut.chars().all(is_printable) {
        return Cow::Borrowed(cut);
    }
    Cow::Owned(cut.chars().map(|c| if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(printable(text), shown);
    }

    #[test]
    fn a_text_keeps_every_letter_and_no_control_character() {
        check("", "");
        check("nightly \"scan\" C:\\", "nightly \"scan\" C:\\");
        check("每晚扫描", "每晚扫描");
        check("a\tb\nc\u{7f}\u{85}d", "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d");
    }

    #[test]
    fn what_is_invisible_or_turns_the_text_around_is_replaced() {
        check("pay\u{202e}gpj.exe", "pay\u{fffd}gpj.exe");
        check("a\u{200b}b\u{2028}c\u{feff}", "a\u{fffd}b\u{fffd}c\u{fffd}");
        check("x\u{e0041}\u{e007f}", "x\u{fffd}\u{fffd}");
        check("👩\u{200d}💻", "👩\u{fffd}💻");
        check("❤\u{fe0f} e\u{301} नि", "❤\u{fe0f} e\u{301} नि");
    }

    #[test]
    fn a_text_is_cut_at_256_characters_not_bytes() {
        check(&"a".repeat(256), &"a".repeat(256));
        check(&"a".repeat(257), &"a".repeat(256));
        check(&"扫".repeat(256), &"扫".repeat(256));
        check(&"扫".repeat(300), &"扫".repeat(256));
        check(&"\n".repeat(300), &"\u{fffd}".repeat(256));
    }

    #[test]
    fn the_ranges_are_those_of_unicode() {
        let class = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}--\x{fe00}-\x{fe0f}]";
        let parsed = regex_syntax::parse(class).unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = parsed.kind() else {
            panic!("{parsed:?}");
        };
        let named: Vec<char> = class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect();
        let ours: Vec<char> = ('\0'..=char::MAX).filter(|c| !is_printable(*c)).collect();
        assert_eq!(ours, named);
    }
}
