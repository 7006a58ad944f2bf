//! The settings of the containers, from the same files that the containers read, with the places of this machine.

use std::{fs, path::PathBuf};

/// Where the files for a deployment are.
pub(super) fn deploy() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "deploy"].iter().collect()
}

/// How a container names a place, and the same place on this machine.
pub(super) type Places = Vec<(String, String)>;

/// The settings of a container from these files of `deploy/compose`, with the places of this machine. Later files win.
pub(super) fn of(files: &[&str], places: &Places) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    for file in files {
        let path = deploy().join("compose").join(file);
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        for (name, value) in text.lines().filter_map(assignment) {
            settings.retain(|(known, _)| known != name);
            settings.push((name.to_owned(), here(value, places)));
        }
    }
    settings
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') { None } else { line.split_once('=') }
}

fn here(value: &str, places: &Places) -> String {
    places.iter().fold(value.to_owned(), |value, (there, here)| value.replace(there, here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_of_a_container_is_found_with_the_places_of_this_machine() {
        let places = vec![
            ("/run/secrets/".to_owned(), "/here/".to_owned()),
            ("//redis:6379".to_owned(), "//127.0.0.1:7".to_owned()),
        ];

        let settings = of(&["common.env", "storefront.env"], &places);

        let value = |name: &str| {
            let found = settings.iter().find(|(known, _)| known == name);
            found.unwrap_or_else(|| panic!("{name} is set")).1.clone()
        };
        assert_eq!(value("SIR0_REDIS_URL"), "redis://127.0.0.1:7");
        assert_eq!(value("SIR0_REDIS_PASSWORD_FILE"), "/here/redis-password");
        assert_eq!(value("SIR0_LOG_FORMAT"), "json");
    }
}
