//! The body of an answer: one frame, whatever the number of its pieces. Many frames, one queued behind the other, would be
//! sent slower than one.

use crate::metrics::Page;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body whose length is known: the one frame that it sends, until it is sent.
#[derive(Debug, Default)]
pub(super) struct Body(Option<Page>);

impl Body {
    /// How many bytes it has.
    pub(super) fn length(&self) -> usize {
        self.0.as_ref().map_or(0, Page::length)
    }
}

impl From<Page> for Body {
    fn from(page: Page) -> Self {
        Self(Some(page).filter(|page| page.length() > 0))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Page::from(bytes).into()
    }
}

impl hyper::body::Body for Body {
    type Data = Page;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Page>, Infallible>>> {
        Poll::Ready(self.0.take().map(|page| Ok(Frame::data(page))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length() as u64)
    }
}
