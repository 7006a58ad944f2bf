//! Links, and files of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::all_are_without_fault;
use crate::{
    page::{Page, pages, root},
    sources,
};

/// The ends of names of files that are in a repository.
const ENDS: [&str; 10] =
    [".rs", ".yml", ".yaml", ".env", ".toml", ".json", ".sql", ".sh", ".md", ".proto"];
/// Folders of the repository.
const FOLDERS: [&str; 7] =
    ["crates/", "deploy/", "docs/", "integration-tests/", "migrations/", "proto/", "xtask/"];

/// Where the links of a page lead, without those to other hosts.
fn links(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let targets = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The name of a heading in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn headings(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

#[test]
fn every_link_on_a_page_leads_somewhere() {
    all_are_without_fault(&pages(), |page| {
        let folder = root().join(&page.name).parent().expect("it is in a folder").to_owned();
        let leads = |link: &String| {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { root().join(&page.name) } else { folder.join(file) };
            let has_heading = || {
                fs::read_to_string(&target)
                    .is_ok_and(|text| headings(&text).contains(&heading.to_owned()))
            };
            target.exists() && (heading.is_empty() || has_heading())
        };
        links(page).into_iter().filter(|link| !leads(link)).collect()
    });
}

/// Whether a file with this name, in which `*` stands for anything, is in the folder.
fn holds(folder: &Path, name: &str) -> bool {
    let Some((before, behind)) = name.split_once('*') else { return folder.join(name).exists() };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .any(|entry| entry.starts_with(before) && entry.ends_with(behind))
}

fn all_files(folder: &Path, names: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let is_ours = !["target", "node_modules", ".git"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && is_ours {
            all_files(&path, names);
        } else {
            names.push(path);
        }
    }
}

#[test]
fn every_file_on_a_page_is_in_the_repository() {
    let ignored = fs::read_to_string(root().join(".gitignore")).expect("it is there");
    let sources = sources::text();
    let mut files = Vec::new();
    all_files(&root(), &mut files);

    all_are_without_fault(&pages(), |page| {
        let is_made = |span: &String| ignored.lines().any(|it| format!("/{span}").starts_with(it));
        let is_there = |span: &String| {
            let path = root().join(span);
            let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
            is_made(span) || path.parent().is_some_and(|folder| holds(folder, &name))
        };
        let is_known = |span: &String| {
            let is_ours = files.iter().any(|path| path.ends_with(span));
            is_ours || is_made(span) || sources.contains(&format!("\"{span}\""))
        };
        let spans = page.spans().into_iter().filter(|span| !span.contains([' ', '…', '$']));
        let (paths, names): (Vec<_>, Vec<_>) =
            spans.partition(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)));
        let names = names.into_iter().filter(|span| {
            !span.contains(['/', '*']) && ENDS.iter().any(|end| span.ends_with(end))
        });
        let lost = names.filter(|span| !is_known(span));
        paths.into_iter().filter(|span| !is_there(span)).chain(lost).collect()
    });
}

#[test]
fn a_heading_is_found_by_its_anchor() {
    assert_eq!(headings("# Up\ntext\n## Walk 1: a game changes"), ["up", "walk-1-a-game-changes"]);
}
