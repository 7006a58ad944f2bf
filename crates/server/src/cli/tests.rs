use super::*;

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::read(line.split(' ').map(OsString::from))
}

fn help() -> String {
    let page = read("sir0 --help").expect_err("help ends the program");
    assert_eq!(page.kind(), ErrorKind::DisplayHelp);
    page.to_string()
}

#[test]
fn the_definition_is_sound() {
    definition().debug_assert();
}

#[test]
fn without_a_command_it_serves() {
    let serves = |line: &str, with_demo: bool| {
        let cli = read(line).expect("a good line");
        matches!(cli.command, Command::Own(OwnCommand::Serve { part: None, demo }) if demo == with_demo)
    };

    assert!(serves("sir0", false));
    assert!(serves("sir0 serve", false));
    assert!(serves("sir0 --demo", true));
    assert!(serves("sir0 serve --demo", true));
    assert!(serves("sir0 --demo serve", true));
}

#[test]
fn one_part_is_served_when_it_is_named() {
    let part = |line: &str| match read(line).expect("a good line").command {
        Command::Own(OwnCommand::Serve { part, .. }) => part.map(Part::name),
        other => panic!("{other:?} does not serve"),
    };

    assert_eq!(part("sir0 serve accounts"), Some("accounts"));
    assert_eq!(part("sir0 serve storefront --demo"), Some("storefront"));
    assert_eq!(part("sir0 serve edge"), Some("edge"));
}

#[test]
fn options_may_stand_before_and_after_the_command() {
    for line in [
        "sir0 --listen [::1]:9 --config a.toml serve",
        "sir0 serve --listen [::1]:9 --config a.toml",
    ] {
        let options = read(line).expect("a good line").options;

        assert_eq!(options.listen.as_deref(), Some("[::1]:9"));
        assert_eq!(options.config, Some(PathBuf::from("a.toml")));
    }
}

#[test]
fn a_command_of_a_service_is_found_with_what_stands_behind_it() {
    let cli = read("sir0 admin create --email a@b.c --username a").expect("a good line");

    let Command::OfService(service, _, line) = cli.command else { panic!("{:?}", cli.command) };
    assert_eq!((service.name, line.subcommand_name()), ("accounts", Some("create")));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |line: &str| read(line).expect_err("a bad line").kind();

    assert_eq!(refused("sir0 sell"), ErrorKind::InvalidSubcommand);
    assert_eq!(refused("sir0 serve payments"), ErrorKind::InvalidValue);
    assert_eq!(refused("sir0 serve edge --demo"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("sir0 migrate edge"), ErrorKind::InvalidValue);
    assert_eq!(refused("sir0 --demo probe"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("sir0 --colour"), ErrorKind::UnknownArgument);
    assert_eq!(
        refused("sir0 --demo admin grant --email a@b.c --role admin"),
        ErrorKind::ArgumentConflict
    );
    assert_eq!(refused("sir0 admin create --email a@b.c"), ErrorKind::MissingRequiredArgument);
}

#[test]
fn help_begins_with_what_the_program_is() {
    assert!(help().starts_with(help::LONG_ABOUT), "{}", help());
    let short = read("sir0 -h").expect_err("help ends the program").to_string();
    assert!(short.starts_with(help::ABOUT), "{short}");
}

#[test]
fn help_shows_every_setting_with_its_default_and_every_command() {
    let page = help();

    for setting in settings().iter() {
        assert!(page.contains(&format!("\n  {}  [", setting.key)), "no {}", setting.key);
        assert!(page.contains(setting.variable), "no {}", setting.variable);
        assert!(page.contains(setting.meaning), "no meaning of {}", setting.key);
    }
    for shown in
        ["listen  [127.0.0.1:8080]", "limits.idle_timeout  [5m]", "[unset]", "--config <FILE>"]
    {
        assert!(page.contains(shown), "no `{shown}`");
    }
    for command in definition().get_subcommands() {
        assert!(
            page.contains(&format!("\n  {} ", command.get_name())),
            "no {}",
            command.get_name()
        );
    }
}

#[test]
fn every_example_on_the_help_page_works() {
    let page = help();
    let examples: Vec<_> = page
        .lines()
        .filter_map(|line| {
            line.find("sir0 ").filter(|_| line.starts_with("  ")).map(|at| &line[at..])
        })
        .filter(|line| line.contains("--"))
        .map(|line| line.split("   ").next().unwrap_or(line))
        .take_while(|line| !line.starts_with("sir0 serve"))
        .collect();

    assert!(examples.len() >= 5, "only {examples:?}");
    for example in examples {
        read(example).unwrap_or_else(|fault| panic!("`{example}`: {fault}"));
    }
}

#[test]
fn the_help_page_fits_a_terminal() {
    for line in help().lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
}

#[test]
fn it_tells_its_version() {
    let version = read("sir0 --version").expect_err("the version ends the program");

    assert_eq!(version.kind(), ErrorKind::DisplayVersion);
    assert_eq!(version.to_string(), format!("sir0 {}\n", env!("CARGO_PKG_VERSION")));
}
