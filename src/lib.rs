//! hss-exporter: how the security scans of Huawei Cloud's Host Security Service are going, for Prometheus.
//!
//! The map, in reading order. Data moves one way: what the operator writes becomes checked values, these become signed
//! requests, their answers become tasks, tasks change a ledger, ledgers make a snapshot, and a snapshot becomes the page
//! that Prometheus reads. `ARCHITECTURE.md` has the line, the words and the invariants.

// Plain comments: a room documents itself in its first lines, and with words from here as well, its links would be looked up
// from here.

// The wiring: the only room that knows all rooms.
pub mod app;
// The command line, as values.
pub mod cli;
// Huawei Cloud in general: endpoints, signatures, credentials, the request budget, and what an answer means.
pub mod cloud;
// What the operator writes -> values that cannot be wrong.
pub mod config;
// The task list API: what is asked, and what an answer holds.
pub mod hss;
// A snapshot -> the bytes of `/metrics`; the catalogue of all families; the exporter's own instruments.
pub mod metrics;
// The domain: targets, tasks, ledgers, snapshots. Pure: no I/O, no clock, cannot fail.
pub mod model;
// Who is read next, and how: the plan of a refresh, the walk through the pages, the loop.
pub mod refresh;
// What answers over HTTP: `/metrics`, the landing page, health.
pub mod server;
// A Huawei Cloud to talk to, for the demo, the tests and the benchmarks.
pub mod simulator;
// Logs: level, logfmt or JSON.
pub mod telemetry;
