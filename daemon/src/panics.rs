//! The end of the process by a bug: a panic on any thread or task ends the whole process at once.
//!
//! A state that cannot be is asserted. Where an assertion fails, what is in memory can no longer be trusted with money,
//! and what is on disk can: the fold of durable events. So the process must not go on, as it would where the runtime
//! catches a task's panic or nobody joins a thread; it aborts, and whoever supervises it starts it afresh.

use std::io::Write;
use std::panic::PanicHookInfo;

/// Makes every panic of this process end it by SIGABRT, with a line in the log.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        log(info);
        std::process::abort();
    }));
}

fn log(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    if tracing::dispatcher::has_been_set() {
        tracing::error!(thread, place, message, %backtrace, "a bug was found: the process aborts");
    } else {
        // Where that fails nobody reads it.
        let _ =
            writeln!(std::io::stderr(), "tollgate: a bug was found at {place} in thread {thread}: {message}");
    }
}

#[cfg(test)]
mod tests;
