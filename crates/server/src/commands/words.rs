//! `sir0 completions` and `sir0 man`: what the command line tells of itself, for shells and for `man`.

use std::{fmt::Write as _, fs, io::Write as _, path::Path};

use anyhow::Context;
use clap_complete::Shell;
use clap_mangen::Man;

use super::say;
use crate::cli;

/// Prints what a shell has to read to complete a line.
pub fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), cli::NAME, &mut script);
    Ok(say(&String::from_utf8(script).context("the script is no text")?)?)
}

/// Writes a page for the program and for each command into a folder, which is made when missing, and names each.
pub fn man(folder: &Path, version: &'static str) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("`{}` cannot hold pages", folder.display()))?;
    // What stands below the options has lines of its own. It is a section of the page, and laid out already.
    let mut program = cli::definition().after_long_help("").disable_help_subcommand(true);
    program = program.version(version);
    program.build();
    let mut written = String::new();
    for (name, page) in pages(&program)? {
        let file = folder.join(name);
        fs::write(&file, page)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
        writeln!(written, "{}", file.display()).expect("a string grows");
    }
    Ok(say(&written)?)
}

/// The pages of a command and of those below it, each with the name of its file.
fn pages(command: &clap::Command) -> anyhow::Result<Vec<(String, String)>> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if command.get_name() == cli::NAME {
        write!(page, ".SH MORE\n{}", as_it_stands(&cli::page()))?;
    }
    if command.get_version().is_some() {
        man.render_version_section(&mut page)?;
    }
    let page = String::from_utf8(page).context("the page is no text")?;
    let mut pages = vec![(man.get_filename(), in_ascii(&page))];
    for below in command.get_subcommands() {
        pages.extend(self::pages(below)?);
    }
    Ok(pages)
}

/// The same page for every `man`: not each of them reads UTF-8.
fn in_ascii(page: &str) -> String {
    let escaped = page.chars().map(|letter| match letter {
        letter if letter.is_ascii() => letter.to_string(),
        letter => format!("\\[u{:04X}]", u32::from(letter)),
    });
    escaped.collect()
}

/// A text in the language of `man`, with its lines as they are.
fn as_it_stands(text: &str) -> String {
    let mut page = String::from(".nf\n");
    for line in text.lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        // At the beginning of a line these are commands.
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        writeln!(page, "{guard}{line}").expect("a string grows");
    }
    page + ".fi\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_in_ascii() {
        assert_eq!(in_ascii("peers.… → a"), "peers.\\[u2026] \\[u2192] a");
    }

    #[test]
    fn a_line_of_a_page_is_no_command_of_it() {
        let page = as_it_stands(".so /etc/passwd\n'x\na\\fB --b\n");

        assert_eq!(page, ".nf\n\\&.so /etc/passwd\n\\&'x\na\\efB \\-\\-b\n.fi\n");
    }
}
