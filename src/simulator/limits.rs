//! How often may be asked: so many calls of an API in any minute, by user, by source address, and in all.

use super::options::RateLimit;
use super::refusal::Refusal;
use std::collections::{HashMap, VecDeque};

const WINDOW_MS: u64 = 60_000;

/// The calls of the last minute of one API.
#[derive(Debug, Default)]
pub(super) struct Calls {
    by_user: HashMap<String, VecDeque<u64>>,
    by_address: HashMap<String, VecDeque<u64>>,
    all: VecDeque<u64>,
}

impl Calls {
    /// Counts a call, or refuses it. A refused call does not count.
    pub(super) fn admit(&mut self, limit: RateLimit, user: &str, address: &str, now: u64) -> Result<(), Refusal> {
        let by_user = self.by_user.entry(user.to_owned()).or_default();
        let by_address = self.by_address.entry(address.to_owned()).or_default();
        let counters = [
            ("user", by_user, limit.per_user),
            ("ip", by_address, limit.per_address),
            ("api", &mut self.all, limit.total),
        ];
        for (policy, calls, most) in &counters {
            let recent = calls.iter().filter(|at| at.saturating_add(WINDOW_MS) > now).count();
            if recent >= *most {
                return Err(Refusal::throttled(policy, *most));
            }
        }
        for (_, calls, _) in counters {
            calls.retain(|at| at.saturating_add(WINDOW_MS) > now);
            calls.push_back(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_call_within_any_minute_is_refused() {
        let mut calls = Calls::default();
        let mut call = |user: &str, address: &str, second: u64| {
            calls.admit(RateLimit::DOCUMENTED, user, address, second * 1000).map_err(|refusal| refusal.message)
        };
        for second in [0, 10, 20, 30, 40] {
            assert_eq!(call("a", "1", second), Ok(()));
        }
        let text = "The throttling threshold has been reached: policy user over ratelimit,limit:5,time:1 minute";
        assert_eq!(call("a", "1", 59), Err(text.to_owned()));
        assert_eq!(call("b", "1", 59), Err(text.replace("user", "ip")));
        assert_eq!(call("b", "2", 59), Ok(()));
        assert_eq!(call("a", "1", 60), Ok(()));
        assert_eq!(call("a", "1", 69), Err(text.to_owned()));
    }
}
