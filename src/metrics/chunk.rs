//! A chunk: text that is compressed once, by itself, so that it can stand in any page.

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use std::fmt;

/// On a page of a hundred thousand lines: nearly as small as with the usual effort, at half its cost.
const EFFORT: Compression = Compression::new(4);

/// What is smaller than this stands in one chunk with its neighbours.
pub(super) const SMALL: usize = 4 * 1024;

/// RFC 1952: deflate, no name, no time (or two pages of one snapshot would differ), unknown system.
pub(super) const GZIP_HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Some text, also in blocks of deflate that are not the last, begin and end at a byte, and look back at nothing.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) text: Bytes,
    /// Empty, as if it had no checksum, where the chunk is too small to stand by itself.
    pub(super) packed: Bytes,
    pub(super) crc: Crc,
    /// Lines with a value.
    pub(super) series: usize,
}

/// A compressor that is used again and again: a new one costs a few hundred kilobytes.
pub(super) struct Packer {
    compress: Compress,
    out: Vec<u8>,
}

impl Packer {
    /// Makes a chunk.
    pub(super) fn chunk(&mut self, text: &[u8], series: usize) -> Chunk {
        let packed = Bytes::copy_from_slice(self.pack(text, FlushCompress::Sync));
        Chunk { text: Bytes::copy_from_slice(text), packed, crc: crc(text), series }
    }

    /// Makes a chunk, compressed only if it is large enough to stand by itself in a page.
    pub(super) fn part(&mut self, text: &[u8], series: usize) -> Chunk {
        match text.len() {
            ..SMALL => Chunk { text: Bytes::copy_from_slice(text), packed: Bytes::new(), crc: Crc::new(), series },
            SMALL.. => self.chunk(text, series),
        }
    }

    /// Compresses what a gzip member ends with, after what has this checksum.
    pub(super) fn end(&mut self, before: &Crc, text: &[u8]) -> Bytes {
        let mut all = Crc::new();
        all.combine(before);
        all.combine(&crc(text));
        let packed = self.pack(text, FlushCompress::Finish);
        [packed, &all.sum().to_le_bytes(), &all.amount().to_le_bytes()].concat().into()
    }

    fn pack(&mut self, text: &[u8], flush: FlushCompress) -> &[u8] {
        self.compress.reset();
        self.out.clear();
        loop {
            self.out.reserve(text.len() / 4 + 64);
            let taken = usize::try_from(self.compress.total_in()).unwrap_or(usize::MAX);
            let rest = text.get(taken..).unwrap_or_default();
            let status = self.compress.compress_vec(rest, &mut self.out, flush);
            let full = self.out.len() == self.out.capacity();
            // Flushed is what leaves room behind it.
            if status.is_err() || matches!(status, Ok(Status::StreamEnd)) || (!full && flush != FlushCompress::Finish) {
                return &self.out;
            }
        }
    }
}

impl Default for Packer {
    fn default() -> Self {
        Self { compress: Compress::new(EFFORT, false), out: Vec::new() }
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packer")
    }
}

fn crc(text: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(text);
    crc
}
