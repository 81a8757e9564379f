//! When no connection can be accepted: wait, longer each time, and do not fill the log.

use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to wait after the first error, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How often the log tells of it.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Errors in a row.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    in_a_row: u32,
    told: Option<Instant>,
}

impl Trouble {
    /// A connection came.
    pub(super) fn over(&mut self) {
        self.in_a_row = 0;
    }

    /// None came. Without a pause, an error that lasts (too many open files) would keep a core busy.
    pub(super) async fn pause(&mut self, error: &io::Error) {
        if is_the_clients(error) {
            return;
        }
        let now = Instant::now();
        if self.told.is_none_or(|told| now.duration_since(told) >= TELL_EVERY) {
            self.told = Some(now);
            tracing::warn!(error = error as &dyn std::error::Error, "cannot accept connections; trying again");
        }
        sleep(self.next_pause()).await;
    }

    fn next_pause(&mut self) -> Duration {
        let (first, most) = PAUSE;
        let pause = first.saturating_mul(2_u32.saturating_pow(self.in_a_row)).min(most);
        self.in_a_row = self.in_a_row.saturating_add(1);
        pause
    }
}

/// Whether only this connection broke, before it was accepted. The error takes it away, so it cannot spin.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_begin_anew() {
        let mut trouble = Trouble::default();
        let pauses: Vec<u128> = (0..40).map(|_| trouble.next_pause().as_millis()).collect();
        assert_eq!(pauses[..6], [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(pauses[39], 1000);
        trouble.over();
        assert_eq!(trouble.next_pause().as_millis(), 100);
    }
}
