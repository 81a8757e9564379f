//! Families -> the pieces of a page, plain and compressed.

use super::chunk::{Chunk, GZIP_HEADER, Packer, SMALL};
use bytes::Bytes;
use flate2::Crc;
use std::sync::Arc;

/// What is put together has at most so many bytes, or a few more.
const LARGE: usize = 64 * 1024;

/// A family on a page.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    pub(super) name: &'static str,
    pub(super) header: Vec<u8>,
    /// None of them is empty, and at least one is there.
    pub(super) chunks: Vec<Arc<Chunk>>,
}

/// What a snapshot gives to the pages of one spelling.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) plain: Arc<[Bytes]>,
    /// A gzip header and blocks that are not the last.
    pub(super) packed: Arc<[Bytes]>,
    pub(super) crc: Crc,
    /// How many bytes `plain` has.
    pub(super) length: usize,
    /// Lines with a value.
    pub(super) series: usize,
    families: Vec<Printed>,
    /// Chunks that were put together of headers and small chunks.
    joined: Vec<Arc<Chunk>>,
}

impl Sheet {
    /// Puts these families together. What `before` had put together in the same way is taken from there.
    pub(super) fn of(families: Vec<Printed>, before: &Self, packer: &mut Packer) -> Self {
        let mut sheet = Joining { before, packer, run: Vec::new(), chunks: Vec::new(), joined: Vec::new() };
        for family in &families {
            sheet.run.extend_from_slice(&family.header);
            for chunk in &family.chunks {
                if chunk.text.len() < SMALL {
                    sheet.run.extend_from_slice(&chunk.text);
                } else {
                    sheet.close();
                    sheet.chunks.push(Arc::clone(chunk));
                }
                if sheet.run.len() >= LARGE {
                    sheet.close();
                }
            }
        }
        sheet.close();
        let Joining { chunks, joined, .. } = sheet;
        let mut crc = Crc::new();
        chunks.iter().for_each(|chunk| crc.combine(&chunk.crc));
        let header = [Bytes::from_static(GZIP_HEADER)];
        let packed = join(header.into_iter().chain(chunks.iter().map(|chunk| chunk.packed.clone())));
        let plain: Arc<[Bytes]> = chunks.iter().map(|chunk| chunk.text.clone()).collect();
        let length = plain.iter().map(Bytes::len).sum();
        let series = families.iter().flat_map(|family| &family.chunks).map(|chunk| chunk.series).sum();
        Self { plain, packed, crc, length, series, families, joined }
    }

    /// The sheet of the families of these names.
    pub(super) fn only(&self, names: &[String], packer: &mut Packer) -> Self {
        let is_wanted = |family: &&Printed| names.iter().any(|name| name == family.name);
        Self::of(self.families.iter().filter(is_wanted).cloned().collect(), &Self::default(), packer)
    }
}

/// A sheet that is being put together.
struct Joining<'j> {
    before: &'j Sheet,
    packer: &'j mut Packer,
    /// What will be one chunk.
    run: Vec<u8>,
    chunks: Vec<Arc<Chunk>>,
    joined: Vec<Arc<Chunk>>,
}

impl Joining<'_> {
    fn close(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let chunk = match self.before.joined.iter().find(|chunk| chunk.text == self.run) {
            Some(chunk) => Arc::clone(chunk),
            None => Arc::new(self.packer.chunk(&self.run, 0)),
        };
        self.joined.push(Arc::clone(&chunk));
        self.chunks.push(chunk);
        self.run.clear();
    }
}

/// The same bytes in fewer pieces: sending costs by the piece.
fn join(pieces: impl Iterator<Item = Bytes>) -> Arc<[Bytes]> {
    let (mut joined, mut run) = (Vec::new(), Vec::new());
    for piece in pieces {
        if piece.len() < SMALL * 4 && run.len() < LARGE {
            run.extend_from_slice(&piece);
            continue;
        }
        joined.extend((!run.is_empty()).then(|| Bytes::copy_from_slice(&run)));
        run.clear();
        if piece.len() < SMALL * 4 {
            run.extend_from_slice(&piece);
        } else {
            joined.push(piece);
        }
    }
    joined.extend((!run.is_empty()).then(|| Bytes::copy_from_slice(&run)));
    joined.into()
}
