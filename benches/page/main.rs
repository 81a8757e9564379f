//! What a page costs: to send it, beside those who send files and those who write it at every scrape; to make it, and to
//! keep it up to date.
//!
//! `make bench` runs it, prints the tables, and writes them into `docs/performance.md`. `cargo bench --bench page --
//! --quick` is for those who work on it: smaller pages, one round, and nothing is written.

mod apply;
mod end;
mod exposition;
mod goals;
mod instructions;
mod load;
mod machine;
mod ours;
mod peers;
mod rounds;
mod serving;
mod sizes;
mod statistics;
mod table;
mod upkeep;
mod world;

use load::Answer;
use peers::{Server, nginx, promhttp};
use sizes::Size;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Everything that was measured.
struct Figures {
    promhttp: promhttp::Promhttp,
    nginx: String,
    /// Of the machine, before anything was measured.
    load_average: String,
    bytes: Vec<rounds::Bytes>,
    scrapes: Vec<rounds::Scrapes>,
    /// The series of the page of which the rest tells.
    series: usize,
    making: upkeep::Making,
    disturbed: [upkeep::Disturbed; 2],
    memory: [upkeep::Memory; 2],
    instructions: u64,
    apply: f64,
    end: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match *arguments {
        ["serve", series] => serving::serve(series.parse()?),
        ["encoder", file] => peers::encoder::serve(file),
        ["whole", series] => {
            black_box(ours::whole(&world::World::of(series.parse()?).snapshot()));
            Ok(())
        }
        ["--quick"] => {
            let figures = measure(&sizes::QUICK, 10_000, 1)?;
            Ok(io::stdout().lock().write_all(table::of(&figures)?.as_bytes())?)
        }
        [] => {
            let table = table::of(&measure(&sizes::ALL, sizes::USUAL, 5)?)?;
            io::stdout().lock().write_all(table.as_bytes())?;
            table::write(&table)
        }
        _ => Err("usage: cargo bench --bench page [-- --quick]".into()),
    }
}

fn measure(sizes: &[Size], series: usize, rounds: usize) -> Result<Figures, Failure> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promhttp = promhttp::build(house)?;
    let load_average = machine::load_average();
    machine::to_the_loads_core()?;
    let (mut bytes, mut scrapes) = (Vec::new(), Vec::new());
    for size in sizes {
        let (of_page, of_size) = rounds::run(*size, &promhttp)?;
        bytes.push(of_page);
        scrapes.extend(of_size);
    }
    let mut ours = Server::of_us("serve", &series.to_string())?;
    let disturbed =
        [upkeep::disturbed(&mut ours, Answer::Plain, rounds)?, upkeep::disturbed(&mut ours, Answer::Gzip, rounds)?];
    let making = upkeep::making(&mut ours, rounds * 10)?;
    drop(ours);
    let mut ours = Server::of_us("serve", &series.to_string())?;
    let of_ours = upkeep::memory(&mut ours)?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(&file, load::fetch(ours.address, Answer::Plain)?)?;
    drop(ours);
    let name = file.path().to_str().ok_or("the file's name is no text")?;
    let mut theirs = Server::start(&promhttp.program, &[name])?;
    let memory = [of_ours, upkeep::memory(&mut theirs)?];
    let instructions = instructions::of_a_page(series)?;
    let (apply, end) = (apply::seconds(), end::seconds());
    Ok(Figures {
        promhttp,
        nginx: nginx::version()?,
        load_average,
        bytes,
        scrapes,
        series,
        making,
        disturbed,
        memory,
        instructions,
        apply,
        end,
    })
}
