//! A list with weights, as `Accept` and `Accept-Encoding` are (RFC 9110, section 12.4.2).

/// A member of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member<'h> {
    /// What it names: a coding or a range of media types.
    pub(super) name: &'h str,
    /// How much it is liked, in thousandths; 0: not acceptable.
    pub(super) weight: u16,
    parameters: Vec<(&'h str, &'h str)>,
}

impl<'h> Member<'h> {
    /// Whether it names this.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of a parameter, without quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&'h str> {
        self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// `None` for one whose weight cannot be read: it would be a guess.
    fn read(text: &'h str) -> Option<Self> {
        let mut parts = split(text, ';').map(str::trim);
        let name = parts.next()?;
        let parameters = parts.filter_map(|part| {
            let (key, value) = part.split_once('=')?;
            Some((key.trim(), value.trim().trim_matches('"')))
        });
        let member = Self { name, weight: 1000, parameters: parameters.collect() };
        let weight = member.parameter("q").map_or(Some(member.weight), thousandths)?;
        Some(Self { weight, ..member })
    }
}

/// The members of a list, which may stand on several lines, in order.
pub(super) fn members<'h>(lines: impl Iterator<Item = &'h str>) -> impl Iterator<Item = Member<'h>> {
    lines.flat_map(|line| split(line, ',')).filter_map(Member::read)
}

/// The parts between the separators that are not in quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", _) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, read: &[(&str, u16)]) {
        let found: Vec<(&str, u16)> = members([line].into_iter()).map(|member| (member.name, member.weight)).collect();
        assert_eq!(found, read, "{line}");
    }

    #[test]
    fn a_member_has_a_name_and_a_weight_of_three_digits_at_most() {
        check("gzip", &[("gzip", 1000)]);
        check(" a;q=0.5 ,b ; Q = 0.125", &[("a", 500), ("b", 125)]);
        check("a;q=1.000,b;q=0,c;q=1.", &[("a", 1000), ("b", 0), ("c", 1000)]);
        check("a;version=1;q=0.2;more", &[("a", 200)]);
        check("a;q=\"0.3\"", &[("a", 300)]);
    }

    #[test]
    fn a_weight_that_cannot_be_read_takes_its_member_away_and_no_other() {
        check("a;q=2,b;q=.5,c;q=0.1234,d;q=,e;q=-1,f;q=1.001,g;q=high,h", &[("h", 1000)]);
    }

    #[test]
    fn quotes_hold_together_what_is_in_them() {
        check("a;x=\"1,2;q=0\";q=0.4,b", &[("a", 400), ("b", 1000)]);
        let member = members(["a;x=\"1,2;q=0\";Version = \"1.0.0\""].into_iter()).next().unwrap();
        assert_eq!((member.parameter("x"), member.parameter("version")), (Some("1,2;q=0"), Some("1.0.0")));
        assert_eq!(member.parameter("y"), None);
    }
}
