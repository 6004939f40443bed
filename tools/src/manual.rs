//! `tollgate-tools completions` and `tollgate-tools man`: the command line, described for shells and for `man`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

/// Prints the completions for a shell. `Err` is for a person to read.
pub fn completions(mut command: Command, shell: Shell) -> Result<(), String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "tollgate-tools", &mut script);
    io::stdout().write_all(&script).map_err(|error| format!("cannot print the completions: {error}"))
}

/// Writes the manual pages, in section 1. `Err` is for a person to read.
pub fn pages(command: Command, folder: &Path) -> Result<(), String> {
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| format!("cannot write the pages into {}: {error}", folder.display()))
}
