//! `tollgate completions` and `tollgate man`: the command line, described for shells and for `man`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;

/// Of `tollgate completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell that is to read them
    #[arg(value_enum)]
    shell: Shell,
}

/// Of `tollgate man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder that the pages are written into, one file for each command; it is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints the completions for a shell.
pub fn completions(mut command: Command, arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "tollgate", &mut script);
    io::stdout().write_all(&script).map_err(|error| format!("cannot print the completions: {error}").into())
}

/// Writes the manual pages, in section 1.
pub fn pages(command: Command, arguments: &ManArguments) -> Result<(), Failure> {
    let ManArguments { folder } = arguments;
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| format!("cannot write the pages into {}: {error}", folder.display()).into())
}
