//! How much a caller likes one of several forms (RFC 9110, 12.4.2).

/// The weight among these parameters in thousandths. 0 for what is not wanted or cannot be read.
pub fn weight<'p>(parameters: impl Iterator<Item = &'p str>) -> u16 {
    let names = parameters.map(|it| it.split_once('=').unwrap_or((it, "")));
    let mut weights = names.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let (first, second) = (weights.next(), weights.next());
    match (first, second) {
        (None, _) => 1_000,
        (Some((_, weight)), None) => thousandths(weight.trim()).unwrap_or(0),
        (Some(_), Some(_)) => 0,
    }
}

/// `0.25` is 250: at most three digits stand behind the point, and it is at most 1.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let are_digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| are_digits)?;
    Some(whole + thousandths).filter(|weight| *weight <= 1_000)
}
