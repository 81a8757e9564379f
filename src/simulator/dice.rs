//! Chance without chance: the same seed and the same place always give the same rolls.

use fastrand::Rng;

/// The dice for one place, such as (project, series, day). Rolls at one place do not change those at another.
pub(super) fn dice(seed: u64, place: &[u64]) -> Rng {
    // Two rounds of a multiplicative hash a step: neighbouring places must not give neighbouring rolls.
    let step = |hash: u64, value: u64| {
        let hash = (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
    };
    Rng::with_seed(place.iter().fold(step(0, seed), |hash, value| step(hash, *value)))
}

/// True in `percent` of a hundred cases.
pub(super) fn chance(dice: &mut Rng, percent: u32) -> bool {
    dice.u32(0..100) < percent
}
