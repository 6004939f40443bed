//! Standard output of commands. A reader that has closed its end, such as `head`, is no failure.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Writes to standard output.
pub fn write(text: Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    if let Err(error) = output.write_fmt(text).and_then(|()| output.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        // Where standard error is closed as well there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "tollgate: cannot write to standard output: {error}");
    }
}

/// Prints a line as `println!` does, but for a reader that has gone.
macro_rules! say {
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use say;
