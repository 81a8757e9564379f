//! The figures of this run as tables, and their place in `docs/performance.md`.

use crate::goals;
use crate::load::Answer;
use crate::rounds::{Bytes, Scrapes, Times, WHO};
use crate::upkeep::{Disturbed, LOOKS, Memory};
use crate::{Failure, Figures, machine};
use std::fmt::{self, Write};
use std::path::Path;

const BEGIN: &str = "<!-- Written by `make bench`, what a page costs: from here -->\n";
const END: &str = "<!-- to here -->\n";

/// All tables.
pub(crate) fn of(figures: &Figures) -> Result<String, fmt::Error> {
    let mut text = String::new();
    goals::table(&mut text, figures)?;
    scrapes(&mut text, &figures.scrapes)?;
    sizes(&mut text, &figures.bytes)?;
    disturbed(&mut text, figures)?;
    making(&mut text, figures)?;
    memory(&mut text, figures)?;
    versions(&mut text, figures)?;
    Ok(text)
}

/// Puts them where the last ones were.
pub(crate) fn write(tables: &str) -> Result<(), Failure> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let text = std::fs::read_to_string(&page)?;
    let place = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = place.ok_or("docs/performance.md does not say where the tables belong")?;
    Ok(std::fs::write(&page, format!("{before}{BEGIN}\n{tables}\n{END}{after}"))?)
}

/// A number with a comma between its thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}

/// How an answer is called.
pub(crate) const fn name(answer: Answer) -> &'static str {
    match answer {
        Answer::Plain => "plain",
        Answer::Gzip => "gzip",
    }
}

/// Milliseconds, with three digits that say something.
pub(crate) fn ms(seconds: f64) -> String {
    let ms = seconds * 1e3;
    match ms {
        ..1.0 => format!("{ms:.3}"),
        ..10.0 => format!("{ms:.2}"),
        ..100.0 => format!("{ms:.1}"),
        _ => format!("{ms:.0}"),
    }
}

/// A ratio, likewise.
pub(crate) fn ratio(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

fn scrapes(text: &mut String, rows: &[Scrapes]) -> fmt::Result {
    let [ours, others @ ..] = WHO;
    write!(text, "\nA scrape in milliseconds, p50 and in brackets p99; and how many times ours the p50 is:\n\n")?;
    write!(text, "| series | answer | connections | {ours} |")?;
    others.iter().try_for_each(|who| write!(text, " {who} | times ours |"))?;
    write!(text, "\n|---:|---|---:|---:|")?;
    others.iter().try_for_each(|_| write!(text, "---:|---:|"))?;
    for Scrapes { series, answer, connections, times: [ours, others @ ..] } in rows {
        write!(text, "\n| {} | {} | {connections} | {} |", thousands(*series), name(*answer), both(*ours))?;
        for times in others {
            let ratio = ours.zip(*times).map_or_else(String::new, |(ours, times)| ratio(times.p50 / ours.p50));
            write!(text, " {} | {ratio} |", both(*times))?;
        }
    }
    writeln!(text)
}

fn both(times: Option<Times>) -> String {
    times.map_or_else(|| "not measured".to_owned(), |Times { p50, p99 }| format!("{} ({})", ms(p50), ms(p99)))
}

fn sizes(text: &mut String, rows: &[Bytes]) -> fmt::Result {
    writeln!(text, "\n| series | plain, bytes | gzip, bytes | ratio |\n|---:|---:|---:|---:|")?;
    rows.iter().try_for_each(|Bytes { series, plain, gzip }| {
        let times = ratio(*plain as f64 / *gzip as f64);
        writeln!(text, "| {} | {} | {} | {times} |", thousands(*series), thousands(*plain), thousands(*gzip))
    })
}

fn disturbed(text: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(
        text,
        "\nScrapes of {} series on one connection, in milliseconds, while one of 50 targets is refreshed every 100 ms:\n\n\
         | answer | p50 idle | p50 | ratio | p99 idle | p99 | ratio |\n|---|---:|---:|---:|---:|---:|---:|",
        thousands(figures.series)
    )?;
    figures.disturbed.iter().try_for_each(|Disturbed { answer, idle, beating }| {
        write!(text, "| {} |", name(*answer))?;
        for (idle, beating) in [(idle.p50, beating.p50), (idle.p99, beating.p99)] {
            write!(text, " {} | {} | {} |", ms(idle), ms(beating), ratio(beating / idle))?;
        }
        writeln!(text)
    })
}

fn making(text: &mut String, figures: &Figures) -> fmt::Result {
    let making = figures.making;
    writeln!(text, "\n| what, of {} series | time | part |\n|---|---:|---:|", thousands(figures.series))?;
    let rows = [
        ("a page from nothing, compressed", making.whole),
        ("the same, not compressed", making.text),
        ("one of 50 targets refreshed, to the new page ready and compressed", making.refresh),
        ("of this, the page", making.page),
    ];
    for (what, time) in rows {
        writeln!(text, "| {what} | {} ms | 1/{} |", ms(time), ratio(making.whole / time))?;
    }
    writeln!(
        text,
        "| the end of a page, where something was counted since the last scrape | {} ms |  |",
        ms(figures.end)
    )?;
    writeln!(text, "| an unchanged page of 200 tasks, applied to a ledger of 20,000 | {} ms |  |", ms(figures.apply))?;
    let each = figures.instructions / figures.series as u64;
    writeln!(text, "\nWriting a page from nothing, not compressed, takes {each} instructions a series (callgrind).")
}

fn memory(text: &mut String, figures: &Figures) -> fmt::Result {
    let looks = LOOKS.map(|look| format!(" after {} |", thousands(look)));
    let series = thousands(figures.series);
    write!(text, "\n| resident memory in MiB, {series} series | at first |{}\n|---|---:|", looks.concat())?;
    write!(text, "{}", "---:|".repeat(LOOKS.len()))?;
    for (who, Memory { at_first, after }) in ["ours", "promhttp"].iter().zip(&figures.memory) {
        write!(text, "\n| {who} | {} |", at_first >> 20)?;
        after.iter().try_for_each(|bytes| write!(text, " {} |", bytes >> 20))?;
    }
    writeln!(text)
}

fn versions(text: &mut String, Figures { promhttp, nginx, load_average, .. }: &Figures) -> fmt::Result {
    writeln!(
        text,
        "\nhss-exporter {}, nginx {nginx}, client_golang {} built by Go {}, `prometheus` 0.14; on {}, which had a \
         load average of {load_average} before.",
        env!("CARGO_PKG_VERSION"),
        promhttp.version,
        promhttp.go,
        machine::processor()
    )
}
