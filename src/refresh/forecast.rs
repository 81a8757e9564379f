//! Which interval can be kept within the request budget: pure.

use crate::config::{Account, Config};
use std::time::Duration;

/// A permit of the budget comes back so long after its request has ended.
const PERMIT: Duration = Duration::from_secs(61);

/// How often a target whose configured interval is this can be refreshed in truth. A refresh takes at least one request
/// for each task type; all accounts at one host share its budget, and all become equally late.
pub fn kept_interval(config: &Config, account: &Account, interval: Duration) -> Duration {
    let host = account.hss_endpoint.authority();
    let sharers = config.accounts.iter().filter(|sharer| sharer.hss_endpoint.authority() == host);
    let watches = sharers.flat_map(|account| &account.watches);
    let one = PERMIT / config.refresh.requests_per_minute.get();
    let load: f64 =
        watches.flat_map(|watch| watch.types.iter().map(|_| one.as_secs_f64() / watch.interval.as_secs_f64())).sum();
    if load > 1.0 { interval.mul_f64(load) } else { interval }
}
