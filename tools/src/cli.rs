//! The command line of `tollgate-tools`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tollgate_console::manual::{CompletionsArguments, ManArguments};
use tollgate_console::{command_line, complain, manual, output};

use crate::attack::AttackCommand;
use crate::demo::DemoCommand;
use crate::load::LoadCommand;
use crate::sim::SimCommand;

/// Configuration of the demo when the command line does not name one.
const CONFIG_PATHS: [&str; 2] = ["config/tollgate.toml", "/etc/tollgate/tollgate.toml"];

/// Programs that measure, exercise and show Tollgate from outside.
#[derive(Debug, Parser)]
#[command(name = "tollgate-tools", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send messages to an SMPP server as fast as it answers them
    Load(LoadCommand),
    Sim(Box<SimCommand>),
    Attack(AttackCommand),
    /// Show the main job end to end on temporary data
    Demo {
        /// The file tollgate.toml [default: config/tollgate.toml, then /etc/tollgate/tollgate.toml]
        #[arg(long, value_name = "PATH")]
        config: Option<PathBuf>,
        #[command(flatten)]
        demo: DemoCommand,
    },
    /// Print completions of this command line for a shell
    Completions(CompletionsArguments),
    /// Write the manual pages of this command line
    Man(ManArguments),
}

/// Runs the command. Exit codes: 0 it is done, 1 it failed, 2 the command line is wrong.
pub fn main() -> ExitCode {
    let line: Cli = match command_line::parse() {
        Ok(line) => line,
        Err(code) => return code,
    };
    let result = match line.command {
        Command::Load(command) => command.run().map_err(|error| error.to_string()),
        Command::Sim(command) => done(command.run()),
        Command::Attack(command) => command.run(),
        Command::Demo { config, demo } => done(demo.run(&config.unwrap_or_else(default_config))),
        Command::Completions(arguments) => {
            manual::completions(Cli::command(), &arguments);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man(arguments) => done(manual::pages(Cli::command(), &arguments)),
    };
    output::end(result.unwrap_or_else(|message| {
        complain!("tollgate-tools: {}", message.trim_end());
        ExitCode::FAILURE
    }))
}

fn done(result: Result<(), String>) -> Result<ExitCode, String> {
    result.map(|()| ExitCode::SUCCESS)
}

fn default_config() -> PathBuf {
    let found = CONFIG_PATHS.into_iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| PathBuf::from(CONFIG_PATHS[0]))
}
