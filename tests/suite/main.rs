//! The hermetic suite: one binary, real loopback HTTP against the simulated cloud. A module is a statement's subject.

/// What configuration is accepted, and what is said about the rest.
mod config;
/// Signing, held against the vendor's own vectors.
mod signing;
/// Requests to the cloud: retries, budget, bodies, what each error shape means.
mod cloud;
/// The simulated cloud speaks the API as documented.
mod simulator;
/// What Prometheus reads.
mod exposition;
/// What answers over HTTP, and for how long.
mod server;
/// The house keeps its rules.
mod tidy;
