//! Which families a client wants, from its query: `name[]=a&name[]=b`, as the exporters in Go have it.

use percent_encoding::percent_decode_str;

/// More names than there are families, and no more than a few microseconds' work.
pub(in crate::server) const MOST_NAMES: usize = 256;

/// The names, in order; none: everything is wanted. `None` if there are more than [`MOST_NAMES`]. Other parameters are
/// ignored.
pub(in crate::server) fn names(query: Option<&str>) -> Option<Vec<String>> {
    let pairs = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let names = pairs.filter(|(key, _)| decoded(key) == "name[]").map(|(_, value)| decoded(value));
    let names: Vec<String> = names.take(MOST_NAMES + 1).collect();
    (names.len() <= MOST_NAMES).then_some(names)
}

/// As a form encodes it.
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, wanted: &[&str]) {
        assert_eq!(names(Some(query)).unwrap(), wanted, "{query}");
    }

    #[test]
    fn names_are_taken_in_every_spelling_of_a_form() {
        check("name[]=up", &["up"]);
        check("name[]=a&name[]=b&name[]=a", &["a", "b", "a"]);
        check("name%5B%5D=a&name%5b%5d=b", &["a", "b"]);
        check("debug=1&name[]=a%5Fb&&x", &["a_b"]);
        check("name[]=a+b%2Bc%20d", &["a b+c d"]);
        check("name[]=a=b", &["a=b"]);
        check("name[]=%E4%BB%BB%E5%8A%A1", &["任务"]);
    }

    #[test]
    fn an_empty_name_is_a_name_and_what_is_none_is_ignored() {
        check("name[]=", &[""]);
        check("name[]", &[""]);
        check("", &[]);
        check("name=a&names[]=b&name[0]=c&Name[]=d", &[]);
        check("name[]=%ff%zz", &["\u{fffd}%zz"]);
        assert_eq!(names(None), Some(Vec::new()));
    }

    #[test]
    fn there_are_at_most_so_many() {
        let query = vec!["name[]=a"; MOST_NAMES].join("&");
        assert_eq!(names(Some(&query)).unwrap().len(), MOST_NAMES);
        assert_eq!(names(Some(&format!("{query}&name[]=b"))), None);
        assert_eq!(names(Some(&format!("{query}&other=b"))).unwrap().len(), MOST_NAMES);
    }
}
