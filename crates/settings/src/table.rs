//! All settings of a program. Reading, refusing and the help page use the same table.

use std::collections::BTreeSet;

use crate::{Setting, environment::PREFIX};

/// All settings of a program, in the order of its help page.
#[derive(Debug)]
pub struct Table {
    settings: Vec<&'static Setting>,
    /// Everything that can be written in the file.
    keys_and_sections: BTreeSet<&'static str>,
}

impl Table {
    /// The settings of these sections.
    pub fn of(settings: impl IntoIterator<Item = &'static Setting>) -> Self {
        let settings: Vec<_> = settings.into_iter().collect();
        let keys = settings.iter().map(|setting| setting.key);
        let sections = keys.clone().flat_map(|key| {
            key.match_indices('.').map(move |(end, _)| key.get(..end).unwrap_or_default())
        });
        let keys_and_sections = keys.chain(sections).collect();
        Self { settings, keys_and_sections }
    }

    /// All settings.
    pub fn iter(&self) -> impl Iterator<Item = &'static Setting> {
        self.settings.iter().copied()
    }

    /// The setting with this key.
    #[must_use]
    pub fn of_key(&self, key: &str) -> Option<&'static Setting> {
        self.iter().find(|setting| setting.key == key)
    }

    /// The setting with this flag.
    #[must_use]
    pub fn of_flag(&self, flag: &str) -> Option<&'static Setting> {
        self.iter().find(|setting| setting.flag == Some(flag))
    }

    /// The setting with this variable.
    pub(crate) fn of_variable(&self, name: &str) -> Option<&'static Setting> {
        self.iter().find(|setting| setting.variable == name)
    }

    /// The first setting in this section, if it is one.
    pub(crate) fn in_section(&self, section: &str) -> Option<&'static Setting> {
        self.iter().find(|setting| setting.key != section && setting.is_or_is_in(section))
    }

    /// The key or section that becomes this name with the fewest slips of the pen.
    pub(crate) fn nearest_key(&self, name: &str) -> &'static str {
        nearest(name, self.keys_and_sections.iter().copied())
    }

    /// The variable that becomes this name with the fewest slips of the pen.
    pub(crate) fn nearest_variable(&self, name: &str) -> &'static str {
        nearest(name, self.iter().map(|setting| setting.variable))
    }
}

fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> &'static str {
    // Comparing costs the product of the lengths; no name of ours is this long.
    const ENOUGH: usize = 64;
    let name: String = name.trim_start_matches(PREFIX).chars().take(ENOUGH).collect();
    known
        .min_by_key(|known| {
            let known = known.trim_start_matches(PREFIX);
            strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase())
        })
        .unwrap_or_default()
}
