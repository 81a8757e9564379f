//! The page as it is sent: what the snapshot gives is written and compressed once, what the instruments count is added at
//! each scrape.
//!
//! The compressed page is one gzip member, since some clients stop after the first: the snapshot's part ends at a byte
//! boundary without being the last block, the scrape's part follows it, and their checksums are combined.

use super::Instruments;
use super::family::Size;
use super::formats;
use super::render::{scrape_families, snapshot_families};
use crate::model::Snapshot;
use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write};

/// How a page's bytes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// Compressed.
    Gzip,
}

/// What a snapshot gives to the page, written and compressed.
#[derive(Debug)]
pub struct SnapshotPage {
    text: Bytes,
    series: usize,
    /// A gzip header and the text in blocks that are not the last.
    gzip: Bytes,
    crc: Crc,
}

/// A page: its bytes are those of its parts, one after the other.
#[derive(Clone, Debug)]
pub struct Page {
    /// What the snapshot gave; shared with the other pages of the same snapshot.
    pub head: Bytes,
    /// What was added at the scrape.
    pub tail: Bytes,
}

impl SnapshotPage {
    /// Writes and compresses what a snapshot gives: some work, where there are many tasks. Reads no clock.
    pub fn render(snapshot: &Snapshot) -> Self {
        let rendered = snapshot_families(snapshot);
        if rendered.dropped > 0 {
            tracing::warn!(
                series = rendered.dropped,
                "left out series whose labels another one has; labels are cut after 256 characters"
            );
        }
        let mut crc = Crc::new();
        crc.update(rendered.text.as_bytes());
        let gzip = [&GZIP_HEADER, deflate(rendered.text.as_bytes(), Blocks::MoreFollow).as_slice()].concat();
        let mut text = rendered.text;
        text.shrink_to_fit();
        Self { text: text.into(), series: rendered.series, gzip: gzip.into(), crc }
    }

    /// The page, as it stands at this scrape.
    pub fn compose(&self, instruments: &Instruments, encoding: Encoding) -> Page {
        let tail = self.tail(instruments);
        match encoding {
            Encoding::Identity => Page { head: self.text.clone(), tail: tail.into() },
            Encoding::Gzip => Page { head: self.gzip.clone(), tail: self.compressed_tail(tail.as_bytes()).into() },
        }
    }

    /// How many series the page has, as it stands at this scrape.
    pub fn series(&self, instruments: &Instruments) -> usize {
        self.series + scrape_families(&instruments.gather(), Size::default()).series
    }

    /// The families of the scrape. Two of them say how large the whole page is, digits of themselves included: written
    /// again until it is so, which is soon, because a larger number only ever makes the page larger.
    fn tail(&self, instruments: &Instruments) -> String {
        const ENOUGH: usize = 6;
        let gathered = instruments.gather();
        let mut size = Size::default();
        let mut text = String::new();
        for _ in 0..ENOUGH {
            let rendered = scrape_families(&gathered, size);
            text = rendered.text;
            let page = Size { series: self.series + rendered.series, bytes: self.text.len() + text.len() };
            if page == size {
                break;
            }
            size = page;
        }
        text
    }

    fn compressed_tail(&self, tail: &[u8]) -> Vec<u8> {
        let mut of_tail = Crc::new();
        of_tail.update(tail);
        let mut crc = Crc::new();
        crc.combine(&self.crc);
        crc.combine(&of_tail);
        let mut out = deflate(tail, Blocks::End);
        out.extend(crc.sum().to_le_bytes());
        out.extend(crc.amount().to_le_bytes());
        out
    }
}

impl Page {
    /// The media type of a page.
    pub const CONTENT_TYPE: &str = formats::TEXT;

    /// How many bytes it has: the value of `Content-Length`.
    pub fn length(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// All of it in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        [&*self.head, &*self.tail].concat()
    }
}

/// RFC 1952: deflate, no name, no time (or two pages of one snapshot would differ), unknown system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// On a page of a hundred thousand lines: a third smaller than with the least effort, and as good as not larger than with
/// the usual one, at half its cost.
const EFFORT: Compression = Compression::new(2);

/// What comes after these blocks.
#[derive(Clone, Copy)]
enum Blocks {
    MoreFollow,
    End,
}

fn deflate(data: &[u8], blocks: Blocks) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), EFFORT);
    let mut run = || -> io::Result<Vec<u8>> {
        encoder.write_all(data)?;
        match blocks {
            Blocks::MoreFollow => encoder.flush()?,
            Blocks::End => encoder.try_finish()?,
        }
        // Before the encoder ends the blocks by itself.
        Ok(std::mem::take(encoder.get_mut()))
    };
    #[expect(clippy::expect_used, reason = "the only I/O is into memory")]
    run().expect("a vector takes all that is written")
}
