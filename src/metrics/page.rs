//! A page as it is sent: many pieces that are shared with other pages, one that is not, and no byte copied.

use bytes::{Buf, Bytes};
use std::io::IoSlice;
use std::sync::Arc;

/// A page, from the first byte that has not been taken yet: the pieces that it shares with the other pages of its snapshot,
/// then its own end.
#[derive(Clone, Debug)]
pub struct Page {
    shared: Arc<[Bytes]>,
    /// How many of the shared pieces have been taken.
    taken: usize,
    /// What is left of the shared piece that has been begun; empty where none has.
    begun: Bytes,
    end: Bytes,
    length: usize,
}

impl Page {
    /// A page of these pieces.
    pub(super) fn new(shared: Arc<[Bytes]>, end: Bytes) -> Self {
        let length = shared.iter().map(Bytes::len).sum::<usize>() + end.len();
        Self { shared, taken: 0, begun: Bytes::new(), end, length }
    }

    /// How many bytes it has: the value of `Content-Length`.
    pub fn length(&self) -> usize {
        self.length
    }

    /// All of it in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.length);
        self.pieces().for_each(|piece| all.extend_from_slice(piece));
        all
    }

    /// What is left, in order. None of it is empty.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let shared = self.shared.iter().skip(self.taken);
        let pieces = std::iter::once(&self.begun).chain(shared).chain(std::iter::once(&self.end));
        pieces.map(|piece| &**piece).filter(|piece| !piece.is_empty())
    }
}

impl From<Bytes> for Page {
    fn from(bytes: Bytes) -> Self {
        Self::new(Arc::default(), bytes)
    }
}

impl Buf for Page {
    fn remaining(&self) -> usize {
        self.length
    }

    fn chunk(&self) -> &[u8] {
        self.pieces().next().unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(self.pieces()).map(|(slice, piece)| *slice = IoSlice::new(piece));
        filled.count()
    }

    /// Past its end there is nothing to take.
    fn advance(&mut self, mut count: usize) {
        self.length -= count.min(self.length);
        while count > 0 {
            if self.begun.is_empty() {
                let Some(next) = self.shared.get(self.taken) else { break };
                self.begun = next.clone();
                self.taken += 1;
            }
            let step = count.min(self.begun.len());
            self.begun.advance(step);
            count -= step;
        }
        let rest = count.min(self.end.len());
        self.end.advance(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_piece_by_piece_at_whatever_pace() {
        let pieces = ["", "ab", "", "cde", "f"].map(Bytes::from);
        for step in 1..9 {
            let mut page = Page::new(pieces.clone().into(), "ghi".into());
            let mut taken = Vec::new();
            assert_eq!(page.length(), 9);
            while page.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 3];
                let filled = page.chunks_vectored(&mut slices);
                assert_eq!(&*slices[0], page.chunk());
                let seen: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
                let step = step.min(seen.len());
                taken.extend_from_slice(&seen[..step]);
                page.advance(step);
                assert_eq!(page.to_vec().len(), page.remaining());
            }
            assert_eq!(taken, b"abcdefghi");
        }
    }

    #[test]
    fn past_its_end_there_is_nothing() {
        let mut page = Page::from(Bytes::from("abc"));
        page.advance(4);
        assert_eq!((page.remaining(), page.chunk()), (0, &[][..]));
    }
}
