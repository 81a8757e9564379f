//! An exposition as text -> its series.

use std::collections::BTreeMap;

/// A series' name, its labels sorted by their names, and its value.
pub(crate) type Series = (String, BTreeMap<String, String>, f64);

/// The series of an exposition, in its order. Lines that are none are passed over.
pub(crate) fn series(text: &str) -> impl Iterator<Item = Series> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(parse)
}

/// Whether two expositions have the same series with the same values. No matter in which order.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let sorted = |text| {
        let mut all: Vec<Series> = series(text).collect();
        all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        all
    };
    sorted(one) == sorted(other)
}

fn parse(line: &str) -> Option<Series> {
    let (head, value) = line.rsplit_once(' ')?;
    let (name, mut rest) = head.split_once('{').unwrap_or((head, ""));
    let mut labels = BTreeMap::new();
    while let Some((label, quoted)) = rest.split_once("=\"") {
        let (value, after) = unquote(quoted)?;
        labels.insert(label.to_owned(), value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Some((name.to_owned(), labels, value.parse().ok()?))
}

/// A label's value up to its closing quote, and what follows that.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, quoted.get(at + 1..)?)),
            (_, '\\') => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            (_, other) => value.push(other),
        }
    }
}
