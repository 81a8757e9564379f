//! Numbers with their nouns, as a person reads them.

/// `1 target`, `2 targets`, `2,000,000 targets`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// With commas: `2,000,000`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 2_000_000].map(number), ["0", "999", "1,000", "2,000,000"]);
    }

    #[test]
    fn only_one_is_singular() {
        let targets = |n| counted(n, "target", "targets");
        assert_eq!([0, 1, 2, 1001].map(targets), ["0 targets", "1 target", "2 targets", "1,001 targets"]);
    }
}
