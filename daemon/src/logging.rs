//! Logs: structured, on standard error, without the text of messages and without passwords.

use tracing_subscriber::EnvFilter;

use tollgate_provisioning::{Choice, LogFormat, LogSettings};

/// Installs the process's log. A second call changes nothing.
pub fn install(settings: &LogSettings) {
    // The debug events of rusmpp format whole PDUs, with their text.
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
