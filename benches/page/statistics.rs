//! Many times -> the few that are told.

/// The value below which so much of the others lies: 0.5 for the median.
pub(crate) fn quantile(mut values: Vec<f64>, at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((at * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The median.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}
