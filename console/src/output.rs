//! Standard output and standard error of commands.
//!
//! A reader that has closed its end, such as `head`, is no failure, and nobody is told of it. Any other failure, such as a full
//! disk, is remembered until [`end`], which says so on standard error and makes the exit status that of a failure.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// The first failure to write to standard output. Nothing is written after it.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line on standard output.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line on standard error, where a command says what is wrong and what is no part of its result.
#[macro_export]
macro_rules! complain {
    ($($text:tt)*) => { $crate::output::write_error(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes to standard output.
pub fn write(text: Arguments<'_>) {
    if is_open() {
        note(io::stdout().lock().write_fmt(text));
    }
}

/// Writes octets to standard output.
pub fn write_octets(octets: &[u8]) {
    if is_open() {
        note(io::stdout().lock().write_all(octets));
    }
}

/// Writes to standard error. Where that is closed there is nobody to tell.
pub fn write_error(text: Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// False once something could not be written: whatever is printed then reaches nobody.
pub fn is_open() -> bool {
    FAILED.lock().unwrap_or_else(PoisonError::into_inner).is_none()
}

/// Remembers how a write to standard output went that was made elsewhere.
pub fn note(written: io::Result<()>) {
    if let Err(error) = written {
        FAILED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Hands over what is not written yet. False once something could not be written.
pub fn flush() -> bool {
    note(io::stdout().lock().flush());
    is_open()
}

/// The exit status of a command that has come to its end: its own, or that of a failure where its output was lost.
pub fn end(code: ExitCode) -> ExitCode {
    flush();
    match &*FAILED.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain!(
                "cannot write to standard output, so that the result of the command is not shown: {error}"
            );
            ExitCode::FAILURE
        }
        _ => code,
    }
}
