//! The hermetic suite: one binary, real loopback HTTP against the simulated cloud. A module is a statement's subject.

/// How often a scrape allocates.
mod allocations;
/// A credential that the cloud refuses.
mod breaker;
/// Requests to the cloud: retries, budget, bodies, what each error shape means.
mod cloud;
/// What configuration is accepted, and what is said about the rest.
mod config;
/// What Grafana shows.
mod dashboards;
/// The ways to install it.
mod deploy;
/// The whole product, as Prometheus and an operator see it.
mod end_to_end;
/// What Prometheus reads.
mod exposition;
/// A small HTTP client for the others.
mod http;
/// When a run has ended: exactly once.
mod ledger;
/// What is logged, and how it reads.
mod logs;
/// Reading a list that moves while it is read.
mod reading;
/// Whose turn it is, over hours.
mod schedule;
/// What answers over HTTP, and for how long.
mod server;
/// Signing, held against the vendor's own vectors.
mod signing;
/// The simulated cloud speaks the API as documented.
mod simulator;
/// What statistics add to reading, and what the list makes of them.
mod statistics;
/// The house keeps its rules.
mod tidy;
/// What an answer of the task list may hold.
mod wire;
