//! What a page can be asked for as: its format, its encoding, and which of its families.

/// The formats of an exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's text format, version 0.0.4.
    Text0,
    /// Prometheus's text format, version 1.0.0.
    Text1,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

/// How a page's bytes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// Compressed.
    Gzip,
}

/// What a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The format.
    pub format: Format,
    /// The encoding.
    pub encoding: Encoding,
    /// The names of the families to be shown; empty: all of them.
    pub names: Vec<String>,
}
