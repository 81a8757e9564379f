//! Rust source as tokens: just enough to tell what is code from what is a comment or a text.

use std::collections::VecDeque;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) tokens: Vec<Spot>,
    pub(super) comments: Vec<Comment>,
}

/// A token, and the line on which it ends.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) token: Token,
    /// Whether it stands in an item that is compiled for tests only.
    pub(super) test: bool,
}

/// A token. Numbers are words, lifetimes and characters are left out: nobody asks for them here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// A literal, as written between its quotes.
    Text(String),
    /// `::`
    Sep,
    /// Any other character.
    Mark(char),
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }
}

/// A comment, and the line on which it ends.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) line: usize,
    pub(super) text: String,
}

/// Reads a file.
pub(super) fn scan(text: &str) -> Source {
    let mut rest = Rest { chars: text.chars().collect(), line: 1 };
    let mut source = Source::default();
    while let Some(c) = rest.next() {
        let token = match (c, rest.peek(0)) {
            ('/', Some('/')) => {
                let text = rest.until_line_ends();
                source.comments.push(Comment { line: rest.line, text });
                continue;
            }
            ('/', Some('*')) => {
                let text = rest.block_comment();
                source.comments.push(Comment { line: rest.line, text });
                continue;
            }
            ('"', _) => Token::Text(rest.text()),
            ('\'', _) => {
                rest.character_or_lifetime();
                continue;
            }
            (':', Some(':')) => {
                rest.next();
                Token::Sep
            }
            (c, _) if c.is_whitespace() => continue,
            (c, _) if is_word(c) => {
                let word = rest.word(c);
                match rest.prefixed(&word) {
                    Some(token) => token,
                    None => continue,
                }
            }
            (c, _) => Token::Mark(c),
        };
        source.tokens.push(Spot { line: rest.line, token, test: false });
    }
    mark_tests(&mut source.tokens);
    source
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What is still to be read.
struct Rest {
    chars: VecDeque<char>,
    line: usize,
}

impl Rest {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.pop_front();
        self.line += usize::from(c == Some('\n'));
        c
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    fn until_line_ends(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek(0).filter(|&c| c != '\n') {
            text.push(c);
            self.next();
        }
        text
    }

    /// After the first `/` of a block comment. They nest.
    fn block_comment(&mut self) -> String {
        let (mut text, mut depth) = (String::new(), 1);
        self.next();
        while let Some(c) = self.next() {
            match (c, self.peek(0)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    text.push(c);
                    continue;
                }
            }
            self.next();
            if depth == 0 {
                break;
            }
        }
        text
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(c) = self.peek(0).filter(|&c| is_word(c)) {
            word.push(c);
            self.next();
        }
        word
    }

    /// After a word that may be the prefix of a literal or of a raw identifier. `None` for a byte (`b'x'`).
    fn prefixed(&mut self, word: &str) -> Option<Token> {
        let hashes = self.chars.iter().take_while(|&&c| c == '#').count();
        let quoted = self.peek(hashes) == Some('"');
        match word {
            "r" | "br" | "cr" if quoted => {
                self.skip(hashes + 1);
                Some(Token::Text(self.raw_text(hashes)))
            }
            "b" | "c" if quoted && hashes == 0 => {
                self.next();
                Some(Token::Text(self.text()))
            }
            "b" if self.peek(0) == Some('\'') => {
                self.next();
                self.character_or_lifetime();
                None
            }
            "r" if hashes == 1 && self.peek(1).is_some_and(is_word) => {
                self.next();
                self.next().map(|first| Token::Word(self.word(first)))
            }
            _ => Some(Token::Word(word.to_owned())),
        }
    }

    /// After the opening quote.
    fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.next().filter(|&c| c != '"') {
            text.push(c);
            if c == '\\' {
                text.extend(self.next());
            }
        }
        text
    }

    /// After the opening quote of a raw text that ends in a quote and so many hashes.
    fn raw_text(&mut self, hashes: usize) -> String {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.skip(hashes);
                break;
            }
            text.push(c);
        }
        text
    }

    /// After a `'`.
    fn character_or_lifetime(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('\\'), _) => {
                self.skip(2);
                while self.next().is_some_and(|c| c != '\'') {}
            }
            (_, Some('\'')) => self.skip(2),
            (Some(c), _) if is_word(c) => drop(self.word(' ')),
            _ => {}
        }
    }
}

/// Marks each item under `#[cfg(test)]`: up to the brace that closes it, or to its semicolon.
fn mark_tests(tokens: &mut [Spot]) {
    let cfg_test = [
        Token::Mark('#'),
        Token::Mark('['),
        Token::Word("cfg".into()),
        Token::Mark('('),
        Token::Word("test".into()),
        Token::Mark(')'),
        Token::Mark(']'),
    ];
    let mut at = 0;
    while at < tokens.len() {
        if !tokens.iter().skip(at).map(|spot| &spot.token).take(cfg_test.len()).eq(&cfg_test) {
            at += 1;
            continue;
        }
        let mut depth = 0_i32;
        while let Some(spot) = tokens.get_mut(at) {
            spot.test = true;
            at += 1;
            match spot.token {
                Token::Mark('(' | '[' | '{') => depth += 1,
                Token::Mark(')' | ']') => depth -= 1,
                Token::Mark('}') => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Token::Mark(';') if depth == 0 => break,
                _ => {}
            }
        }
    }
}

#[test]
fn comments_texts_and_code_are_told_apart() {
    let code = r##"
        // crate::a
        /* crate::b /* crate::c */ crate::d */
        let text = "crate::e \" crate::f"; let raw = r#"crate::g " crate::h"#; let bytes = b"i";
        fn borrowed<'a>(quote: char) -> &'a str { match quote { '"' => r"j", '\'' => "k", b'"' => r#fn } }
    "##;
    let source = scan(code);
    let of = |pick: fn(&Token) -> Option<&String>| source.tokens.iter().filter_map(|spot| pick(&spot.token)).collect();
    let words: Vec<_> = of(|token| if let Token::Word(word) = token { Some(word) } else { None });
    let texts: Vec<_> = of(|token| if let Token::Text(text) = token { Some(text) } else { None });
    let code = "let text let raw let bytes fn borrowed quote char str match quote fn";
    assert_eq!(words, code.split(' ').collect::<Vec<_>>());
    assert_eq!(texts, [r#"crate::e \" crate::f"#, r#"crate::g " crate::h"#, "i", "j", "k"]);
    assert_eq!(source.comments.len(), 2);
    assert_eq!(source.tokens.last().map(|spot| spot.line), Some(5));
}

#[test]
fn what_is_compiled_for_tests_only_is_marked() {
    let source = scan("a; #[cfg(test)] use b; c; #[cfg(test)] mod d { fn e(f: [u8; 3]) {} } g;");
    let plain = source.tokens.iter().filter(|spot| !spot.test).filter_map(|spot| spot.token.word());
    assert_eq!(plain.collect::<String>(), "acg");
}
