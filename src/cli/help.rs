//! `--help` in Indonesian: clap's own headings and flags, which are English, in our words.

use super::args::Cli;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};
use std::ffi::OsString;

/// Clap's own template, with our heading.
const TEMPLATE: &str = "{about-with-newline}\nPemakaian: {usage}\n\n{all-args}{after-help}";

impl Cli {
    /// Reads what was typed. `kimonet help serve` is `kimonet serve --help`.
    pub fn read(typed: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut typed: Vec<OsString> = typed.into_iter().collect();
        if typed.get(1).is_some_and(|word| word == "help") {
            typed.remove(1);
            typed.push("--help".into());
        }
        Self::from_arg_matches(&command().try_get_matches_from(typed)?)
    }
}

fn command() -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help("Menampilkan versi");
    worded(Cli::command())
        .disable_version_flag(true)
        .arg(version.help_heading("Pilihan"))
        .subcommand_help_heading("Perintah")
        .subcommand_value_name("PERINTAH")
        .mut_subcommands(worded)
}

fn worded(command: Command) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("Menampilkan bantuan ini");
    command.help_template(TEMPLATE).disable_help_flag(true).disable_help_subcommand(true).arg(help).mut_args(|arg| {
        let heading = if arg.is_positional() { "Argumen" } else { "Pilihan" };
        arg.help_heading(heading)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help_of(words: &[&str]) -> String {
        let typed = ["kimonet"].iter().chain(words).map(Into::into);
        let shown = Cli::read(typed).unwrap_err();
        assert!(!shown.use_stderr(), "{words:?}: {shown}");
        shown.to_string()
    }

    #[test]
    fn help_is_in_indonesian() {
        let names: Vec<String> = command().get_subcommands().map(|one| one.get_name().to_owned()).collect();
        assert!(names.len() > 20);
        let all = names.iter().map(|name| help_of(&[name, "--help"])).chain([help_of(&["--help"])]);
        for help in all {
            assert!(help.contains("Pemakaian: kimonet") && help.contains("Menampilkan bantuan ini"), "{help}");
            for english in ["Usage:", "Commands:", "Options:", "Arguments:", "Print", " the ", " of ", " or ", "Read "]
            {
                assert!(!help.contains(english), "{english:?} in {help}");
            }
        }
        assert_eq!(help_of(&["help", "serve"]), help_of(&["serve", "--help"]));
        assert_eq!(help_of(&["help"]), help_of(&["--help"]));
    }

    #[test]
    fn every_command_and_option_is_explained() {
        for command in command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn what_is_typed_is_read_as_before() {
        let typed = ["kimonet", "balance", "--service-number", "10000001", "--json", "--date", "2026-01-15"];
        let read = Cli::read(typed.map(Into::into)).unwrap();
        assert!(read.json && read.date.is_some());
        assert!(Cli::read(["kimonet", "tidak-ada"].map(Into::into)).unwrap_err().use_stderr());
    }
}
