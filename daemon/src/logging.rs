//! Logs: structured, on standard error, without a message's text or anyone's password.

use tracing_subscriber::EnvFilter;

use tollgate_provisioning::{Choice, LogFormat, LogSettings};

/// Sets up the process's logs. A second call changes nothing.
pub fn install(settings: &LogSettings) {
    // rusmpp formats whole PDUs, with their text, when asked for its debug events.
    let filter = EnvFilter::new(format!("{},rusmpp=off,rusmpp_core=off", settings.level.word()));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // A subscriber that is there already stays.
    let _ = match settings.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
