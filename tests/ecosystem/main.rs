//! With the real parts around us: Debian's promtool, Prometheus and Alertmanager, the exporter's own binary before a
//! simulated cloud, the vendor's SDK before the same, and whoever else reads our page. `make test` installs them; where
//! they are missing these tests fail.
//!
//! Everything runs on the loopback, in real time: a minute of the rules is a second here (see `hurry`). A wait ends when
//! what is waited for is there, and says what was last seen when it is not.

#![cfg(test)]

/// An Alertmanager.
mod alertmanager;
/// A program that runs beside a test, and ends with it.
mod child;
/// The dashboards, as Grafana asks for them.
mod dashboards;
/// The exporter, as it is shipped.
mod exporter;
/// Who asks whom over HTTP.
mod http;
/// Rules and configurations, with a second for a minute.
mod hurry;
/// The samples of a page.
mod page;
/// A Prometheus, and what it is asked.
mod prometheus;
/// A way to the exporter on which something else is asked for.
mod relay;
/// A cloud, an exporter and a Prometheus.
mod site;
/// To look again until it is so.
mod wait;

/// What compose.yml starts, without containers.
mod containers;
/// A scan fails, and a good one follows.
mod failing_scan;
/// An alert reaches Alertmanager.
mod notification;
/// What alerts and panels show of a known world.
mod numbers;
/// Who reads the page beside Prometheus.
mod readers;
/// The exporter is killed, and comes back.
mod restart;
/// The vendor's SDK signs in.
mod sdk;
/// What Prometheus stores is what the exporter says.
mod scrape;
/// What the tools say of our files.
mod tools;
/// The cloud cannot be reached.
mod unreachable;
/// Everything that can go wrong does: every rule and every panel has something to say.
mod worst;
