//! A file that may change: read when it looks different from when it was last read.

use super::Look;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Tokens have up to 32 thousand characters; a larger file holds something else.
const FILE_LIMIT: u64 = 64 * 1024;

/// A file, and what it was when last read.
pub(super) struct Follow<T> {
    path: PathBuf,
    seen: Option<Seen<T>>,
}

/// What a file looked like, and held.
struct Seen<T> {
    stamp: Stamp,
    held: Result<T, String>,
}

/// Tells a file that has changed from one that has not, without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok(), length: metadata.len() }
    }
}

impl<T: Clone> Follow<T> {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, seen: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it, as `read` reads it. Of a file that has gone, nothing is kept.
    pub(super) fn read(&mut self, look: Look, read: impl Fn(&Path) -> Result<T, String>) -> Result<T, String> {
        let stamp = match std::fs::metadata(&self.path) {
            Ok(metadata) => Some(Stamp::of(&metadata)),
            Err(_) => None,
        };
        match (&self.seen, stamp) {
            (Some(seen), Some(stamp)) if seen.stamp == stamp && look == Look::IfChanged => seen.held.clone(),
            (_, stamp) => {
                let held = read(&self.path);
                self.seen = stamp.map(|stamp| Seen { stamp, held: held.clone() });
                held
            }
        }
    }
}

/// A text, or what is wrong with the file.
pub(super) fn read_text(path: &Path) -> Result<Zeroizing<String>, String> {
    let failed = |error| format!("cannot be read: {error}");
    let mut text = Zeroizing::new(String::new());
    let mut file = File::open(path).map_err(failed)?.take(FILE_LIMIT + 1);
    file.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_LIMIT { Err("is too large".to_owned()) } else { Ok(text) }
}
