//! What a drill showed: figures, each beside its bar if it has one, for the terminal and for the page.

use std::{fmt, fs, path::Path};

use anyhow::{Context, Result};

/// The figures of one drill.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    figure: String,
    bar: Option<Bar>,
}

struct Bar {
    wanted: String,
    met: bool,
    /// Whether an answer was wrong, and not only slow.
    is_about_truth: bool,
}

impl Report {
    /// A figure without a bar.
    pub(crate) fn tells(&mut self, what: &str, figure: impl fmt::Display) {
        self.add(what, figure, None);
    }

    /// A figure that must be so: when it misses its bar, an answer was wrong.
    pub(crate) fn must(&mut self, what: &str, figure: impl fmt::Display, wanted: &str, met: bool) {
        let bar = Bar { wanted: wanted.to_owned(), met, is_about_truth: true };
        self.add(what, figure, Some(bar));
    }

    /// Of what must not happen, this many did.
    pub(crate) fn must_be_none(&mut self, what: &str, count: usize) {
        self.must(what, count, "0", count == 0);
    }

    /// A figure that should be so: when it misses its bar, something was slow.
    pub(crate) fn should(
        &mut self,
        what: &str,
        figure: impl fmt::Display,
        wanted: &str,
        met: bool,
    ) {
        let bar = Bar { wanted: wanted.to_owned(), met, is_about_truth: false };
        self.add(what, figure, Some(bar));
    }

    fn add(&mut self, what: &str, figure: impl fmt::Display, bar: Option<Bar>) {
        self.rows.push(Row { what: what.to_owned(), figure: figure.to_string(), bar });
    }

    /// Whether nothing was wrong. What is slow is not wrong.
    pub(crate) fn is_true(&self) -> bool {
        self.bars().all(|bar| bar.met || !bar.is_about_truth)
    }

    /// Whether every bar was met.
    pub(crate) fn is_met(&self) -> bool {
        self.bars().all(|bar| bar.met)
    }

    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.rows.iter().filter_map(|row| row.bar.as_ref())
    }

    /// Puts the figures on the page, between the marks of this drill, with what has to be known beside them.
    pub(crate) fn write(&self, page: &Path, name: &str, circumstances: &str) -> Result<()> {
        let text = fs::read_to_string(page)
            .with_context(|| format!("{} cannot be read", page.display()))?;
        let section = format!("{circumstances}\n\n{self}");
        let text = replaced(&text, name, &section)
            .with_context(|| format!("{} has no place for `{name}`", page.display()))?;
        fs::write(page, text).with_context(|| format!("{} cannot be written", page.display()))
    }
}

/// The page with this between the marks of this name, if it has them.
fn replaced(page: &str, name: &str, section: &str) -> Option<String> {
    let (open, close) = (format!("<!-- drill {name} -->\n"), "<!-- end -->");
    let (before, rest) = page.split_once(&open)?;
    let (_, after) = rest.split_once(close)?;
    Some(format!("{before}{open}\n{section}\n{close}{after}"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | figure | bar | met |\n|---|---:|---:|---|")?;
        for Row { what, figure, bar } in &self.rows {
            let (wanted, met) = match bar {
                Some(bar) if bar.met => (bar.wanted.as_str(), "PASS"),
                Some(bar) => (bar.wanted.as_str(), "**MISSED**"),
                None => ("", ""),
            };
            writeln!(f, "| {what} | {figure} | {wanted} | {met} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_slow_is_not_wrong_but_misses_its_bar() {
        let mut report = Report::default();
        report.must_be_none("lost", 0);
        report.should("p99", "3 ms", "≤ 2 ms", false);

        assert!(report.is_true());
        assert!(!report.is_met());
        assert!(report.to_string().contains("| p99 | 3 ms | ≤ 2 ms | **MISSED** |"));
    }

    #[test]
    fn what_is_lost_is_wrong() {
        let mut report = Report::default();
        report.must_be_none("lost", 1);

        assert!(!report.is_true());
    }

    #[test]
    fn a_section_replaces_the_one_before_and_leaves_the_others() {
        let page = "# R\n<!-- drill a -->\nold\n<!-- end -->\nb\n<!-- drill c -->\n<!-- end -->\n";

        let written = replaced(page, "a", "new").expect("the marks are there");

        assert!(written.starts_with("# R\n<!-- drill a -->\n\nnew\n<!-- end -->\nb\n<!-- drill c"));
        assert_eq!(replaced(&written, "a", "new").as_deref(), Some(written.as_str()));
        assert_eq!(replaced(page, "b", "new"), None);
    }
}
