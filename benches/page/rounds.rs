//! Scrapes: everybody serves the same series, and is asked in turn, round after round, so that whatever else the machine
//! does falls on all alike.

use crate::Failure;
use crate::exposition;
use crate::load::{Answer, Load, fetch};
use crate::peers::{Server, nginx, promhttp::Promhttp};
use crate::sizes::{CONNECTIONS, Size, TOO_LARGE};
use crate::statistics::{median, quantile};
use std::fs;
use std::io::{self, Write};
use tempfile::TempDir;

/// How many are measured: ours, nginx, promhttp, and the `prometheus` crate, in this order.
pub(crate) const WHO: [&str; 4] = ["ours", "nginx", "promhttp", "`prometheus`"];

/// Seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The median over the rounds of their medians.
    pub(crate) p50: f64,
    /// And of their 99th hundredths.
    pub(crate) p99: f64,
}

/// How fast everybody answered, each in its column of [`WHO`].
#[derive(Debug)]
pub(crate) struct Scrapes {
    pub(crate) series: usize,
    pub(crate) answer: Answer,
    pub(crate) connections: usize,
    pub(crate) times: [Option<Times>; WHO.len()],
}

/// How many bytes a page has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes {
    pub(crate) series: usize,
    pub(crate) plain: usize,
    pub(crate) gzip: usize,
}

impl Times {
    /// Of rounds, each with its times.
    pub(crate) fn of(rounds: Vec<Vec<f64>>) -> Option<Self> {
        let (p50, p99): (Vec<_>, Vec<_>) =
            rounds.into_iter().map(|times| (median(times.clone()), quantile(times, 0.99))).unzip();
        (!p50.is_empty()).then(|| Self { p50: median(p50), p99: median(p99) })
    }
}

/// Everybody's scrapes of a page of this size.
pub(crate) fn run(size: Size, promhttp: &Promhttp) -> Result<(Bytes, Vec<Scrapes>), Failure> {
    let folder = tempfile::Builder::new().prefix("hss-exporter-bench-").tempdir_in("/dev/shm")?;
    let (bytes, servers) = start(size, promhttp, &folder)?;
    let mut measured = Vec::new();
    for answer in [Answer::Plain, Answer::Gzip] {
        for connections in CONNECTIONS {
            let load = Load { answer, connections, time: size.time, most: 20_000 };
            let mut times = [const { Vec::new() }; WHO.len()];
            for round in 0..size.rounds {
                for ((who, server), times) in servers.iter().enumerate().zip(&mut times) {
                    let writes = who > 1;
                    let too_much = round >= size.rounds_of_writers || (size.series >= TOO_LARGE && connections > 1);
                    if !(writes && too_much) {
                        times.push(load.run(server.address)?);
                    }
                }
            }
            let times = times.map(Times::of);
            writeln!(io::stderr(), "{} series, {answer:?}, {connections}: {times:?}", size.series)?;
            measured.push(Scrapes { series: size.series, answer, connections, times });
        }
    }
    Ok((bytes, measured))
}

/// Our server, and the others with what it serves.
fn start(size: Size, promhttp: &Promhttp, folder: &TempDir) -> Result<(Bytes, [Server; WHO.len()]), Failure> {
    let ours = Server::of_us("serve", &size.series.to_string())?;
    let page = fetch(ours.address, Answer::Plain)?;
    let packed = fetch(ours.address, Answer::Gzip)?;
    let bytes = Bytes { series: size.series, plain: page.len(), gzip: packed.len() };
    fs::write(folder.path().join("metrics.gz"), packed)?;
    let file = folder.path().join("metrics");
    fs::write(&file, &page)?;
    let name = file.to_str().ok_or("the folder's name is no text")?;
    let nginx = nginx::start(folder.path())?;
    let promhttp = Server::start(&promhttp.program, &[name])?;
    let encoder = Server::of_us("encoder", name)?;
    let page = String::from_utf8(page)?;
    for (who, server) in [("promhttp", &promhttp), ("the encoder", &encoder)] {
        let theirs = String::from_utf8(fetch(server.address, Answer::Plain)?)?;
        // Larger pages are of the same making, and as texts they fill the memory.
        if size.series < TOO_LARGE && !exposition::same(&page, &theirs) {
            return Err(format!("{who} does not serve the same series").into());
        }
    }
    Ok((bytes, [ours, nginx, promhttp, encoder]))
}
