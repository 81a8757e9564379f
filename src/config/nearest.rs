//! What a misspelt word may have meant.

/// The word of `known` that `written` is most likely a misspelling of, if any is near enough.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long word may have more slips in it; a short one soon is another word. No word of ours is as long as this.
    if written.len() > 64 {
        return None;
    }
    let allowed = 1 + written.chars().count() / 4;
    known
        .into_iter()
        .map(|word| (distance(&written.to_lowercase(), word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters have to be put in, left out or replaced to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = i + 1;
        next.push(left);
        for (b, above) in other.chars().zip(row.windows(2)) {
            let &[diagonal, above] = above else { continue };
            left = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["interval", "window", "stale_after"];
        assert_eq!(nearest("intervall", known), Some("interval"));
        assert_eq!(nearest("stale-after", known), Some("stale_after"));
        assert_eq!(nearest("Window", known), Some("window"));
        assert_eq!(nearest("state", known), None);
        assert_eq!(nearest("cn-nort-4", ["cn-north-1", "cn-north-4"]), Some("cn-north-4"));
    }

    #[test]
    fn distances_are_counted_in_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("扫描", "扫瞄"), 1);
    }
}
