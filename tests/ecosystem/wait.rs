//! To look again until it is so. A wait has an end, and then says what was last seen.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Long enough for everything here on a machine that has much else to do.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks until there is something. What a look that is in vain saw is its error.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if begun.elapsed() > LONG => {
                panic!("waited for {} s in vain for this: {what}; last seen:\n{seen}", LONG.as_secs())
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}
