//! Whether a project's targets are read together or each by itself: whatever costs less. Pure.

use std::time::Duration;

/// For how long targets are read by themselves at first, and at most; it doubles each time that reading them together did
/// not pay again.
const APART: Duration = Duration::from_secs(3600);
const APART_AT_MOST: Duration = Duration::from_secs(24 * 3600);

/// So many refreshes are looked at together: a single busy one says little.
const LOOKED_AT: u32 = 8;

/// What reading together has cost. Moments are counted from the start of the process.
#[derive(Clone, Debug, Default)]
pub struct Worth {
    refreshes: u32,
    requests: u64,
    apart_for: Option<Duration>,
    apart_until: Option<Duration>,
}

impl Worth {
    /// Whether the targets are read together at `now`.
    pub fn together(&self, now: Duration) -> bool {
        self.apart_until.is_none_or(|until| until <= now)
    }

    /// A refresh of so many targets together took so many requests, where each by itself takes one at least.
    pub fn cost(&mut self, now: Duration, requests: u64, targets: usize) {
        self.apart_until = None;
        self.refreshes += 1;
        self.requests = self.requests.saturating_add(requests);
        if self.refreshes < LOOKED_AT {
            return;
        }
        let alone = u64::from(self.refreshes).saturating_mul(targets as u64);
        let dear = self.requests > alone;
        (self.refreshes, self.requests) = (0, 0);
        if dear { self.fall_apart(now) } else { self.apart_for = None }
    }

    /// The undivided list may not be read.
    pub fn refused(&mut self, now: Duration) {
        self.fall_apart(now);
    }

    fn fall_apart(&mut self, now: Duration) {
        let apart_for = self.apart_for.map_or(APART, |before| (before * 2).min(APART_AT_MOST));
        self.apart_for = Some(apart_for);
        self.apart_until = Some(now.saturating_add(apart_for));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_costs_more_together_is_read_apart_for_longer_and_longer() {
        let mut worth = Worth::default();
        let mut now = MINUTE;
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            for _ in 0..LOOKED_AT {
                assert!(worth.together(now));
                worth.cost(now, 11, 10);
            }
            assert!(!worth.together(now));
            now += 60 * hours * MINUTE;
            assert!(worth.together(now), "after {hours} h");
        }
    }

    #[test]
    fn one_busy_refresh_among_quiet_ones_is_no_reason() {
        let mut worth = Worth::default();
        for refresh in 0..80 {
            worth.cost(MINUTE, if refresh % 8 == 0 { 60 } else { 1 }, 10);
            assert!(worth.together(MINUTE));
        }
    }

    #[test]
    fn a_refused_list_is_tried_again_after_an_hour() {
        let mut worth = Worth::default();
        worth.refused(MINUTE);
        assert!(!worth.together(60 * MINUTE) && worth.together(61 * MINUTE));
    }
}
