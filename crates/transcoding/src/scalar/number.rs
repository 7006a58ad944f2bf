//! Numbers, as JSON and the text of a path or a query write them.

use super::{Fault, Source};

/// The largest whole number up to which each is a double. Beyond it, which number was meant cannot be told.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number. In JSON `7`, and `7.0` and `70e-1` as well: what is written is the number, not its digits. In a path
/// one spelling for each: `+7` and `007` lead nowhere.
#[inline]
pub(super) fn whole(source: Source<'_>) -> Option<i128> {
    let digits = source.number()?;
    // Dividing 128 bits costs more than all else here, and nearly every number fits 64.
    let plain = match digits.parse::<i64>() {
        Ok(number) => Some(number.into()),
        Err(_) => digits.parse::<i128>().ok(),
    };
    match source {
        Source::Text(_) | Source::Key(_) => plain.filter(|_| is_plain(digits)),
        Source::Json(_) => plain.or_else(|| {
            let number = digits.parse::<f64>().ok()?;
            let is_exact = number.fract() == 0.0 && number.abs() <= MOST_EXACT;
            if is_exact { format!("{number:.0}").parse().ok() } else { None }
        }),
    }
}

/// Whether a text that is a whole number is written as numbers are: without a plus, without zeros in front.
fn is_plain(number: &str) -> bool {
    matches!(number.as_bytes(), [b'0'] | [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..])
}

/// A whole number of 64 bits is a text in JSON, because JavaScript rounds it, and may be a number.
fn whole_or_text(source: Source<'_>) -> Option<i128> {
    match source {
        Source::Json(json) if json.starts_with('"') => {
            let text = source.text()?;
            text.parse::<i128>().ok().filter(|_| is_plain(&text))
        }
        _ => whole(source),
    }
}

#[inline]
pub(super) fn uint32(source: Source<'_>) -> Result<u32, Fault> {
    let number = whole(source).and_then(|number| number.try_into().ok());
    number.ok_or(Fault::Borrowed("must be a whole number of at most 32 bits, and not negative"))
}

#[inline]
pub(super) fn int64(source: Source<'_>) -> Result<i64, Fault> {
    let number = whole_or_text(source).and_then(|number| number.try_into().ok());
    number.ok_or(Fault::Borrowed("must be a whole number of at most 64 bits"))
}

#[inline]
pub(super) fn uint64(source: Source<'_>) -> Result<u64, Fault> {
    let number = whole_or_text(source).and_then(|number| number.try_into().ok());
    number.ok_or(Fault::Borrowed("must be a whole number of at most 64 bits, and not negative"))
}

#[inline]
pub(super) fn double(source: Source<'_>) -> Result<f64, Fault> {
    let number = source.number().and_then(|digits| digits.parse::<f64>().ok());
    number.filter(|number| number.is_finite()).ok_or(Fault::Borrowed("must be a number"))
}

#[inline]
pub(super) fn float(source: Source<'_>) -> Result<f32, Fault> {
    let number = source.number().and_then(|digits| digits.parse::<f32>().ok());
    number.filter(|number| number.is_finite()).ok_or(Fault::Borrowed("must be a number"))
}
