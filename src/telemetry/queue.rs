//! The queue between the program and whoever reads its log. A reader that stops costs lines of the log, which are
//! counted, and nothing else.

use crate::model::observe::{Note, Observe};
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait to be written: more than a refresh of a thousand targets logs, and a few megabytes at most.
const MOST_LINES: usize = 4096;

/// How long the end of the process waits for standard error. Whoever reads has taken everything by then.
const EXIT_LIMIT: Duration = Duration::from_secs(1);

/// The lines that are not written yet. Dropped, it waits until they are, but no longer than the end of a process may.
#[derive(Debug)]
pub struct LogQueue(Option<WorkerGuard>);

impl Drop for LogQueue {
    fn drop(&mut self) {
        // The guard of a full queue writes to standard output, which may be stuck as well.
        let guard = self.0.take();
        within_exit_limit(move || drop(guard));
    }
}

/// Does something at the end of the process that a stuck reader may keep from ending.
pub fn within_exit_limit(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel::<()>();
    let started = thread::Builder::new().spawn(move || {
        work();
        drop(done);
    });
    // It is not started where the system has no thread left; otherwise it ends, or the limit is reached.
    let _ = started.map(|_| ended.recv_timeout(EXIT_LIMIT));
}

/// A queue before `writer`, and the end at which lines are put into it.
pub(super) fn open(writer: impl Write + Send + 'static, observer: Arc<dyn Observe>) -> (QueueWriter, LogQueue) {
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MOST_LINES).thread_name("log");
    let (queue, guard) = builder.finish(writer);
    let dropped = queue.error_counter();
    (QueueWriter { queue, dropped, reported: Arc::default(), observer }, LogQueue(Some(guard)))
}

/// Puts lines into the queue, and reports how many found no place there.
#[derive(Clone)]
pub(super) struct QueueWriter {
    queue: NonBlocking,
    dropped: ErrorCounter,
    reported: Arc<AtomicUsize>,
    observer: Arc<dyn Observe>,
}

impl Write for QueueWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = self.queue.write(line);
        let dropped = self.dropped.dropped_lines();
        let count = dropped.saturating_sub(self.reported.fetch_max(dropped, Ordering::Relaxed));
        if count > 0 {
            self.observer.note(Note::LogMessagesDropped { count: count as u64 });
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for QueueWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
