//! The body of an answer: whole, in slow pieces, or cut off.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Bytes on their way.
pub(super) struct Reply {
    rest: Bytes,
    pace: Pace,
    pause: Option<Pin<Box<Sleep>>>,
    /// A body that is cut off has given way once, so that what was there is sent before the connection breaks.
    gave_way: bool,
}

/// How a body is sent.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    Whole,
    /// Pieces of so many bytes, with pauses before each.
    Slow {
        piece: usize,
        pause: Duration,
    },
    /// What is there, then an error: less than was promised.
    Cut,
}

impl Reply {
    pub(super) fn new(bytes: Bytes, pace: Pace) -> Self {
        Self { rest: bytes, pace, pause: None, gave_way: false }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.rest.is_empty() {
            if matches!(self.pace, Pace::Cut) && !std::mem::replace(&mut self.gave_way, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(match self.pace {
                Pace::Cut => Some(Err(io::Error::other("the body is cut off"))),
                Pace::Whole | Pace::Slow { .. } => None,
            });
        }
        let length = match self.pace {
            Pace::Whole | Pace::Cut => self.rest.len(),
            Pace::Slow { piece, pause } => {
                ready!(self.pause.get_or_insert_with(|| Box::pin(sleep(pause))).as_mut().poll(cx));
                self.pause = None;
                piece.min(self.rest.len())
            }
        };
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && !matches!(self.pace, Pace::Cut)
    }

    fn size_hint(&self) -> SizeHint {
        match self.pace {
            Pace::Whole | Pace::Slow { .. } => SizeHint::with_exact(self.rest.len() as u64),
            Pace::Cut => SizeHint::default(),
        }
    }
}
