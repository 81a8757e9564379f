//! PromQL as far as it names things: the metrics, the labels asked of each, the labels by which they are grouped and matched.

/// What an expression names.
#[derive(Debug, Default)]
pub(super) struct Expression {
    /// The metrics, and where in the expression each stands.
    pub(super) metrics: Vec<(usize, Selector)>,
    /// `by (..)`, `on (..)` and the like.
    pub(super) groupings: Vec<Grouping>,
}

/// A metric, with the labels that are asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    pub(super) name: String,
    pub(super) labels: Vec<String>,
}

/// Labels in parentheses after a keyword.
#[derive(Debug)]
pub(super) struct Grouping {
    pub(super) word: String,
    pub(super) labels: Vec<String>,
    /// What is grouped: from where to where in the expression. All of it, where two sides are matched.
    pub(super) of: std::ops::Range<usize>,
}

const GROUPINGS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const KEYWORDS: [&str; 8] = ["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"];

/// A token. Numbers, durations, texts and variables are all values.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Mark(char),
    Value,
}

/// Reads an expression.
pub(super) fn read(text: &str) -> Expression {
    let tokens = tokens(text);
    let mut expression = Expression::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let opens = |mark: char| tokens.get(at + 1) == Some(&Token::Mark(mark));
        match token {
            Token::Word(word) if GROUPINGS.contains(&word.as_str()) => {
                let end = if opens('(') { closing(&tokens, at + 1) } else { at };
                let labels = words(tokens.get(at + 1..end).unwrap_or_default());
                let of = grouped(&tokens, word, at, end);
                expression.groupings.push(Grouping { word: word.clone(), labels, of });
                at = end;
            }
            Token::Word(word) if KEYWORDS.contains(&word.to_lowercase().as_str()) => {}
            // A function, or an aggregation that says first by what.
            Token::Word(_) if opens('(') => {}
            Token::Word(_) if matches!(tokens.get(at + 1), Some(Token::Word(next)) if GROUPINGS[..2].contains(&next.as_str())) =>
                {}
            Token::Word(name) => {
                let end = if opens('{') { closing(&tokens, at + 1) } else { at };
                let labels = words(tokens.get(at + 1..end).unwrap_or_default());
                expression.metrics.push((at, Selector { name: name.clone(), labels }));
                at = end;
            }
            Token::Mark(_) | Token::Value => {}
        }
        at += 1;
    }
    expression
}

/// What a `by` or `without` groups: the parentheses behind it, or else before it.
fn grouped(tokens: &[Token], word: &str, at: usize, end: usize) -> std::ops::Range<usize> {
    if !GROUPINGS[..2].contains(&word) {
        return 0..tokens.len();
    }
    if tokens.get(end + 1) == Some(&Token::Mark('(')) {
        return end + 1..closing(tokens, end + 1);
    }
    opening(tokens, at.saturating_sub(1))..at
}

/// Where the parenthesis or brace closes that opens at `at`; the end, if it does not.
fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Mark('(' | '{') => depth += 1,
            Token::Mark(')' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len()
}

/// Where the parenthesis opens that closes at `at`.
fn opening(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().take(at + 1).rev() {
        match token {
            Token::Mark(')') => depth += 1,
            Token::Mark('(') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    0
}

fn words(tokens: &[Token]) -> Vec<String> {
    let word = |token: &Token| if let Token::Word(word) = token { Some(word.clone()) } else { None };
    tokens.iter().filter_map(word).collect()
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '#' => {
                while rest.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            '"' | '\'' | '`' => {
                let mut escaped = false;
                for next in rest.by_ref() {
                    if next == c && !escaped {
                        break;
                    }
                    escaped = next == '\\' && !escaped;
                }
                Token::Value
            }
            // A variable of Grafana: `$name` or `${name:format}`.
            '$' => {
                if rest.next_if_eq(&'{').is_some() {
                    while rest.next().is_some_and(|c| c != '}') {}
                } else {
                    while rest.next_if(|c| is_word(*c)).is_some() {}
                }
                Token::Value
            }
            // A verb of printf, in the text of an alert.
            '%' if rest.peek().is_some_and(|c| is_word(*c)) => {
                rest.next();
                Token::Value
            }
            // A range: a duration, perhaps with a step, perhaps a variable.
            '[' => {
                while rest.next().is_some_and(|c| c != ']') {}
                Token::Value
            }
            c if c.is_ascii_digit() => {
                while rest.next_if(|c| is_word(*c) || *c == '.').is_some() {}
                Token::Value
            }
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(next) = rest.next_if(|c| is_word(*c)) {
                    word.push(next);
                }
                Token::Word(word)
            }
            c => Token::Mark(c),
        };
        tokens.push(token);
    }
    tokens
}

/// Whether a name may hold it. Colons are for what is recorded.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// Every name with `prefix` at its beginning, or behind a colon, that stands in a text of any kind, with the labels in
/// the braces that follow it, and what stands behind that.
pub(super) fn mentions<'t>(text: &'t str, prefix: &str) -> Vec<(Selector, &'t str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let word = rest.get(start..).unwrap_or_default();
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        let (name, behind) = word.split_at(end);
        rest = behind;
        if name.split(':').any(|part| part.starts_with(prefix)) {
            let braces = if behind.starts_with('{') { braces(behind) } else { "" };
            let labels = words(&tokens(braces));
            rest = behind.get(braces.len()..).unwrap_or_default();
            found.push((Selector { name: name.trim_end_matches(':').to_owned(), labels }, rest));
        }
    }
    found
}

/// `{..}` at the beginning of a text, whatever its quotes hold. Verbs of printf in it are values.
fn braces(text: &str) -> &str {
    let mut quoted = false;
    for (index, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '}' if !quoted => return text.get(..=index).unwrap_or_default(),
            '\n' => break,
            _ => {}
        }
    }
    ""
}

#[test]
fn an_expression_says_what_it_names() {
    let text = r#"max by (a, b) (increase(one{c="x}", d=~"$v"}[15m] offset 1h)) > on (a) group_left () (sum(two) without (e) * 1e3)
        or three:of:both unless bool == +Inf # and four"#;
    let expression = read(text);
    let metrics: Vec<_> = expression.metrics.iter().map(|(_, one)| (one.name.as_str(), one.labels.join(" "))).collect();
    let expected = [("one", "c d"), ("two", ""), ("three:of:both", "")].map(|(name, labels)| (name, labels.to_owned()));
    assert_eq!(metrics, expected);
    let of = |grouping: &Grouping| {
        let inside = expression.metrics.iter().filter(|(at, _)| grouping.of.contains(at));
        (grouping.word.clone(), grouping.labels.join(" "), inside.count())
    };
    let groupings: Vec<_> = expression.groupings.iter().map(of).collect();
    let expected = [("by", "a b", 1), ("on", "a", 3), ("group_left", "", 3), ("without", "e", 1)];
    assert_eq!(groupings, expected.map(|(word, labels, count)| (word.to_owned(), labels.to_owned(), count)));
}

#[test]
fn a_text_says_what_it_mentions() {
    let found = mentions("`a_b{c=\"d }\", e=%q}`, the cloud's a_f: xa_g, h:a_i:j; a_*", "a_");
    let found: Vec<_> =
        found.iter().map(|(one, behind)| (one.name.as_str(), one.labels.join(" "), behind.chars().next())).collect();
    let expected = [("a_b", "c e", '`'), ("a_f", "", ' '), ("h:a_i:j", "", ';'), ("a_", "", '*')];
    assert_eq!(found, expected.map(|(name, labels, next)| (name, labels.to_owned(), Some(next))));
}
