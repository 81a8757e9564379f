//! A stream that keeps its client to the limits: what takes too long fails with a time-out.
//!
//! hyper has a time-out for headers, but counts the silence between two requests as part of one, and has none for a
//! client that does not take its answer. So it is switched off there, and all three are kept here, below hyper.

use super::Limits;
use super::serve::Course;
use super::talk::{Phase, Talk};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep_until};

/// A stream and the limits of the talk over it.
pub(super) struct Paced<T> {
    stream: T,
    talk: Arc<Talk>,
    limits: Arc<Limits>,
    course: watch::Receiver<Course>,
    timer: Pin<Box<Sleep>>,
}

impl<T> Paced<T> {
    pub(super) fn new(stream: T, talk: Arc<Talk>, limits: Arc<Limits>, course: watch::Receiver<Course>) -> Self {
        let timer = Box::pin(sleep_until(talk.deadline(&limits, Course::Open)));
        Self { stream, talk, limits, course, timer }
    }

    /// For a client that keeps us waiting: ready once that has lasted too long.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.talk.deadline(&self.limits, *self.course.borrow());
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        self.timer.as_mut().poll(context)
    }

    fn poll_time_out<R>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        self.poll_deadline(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn after_write(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.poll_time_out(context),
            Poll::Ready(written) => {
                self.talk.taken();
                Poll::Ready(written)
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buf);
        let phase = self.talk.phase();
        let silent = phase.is_silent();
        if read.is_pending() && (silent || phase == Phase::Header) {
            self.talk.caught_up();
        }
        match read {
            Poll::Ready(read) => {
                if silent && buf.filled().len() > before {
                    self.talk.enter(Phase::Header);
                }
                Poll::Ready(read)
            }
            // To hyper, as if the client had ended it: there is nothing to complain about.
            Poll::Pending if silent => self.poll_deadline(context).map(Ok),
            Poll::Pending => self.poll_time_out(context),
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buf);
        self.after_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bufs);
        self.after_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => self.poll_time_out(context),
            flushed => {
                if self.talk.phase() == Phase::Sending {
                    self.talk.enter(Phase::Idle);
                    // hyper has asked to read already, under another limit: it has to ask again.
                    context.waker().wake_by_ref();
                }
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Pending => self.poll_time_out(context),
            shut => shut,
        }
    }
}
