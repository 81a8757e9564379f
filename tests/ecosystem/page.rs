//! The samples of a page, and what can be compared of them.

use super::prometheus::{Labels, Sample};

/// What is another number at every look, even where nothing moves.
pub(crate) const RESTLESS: [&str; 2] = ["process_", "hss_exporter_exposition_bytes"];

/// What Prometheus adds to every target.
const ITS_OWN: [&str; 2] = ["up", "scrape_"];

/// What can be compared of samples, in order.
pub(crate) fn comparable(samples: Vec<Sample>) -> Vec<(Labels, f64)> {
    let mut samples: Vec<(Labels, f64)> = samples
        .into_iter()
        .filter(|sample| {
            let name = sample.labels.get("__name__").map(String::as_str).unwrap_or_default();
            !RESTLESS.iter().chain(&ITS_OWN).any(|prefix| name.starts_with(prefix))
        })
        .map(|Sample { mut labels, value }| {
            labels.retain(|name, value| name != "job" && name != "instance" && !value.is_empty());
            (labels, value)
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

/// An error says what one has and the other has not.
pub(crate) fn differences(said: &[(Labels, f64)], stored: &[(Labels, f64)]) -> Result<(), String> {
    let only = |here: &[(Labels, f64)], there: &[(Labels, f64)]| -> Vec<String> {
        here.iter().filter(|one| !there.contains(one)).map(|one| format!("{one:?}")).collect()
    };
    let (missing, extra) = (only(said, stored), only(stored, said));
    if said == stored {
        Ok(())
    } else {
        Err(format!("missing:\n{}\ntoo much:\n{}", missing.join("\n"), extra.join("\n")))
    }
}

/// The samples of a page in the text format.
pub(crate) fn samples(page: &str) -> Vec<Sample> {
    page.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

/// `name{label="value",...} number`
fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, inside) = series.split_once('{').unwrap_or((series, "}"));
    let mut labels = Labels::from([("__name__".to_owned(), name.to_owned())]);
    let mut rest = inside.strip_suffix('}').unwrap();
    while let Some((label, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (end, '"') => break end,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        labels.insert(label.to_owned(), value);
        rest = after[end + 1..].trim_start_matches(',');
    }
    Sample { labels, value: value.parse().unwrap() }
}
