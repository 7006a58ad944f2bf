//! Medians, percentiles and spreads.

/// The middle value; of two, the mean. Zero of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let values = sorted(values);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => 0.0,
        (middle, 0) => f64::midpoint(values[middle - 1], values[middle]),
        (middle, _) => values[middle],
    }
}

/// The value that this share of all values do not exceed (nearest rank). Zero of nothing.
pub(crate) fn percentile(values: &[f64], per_cent: usize) -> f64 {
    let values = sorted(values);
    let rank = (values.len() * per_cent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

/// The least and the most. Zeros of nothing.
pub(crate) fn spread(values: &[f64]) -> (f64, f64) {
    let values = sorted(values);
    (values.first().copied().unwrap_or_default(), values.last().copied().unwrap_or_default())
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "whole numbers stay exact")]
    fn the_middle_and_the_ends_are_found_in_any_order() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();

        assert_eq!(median(&values), 50.5);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(percentile(&values, 99), 99.0);
        assert_eq!(percentile(&[7.0], 99), 7.0);
        assert_eq!(spread(&values), (1.0, 100.0));
        assert_eq!((median(&[]), percentile(&[], 50)), (0.0, 0.0));
    }
}
