//! The command line, read by clap. Its help and its version are output like any other.

use std::process::ExitCode;

use clap::Parser;

use crate::output;

/// The exit status of a command line that is wrong.
const USAGE: u8 = 2;

/// Reads the command line. `Err` is the exit status where there is nothing to be done: help was printed, or what is wrong.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    C::try_parse().map_err(|answer| {
        let printed = answer.print();
        if answer.use_stderr() {
            return ExitCode::from(USAGE);
        }
        output::note(printed);
        output::end(ExitCode::SUCCESS)
    })
}
