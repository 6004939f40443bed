//! The command line of `tollgate-tools`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::demo::DemoCommand;
use crate::load::LoadCommand;
use crate::manual;
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
    /// Show the main job end to end on temporary data
    Demo {
        /// The file tollgate.toml [default: config/tollgate.toml, then /etc/tollgate/tollgate.toml]
        #[arg(long, value_name = "PATH")]
        config: Option<PathBuf>,
        #[command(flatten)]
        demo: DemoCommand,
    },
    /// Print completions of this command line for a shell
    Completions {
        /// The shell that is to read them
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write the manual pages of this command line
    Man {
        /// The folder that the pages are written into, one file for each command; it is made if it is missing
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Runs the command. Exit codes: 0 it is done, 1 it failed, 2 the command line is wrong.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Load(command) => match command.run() {
            Ok(code) => return code,
            Err(error) => Err(error.to_string()),
        },
        Command::Sim(command) => command.run(),
        Command::Demo { config, demo } => demo.run(&config.unwrap_or_else(default_config)),
        Command::Completions { shell } => manual::completions(Cli::command(), shell),
        Command::Man { folder } => manual::pages(Cli::command(), &folder),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tollgate-tools: {}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn default_config() -> PathBuf {
    let found = CONFIG_PATHS.into_iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| PathBuf::from(CONFIG_PATHS[0]))
}
