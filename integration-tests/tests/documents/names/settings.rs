//! Settings: their keys, their variables and their values when they are not set.

use serde_json::Value;
use sir0_server::config::{Config, settings};
use sir0_settings::Setting;

use super::{all_are_without_fault, words};
use crate::{
    page::{Page, pages},
    sources,
};

/// Ends of names of files, which look like keys.
const ENDS_OF_FILES: [&str; 6] = ["db", "dump", "env", "lock", "toml", "yaml"];

/// Whether the name, in which `…` stands for anything, is that of a setting.
fn is_variable(name: &str) -> bool {
    let is_it = |variable: &str| match name.split_once('…') {
        Some((before, behind)) => variable.starts_with(before) && variable.ends_with(behind),
        None => variable == name,
    };
    settings().iter().any(|setting| is_it(setting.variable))
}

#[test]
fn every_variable_on_a_page_is_a_setting() {
    let sources = sources::text();

    all_are_without_fault(&pages(), |page| {
        let is_of_it = |letter: char| {
            letter.is_ascii_uppercase() || letter.is_ascii_digit() || "_…".contains(letter)
        };
        let named = words(&page.text, is_of_it).into_iter();
        let named = named
            .filter(|name| name.starts_with("SIR0_") && *name != "SIR0_" && !is_variable(name));
        // Variables for the tests are no settings.
        let is_for_tests = |name: &&str| {
            name.starts_with("SIR0_TEST_") && sources.contains(&format!("\"{name}\""))
        };
        named.filter(|name| !is_for_tests(name)).map(str::to_owned).collect()
    });
}

#[test]
fn every_key_on_a_page_is_a_setting() {
    let is_section =
        |name: &str| settings().iter().any(|it| it.key.starts_with(&format!("{name}.")));
    let is_key = |name: &str| {
        let begin = name.trim_end_matches('…');
        settings().iter().any(|it| it.key == name || begin != name && it.key.starts_with(begin))
    };

    all_are_without_fault(&pages(), |page| {
        let spans = page.spans().into_iter();
        let looks_like_one = |span: &String| {
            let (first, last) = (span.split('.').next(), span.rsplit('.').next());
            span.contains('.')
                && !span.contains([' ', '/', '(', ':'])
                && first.is_some_and(is_section)
                && last.is_some_and(|end| !ENDS_OF_FILES.contains(&end))
        };
        spans.filter(|span| looks_like_one(span) && !is_key(span)).collect()
    });
}

/// The value that a setting has by default, as the page says it: `` `name`, 10,000 unless set``. Other programs have
/// settings too.
fn said(page: &Page) -> Vec<(String, String)> {
    let prose = page.prose().replace('\n', " ");
    let mut found: Vec<_> = prose.split(" unless set").collect();
    found.pop();
    let said = found.into_iter().filter_map(|before| {
        let mut parts = before.rsplit('`');
        let (behind, name) = (parts.next()?, parts.next()?);
        let value = behind.rsplit(' ').next()?.replace(',', "");
        Some((name.to_owned(), value))
    });
    said.filter(|(name, _)| default_of(name).is_some()).collect()
}

fn default_of(name: &str) -> Option<Value> {
    let is_it = |setting: &&'static Setting| setting.key == name || setting.variable == name;
    let setting = settings().iter().find(is_it)?;
    let defaults = Config::default().to_json();
    defaults.pointer(&format!("/{}", setting.key.replace('.', "/"))).cloned()
}

#[test]
fn what_a_page_says_of_a_setting_that_nobody_set_is_true() {
    let pages = pages();
    let mentions: usize = pages.iter().map(|page| said(page).len()).sum();
    assert!(mentions > 1, "the pages say so in another way now: {mentions}");

    all_are_without_fault(&pages, |page| {
        let said = said(page).into_iter();
        let wrong = said.filter(|(name, value)| {
            default_of(name).map(|default| default.to_string()).as_ref() != Some(value)
        });
        wrong.map(|(name, value)| format!("{name} is not {value}")).collect()
    });
}

#[test]
fn a_variable_is_known_by_its_name_or_by_its_ends() {
    assert!(is_variable("SIR0_LISTEN"));
    assert!(is_variable("SIR0_…_DATABASE_CONNECTIONS"));
    assert!(!is_variable("SIR0_LISTENS"));
    assert!(!is_variable("SIR0_…_PATIENCES"));
}
