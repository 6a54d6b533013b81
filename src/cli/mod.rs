//! What a person types: one file a command. A command reads its arguments, lets [`crate::app`] work, and shows the result.
//!
//! Results go to stdout, as text for people or as JSON for scripts; what is in the way goes to stderr in one sentence, with
//! exit code 2. Colours and progress bars are for terminals only.

mod case;
mod certificate;
mod check;
mod completions;
mod demo;
mod evaluate;
mod inspect;
mod key;
mod man;
mod output;
mod process;
mod routes;
mod run;
mod spawner;
mod store;
mod verify;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::{self, Error};
use output::{Format, Output};

/// Where the configuration is unless something else is said.
const CONFIG: &str = "/etc/advisory-intake/advisory-intake.toml";

/// Exit code when a command could not do its work.
const FAILED: u8 = 2;

/// The way into a vulnerability process for people who do not use GitHub.
///
/// Reads a mailbox, opens OpenPGP mail, files private advisories, alerts the team and answers the reporter.
#[derive(Debug, Parser)]
#[command(name = "advisory-intake", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", env = "INTAKE_CONFIG", default_value = CONFIG)]
    config: PathBuf,
    /// How results are shown: text for people, json for scripts.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  advisory-intake demo --keep              see what it does, without any configuration
  advisory-intake key generate --address security@example.org --output keys
  advisory-intake check                    say what is still missing
  advisory-intake run                      do the work, as the service does
  advisory-intake case list --held         what waits for a person";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Process(process::Process),
    Inspect(inspect::Inspect),
    Evaluate(evaluate::Evaluate),
    Demo(demo::Demo),
    Check(check::Check),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Case(case::Case),
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    #[command(subcommand)]
    Routes(routes::Routes),
    #[command(subcommand)]
    Store(store::Store),
    Completions(completions::Completions),
    Man(man::Man),
    #[command(hide = true)]
    Spawner(spawner::Spawner),
    #[command(hide = true)]
    Worker(worker::Worker),
}

/// What every command is given.
struct Context {
    config: PathBuf,
    /// Whether the configuration was named and not only taken from its usual place.
    config_named: bool,
    output: Output,
}

impl Context {
    /// The configuration. Its warnings are shown by `check` and `run`, and would be noise elsewhere.
    fn load(&self) -> Result<app::Loaded, Error> {
        app::load(&self.config)
    }

    /// The configuration if there is one: for commands that work without.
    fn load_if_there(&self) -> Result<Option<app::Loaded>, Error> {
        if self.config_named || self.config.exists() { self.load().map(Some) } else { Ok(None) }
    }
}

/// Does what the command line says; the exit code tells how it went.
pub fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let config_named = matches.value_source("config") != Some(clap::parser::ValueSource::DefaultValue);
    let arguments = match <Arguments as clap::FromArgMatches>::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let output = Output::new(arguments.format);
    let context = Context { config: arguments.config, config_named, output };
    match dispatch(arguments.command, &context) {
        Ok(code) => code,
        // Whoever read the output has seen enough.
        Err(Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            context.output.fail(&error.to_string());
            ExitCode::from(FAILED)
        }
    }
}

fn dispatch(command: Command, context: &Context) -> Result<ExitCode, Error> {
    match command {
        Command::Run(run) => run.execute(context),
        Command::Process(process) => process.execute(context),
        Command::Inspect(inspect) => inspect.execute(context),
        Command::Evaluate(evaluate) => evaluate.execute(context),
        Command::Demo(demo) => demo.execute(context),
        Command::Check(check) => check.execute(context),
        Command::Key(key) => key.execute(context),
        Command::Case(case) => case.execute(context),
        Command::Certificate(certificate) => certificate.execute(context),
        Command::Routes(routes) => routes.execute(context),
        Command::Store(store) => store.execute(context),
        Command::Completions(completions) => completions.execute(&mut Arguments::command(), context),
        Command::Man(man) => man.execute(Arguments::command(), context),
        Command::Spawner(spawner) => spawner.execute(),
        Command::Worker(worker) => worker.execute(context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_fits_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_is_for_and_shows_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
                let path = format!("{path} {}", sub.get_name());
                assert!(sub.get_about().is_some(), "{path} has no description");
                let leaf = sub.get_subcommands().next().is_none();
                assert!(!leaf || sub.get_after_help().is_some(), "{path} has no example");
                walk(sub, &path);
            }
        }
        walk(&Arguments::command(), "advisory-intake");
    }
}
