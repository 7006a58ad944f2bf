//! Cells of a CSV that a spreadsheet must not take for formulas (OWASP, "CSV Injection").
//!
//! A cell that begins with one of these characters gets an apostrophe before it. So does one that begins with apostrophes
//! and then such a character, so that what is read is what was written.

use std::borrow::Cow;

const APOSTROPHE: char = '\'';

/// The cell, with an apostrophe before it if it needs one.
pub(super) fn guarded(cell: &str) -> Cow<'_, str> {
    if is_formula(cell.trim_start_matches(APOSTROPHE)) {
        Cow::Owned(format!("{APOSTROPHE}{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The cell without the apostrophe that [`guarded`] put before it.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix(APOSTROPHE) {
        Some(rest) if is_formula(rest.trim_start_matches(APOSTROPHE)) => rest,
        _ => cell,
    }
}

/// Whether a spreadsheet may take it for a formula. Some read the wide forms of East Asia in the same way.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_gets_an_apostrophe_and_nothing_else_does() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=x", "＝1", "'=1", "''@"]
        {
            assert_eq!(guarded(formula), format!("'{formula}"));
        }
        for text in ["", "Lanterns", "'", "'90s", "a=1", " =1", "''"] {
            assert_eq!(guarded(text), text);
            assert_eq!(unguarded(text), text);
        }
        assert_eq!(unguarded("=1"), "=1", "written by hand");
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(cell in "['=+@\t\r\na-]{0,6}") {
            let written = guarded(&cell);
            prop_assert_eq!(unguarded(&written), cell.as_str());
            let first = written.chars().next();
            prop_assert!(!first.is_some_and(|first| "=+-@\t\r\n".contains(first)));
        }
    }
}
