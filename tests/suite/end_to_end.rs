//! The whole product as Prometheus and an operator see it: a configuration as it is written, real HTTP to a simulated
//! cloud, and real scrapes.
#![cfg(test)]

/// A world, described once more.
mod described;
mod discovery;
/// A page, read back.
mod page;
/// Everything, running.
mod rig;

/// Every number of a world that is known, computed from its description.
mod numbers;

/// The program itself.
mod binary;
/// The process and its system.
mod process;
/// Clocks that differ.
mod clocks;
/// A cloud that lies about the time.
mod lying_dates;
/// The end of a run is counted once; facts move forward.
mod counting;
/// Ends that are written late, or wrong at first; runs that are longer than a page of the list; estimates.
mod late_ends;
/// `check --online`.
mod online;
/// `once`, and what node_exporter makes of it.
mod once;
/// The end.
mod drain;
/// What goes wrong with the cloud, and for whom.
mod failures;
/// Watching less.
mod filters;
/// Items that cannot be read.
mod malformed;
/// Many tasks are deleted at once.
mod deleted;
/// Lists that are not sorted, cut off, or at odds with their totals.
mod order;
/// Lists that are long, lie, and move.
mod paging;
/// Credentials that are refused and change; the budget.
mod refused;
/// Credentials that have an end.
mod renewal;
/// Tasks with series of their own.
mod rows;
/// No secret is shown.
mod secrets;
/// What is too old to be said.
mod staleness;
/// How many tasks there are: what statistics add, and that nothing depends on them.
mod statistics;
/// Pages that cannot be read, again and again.
mod unreadable;
/// Enterprise projects that are read together.
mod together;
