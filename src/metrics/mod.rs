//! A snapshot -> the bytes of `/metrics`.
//!
//! Two sources, kept apart. What the cloud's tasks come to is read off the targets of a `Snapshot`, by the functions of the
//! catalogue (`CATALOG`), off the request path: `Press` renders and compresses what has changed since the last one. What the
//! exporter itself does is counted as it happens, by `Instruments`, and read at the scrape: a few kilobytes. Both are written
//! by the same code, in the catalogue's order.

mod catalog;
mod chunk;
mod column;
mod docs;
mod ends;
mod family;
mod format;
mod instruments;
mod lines;
mod page;
mod press;
mod sheet;
mod snapshot_page;
mod sources;
mod tail;
mod value;
mod view;
mod write;

pub use catalog::CATALOG;
pub use docs::docs;
pub use family::{Family, Kind, Section, Stability};
pub use format::{Encoding, Format, Wanted};
pub use instruments::{Build, Instruments};
pub use page::Page;
pub use press::Press;
pub use snapshot_page::SnapshotPage;
