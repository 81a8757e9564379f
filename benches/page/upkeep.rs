//! What keeping a page up to date costs: its making, its refreshing, what scrapes feel of that, and its memory.

use crate::Failure;
use crate::load::{Answer, Load, fetch};
use crate::peers::Server;
use crate::rounds::Times;
use std::time::Duration;

/// Seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Making {
    /// A page from nothing, compressed.
    pub(crate) whole: f64,
    /// The same without compressing it.
    pub(crate) text: f64,
    /// One target refreshed: from the answer of the cloud to the new page, compressed.
    pub(crate) refresh: f64,
    /// Of this, the page alone: from the snapshot on.
    pub(crate) page: f64,
}

/// Scrapes on one connection, while nothing happens, and while one of the targets is refreshed every 100 ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disturbed {
    pub(crate) answer: Answer,
    pub(crate) idle: Times,
    pub(crate) beating: Times,
}

/// After how many refreshes memory is looked at.
pub(crate) const LOOKS: [usize; 3] = [100, 500, 1_000];

/// Resident memory in bytes, at first and after so many refreshes as [`LOOKS`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) at_first: u64,
    pub(crate) after: [u64; LOOKS.len()],
}

/// How long the pages of a server take to make.
pub(crate) fn making(ours: &mut Server, times: usize) -> Result<Making, Failure> {
    let mut two = |line: String| -> Result<_, Failure> {
        let answer = ours.tell(&line)?;
        let (one, other) = answer.split_once(' ').ok_or("two times were expected")?;
        Ok((one.parse()?, other.parse()?))
    };
    let (whole, text) = two(format!("whole {times}"))?;
    let (refresh, page) = two(format!("refresh {}", times * 5))?;
    Ok(Making { whole, text, refresh, page })
}

/// Scrapes with and without refreshes, in turns.
pub(crate) fn disturbed(ours: &mut Server, answer: Answer, rounds: usize) -> Result<Disturbed, Failure> {
    let load = Load { answer, connections: 1, time: Duration::from_millis(1500), most: usize::MAX };
    let (mut idle, mut beating) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        idle.push(load.run(ours.address)?);
        ours.tell("beat")?;
        beating.push(load.run(ours.address)?);
        ours.tell("rest")?;
    }
    let (idle, beating) = Times::of(idle).zip(Times::of(beating)).ok_or("there were no rounds")?;
    Ok(Disturbed { answer, idle, beating })
}

/// What a server takes of memory, as its series change, and two scrapes see every tenth change.
pub(crate) fn memory(server: &mut Server) -> Result<Memory, Failure> {
    const STEP: usize = 10;
    let at_first = server.resident()?;
    let mut after = [0; LOOKS.len()];
    let mut done = 0;
    for (look, after) in LOOKS.iter().zip(&mut after) {
        while done < *look {
            server.tell(&format!("refresh {STEP}"))?;
            done += STEP;
            fetch(server.address, Answer::Plain)?;
            fetch(server.address, Answer::Gzip)?;
        }
        *after = server.resident()?;
    }
    Ok(Memory { at_first, after })
}
