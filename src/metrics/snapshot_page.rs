//! What a snapshot gives to the page, and the page as it is wanted at a scrape.

use super::chunk::Packer;
use super::ends::{End, Ends};
use super::family::Size;
use super::press::Press;
use super::sheet::Sheet;
use super::tail::tail;
use super::write::Spelling;
use super::{Encoding, Instruments, Page, Wanted};
use crate::model::Snapshot;
use std::cell::RefCell;
use std::sync::Arc;

/// What a snapshot gives to the page, written and compressed.
#[derive(Debug)]
pub struct SnapshotPage {
    sheets: Arc<Sheets>,
    ends: Ends,
}

/// The same in each spelling.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    pub(super) text: Sheet,
    pub(super) open: Sheet,
}

thread_local! {
    /// What compresses the ends of pages: one for each thread that answers.
    static PACKER: RefCell<Packer> = RefCell::default();
}

impl SnapshotPage {
    pub(super) fn of(sheets: Arc<Sheets>) -> Self {
        Self { sheets, ends: Ends::default() }
    }

    /// Writes and compresses what a snapshot gives, from nothing.
    pub fn render(snapshot: &Snapshot) -> Self {
        Press::default().print(snapshot)
    }

    /// The page, as it stands at this scrape.
    pub fn compose(&self, instruments: &Instruments, wanted: &Wanted) -> Page {
        let spelling = wanted.format.into();
        let whole = self.sheets.of(spelling);
        if !wanted.names.is_empty() {
            let part = PACKER.with_borrow_mut(|packer| whole.only(&wanted.names, packer));
            let end = self.end(instruments, &part, spelling, &wanted.names);
            return page(&part, end, wanted.encoding);
        }
        let end = self.ends.of(instruments.edition(), spelling, || self.end(instruments, whole, spelling, &[]));
        page(whole, end, wanted.encoding)
    }

    /// How many series the page has, as it stands at this scrape.
    pub fn series(&self, instruments: &Instruments) -> usize {
        self.sheets.text.series + tail(&instruments.gather(), Spelling::Text, &[], Size::default()).series
    }

    /// The families of the scrape, or those of them that are named, for a page that begins with this sheet. Two of them say
    /// how large the whole page is as plain text, digits of themselves included: written again until it is so, which is
    /// soon, because a larger number only ever makes the page larger.
    fn end(&self, instruments: &Instruments, sheet: &Sheet, spelling: Spelling, names: &[String]) -> End {
        const ENOUGH: usize = 6;
        let gathered = instruments.gather();
        let text = &self.sheets.text;
        let (mut size, mut written) = (Size::default(), Vec::new());
        for _ in 0..ENOUGH {
            let rendered = tail(&gathered, Spelling::Text, &[], size);
            written = rendered.text;
            let page = Size { series: text.series + rendered.series, bytes: text.length + written.len() };
            if page == size {
                break;
            }
            size = page;
        }
        if spelling == Spelling::OpenMetrics || !names.is_empty() {
            written = tail(&gathered, spelling, names, size).text;
        }
        let packed = PACKER.with_borrow_mut(|packer| packer.end(&sheet.crc, &written));
        End { text: written.into(), packed }
    }
}

fn page(sheet: &Sheet, end: End, encoding: Encoding) -> Page {
    match encoding {
        Encoding::Identity => Page::new(Arc::clone(&sheet.plain), end.text),
        Encoding::Gzip => Page::new(Arc::clone(&sheet.packed), end.packed),
    }
}

impl Sheets {
    fn of(&self, spelling: Spelling) -> &Sheet {
        match spelling {
            Spelling::Text => &self.text,
            Spelling::OpenMetrics => &self.open,
        }
    }
}
