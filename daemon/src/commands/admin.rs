//! `tollgate admin create`: an admin of the management API, made by the daemon that runs or on the books of one that is stopped.

use std::path::Path;

use tollgate_console::password::{self, Asked};
use tollgate_console::say;

use crate::failure::Failure;
use crate::table::cell;
use crate::target::{Ask, Target, TargetArguments};
use tollgate_management::offline::generated_password;

/// The arguments of `tollgate admin create`.
#[derive(Debug, clap::Args)]
pub struct AdminArguments {
    /// The e-mail address that the admin logs in with
    #[arg(long)]
    pub email: String,
    /// The admin's name [default: the e-mail address]
    #[arg(long)]
    pub name: Option<String>,
    /// Make a password and print it once, in place of reading one
    #[arg(long)]
    pub generate: bool,
    #[command(flatten)]
    target: TargetArguments,
}

/// Makes a user who may do everything, durably.
pub fn create(config: &Path, arguments: &AdminArguments) -> Result<(), Failure> {
    let target = Target::find(config, &arguments.target)?;
    let password = if arguments.generate {
        generated_password()?
    } else {
        password::read("Password of the admin", Asked::Twice)?
    };
    let ask = Ask::NewAdmin {
        email: arguments.email.clone(),
        name: arguments.name.clone().unwrap_or_else(|| arguments.email.clone()),
        password: password.clone(),
    };
    let mut user = target.ask(&ask)?.value;
    if arguments.target.json {
        if arguments.generate {
            user["password"] = password.into();
        }
        say!("{user}");
        return Ok(());
    }
    say!("{}: {} is an admin", cell(&user, "/id"), arguments.email);
    if arguments.generate {
        say!("password: {password}");
    }
    Ok(())
}
