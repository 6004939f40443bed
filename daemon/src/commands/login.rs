//! `tollgate login` and `tollgate logout`: a daemon elsewhere, which commands then ask with `--remote` or `--url`.

use tollgate_console::password::{self, Asked};
use tollgate_console::say;

use crate::failure::Failure;
use crate::remote::{RemoteDaemon, checked_url};

/// The arguments of `tollgate login`.
#[derive(Debug, clap::Args)]
pub struct LoginArguments {
    /// The address of the daemon's management API, such as <https://tollgate.example.com>
    #[arg(value_name = "URL")]
    url: String,
    /// The e-mail address of the user; the password is asked for, or read from standard input
    #[arg(long)]
    email: String,
}

/// The arguments of `tollgate logout`.
#[derive(Debug, clap::Args)]
pub struct LogoutArguments {
    /// The address of the daemon [default: the one that was logged in to last]
    #[arg(value_name = "URL")]
    url: Option<String>,
}

/// Logs a user in and keeps the token.
pub fn login(arguments: &LoginArguments) -> Result<(), Failure> {
    let url = checked_url(&arguments.url)?;
    let password = password::read(&format!("Password of {}", arguments.email), Asked::Once)?;
    let remote = RemoteDaemon::log_in(&url, &arguments.email, &password)?;
    say!("logged in to {} as {}", remote.url(), arguments.email);
    Ok(())
}

/// Forgets the token.
pub fn logout(arguments: &LogoutArguments) -> Result<(), Failure> {
    let remote = RemoteDaemon::log_out(arguments.url.as_deref())?;
    say!("logged out of {}", remote.url());
    Ok(())
}
