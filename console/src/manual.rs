//! The command line, described for shells and for `man`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell that is to read them
    #[arg(value_enum)]
    shell: Shell,
}

/// The arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder that the pages are written into, one file for each command; it is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints the completions of a command line for a shell.
pub fn completions(mut command: Command, arguments: &CompletionsArguments) {
    let (mut script, name) = (Vec::new(), command.get_name().to_owned());
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::write_octets(&script);
}

/// Writes the manual pages of a command line, in section 1. `Err` is for a person to read.
pub fn pages(command: Command, arguments: &ManArguments) -> Result<(), String> {
    write_pages(command, &arguments.folder)
}

fn write_pages(command: Command, folder: &Path) -> Result<(), String> {
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| format!("cannot write the pages into {}: {error}", folder.display()))
}
