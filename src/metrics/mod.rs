//! A snapshot -> the bytes of `/metrics`.
//!
//! Two sources, kept apart. What the cloud's tasks come to is read off a `Snapshot`, by the functions of
//! the catalogue (`CATALOG`), once a snapshot and off the request path. What the exporter itself does is counted as it happens, by
//! `Instruments`, and read at the scrape: a few kilobytes. Both are written by the same code, in the catalogue's order.

mod catalog;
mod docs;
mod family;
mod formats;
mod instruments;
mod page;
mod render;
mod samples;
mod sources;

pub use catalog::CATALOG;
pub use docs::docs;
pub use family::{Family, Kind, Section, Stability};
pub use instruments::{Build, Instruments};
pub use page::{Encoding, Page, SnapshotPage};
