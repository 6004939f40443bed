//! The command `tollgate hash-password`: hashes a password for accounts.toml.

use std::io::{IsTerminal, stdin};

use crate::failure::Failure;
use crate::output::say;
use tollgate_provisioning::passwords;

/// Reads a password and prints its hash as a PHC string.
pub fn hash_password() -> Result<(), Failure> {
    if stdin().is_terminal() {
        eprintln!(
            "Password (it will be seen on the screen; SMPP takes at most 8 characters from most gateways):"
        );
    }
    let mut line = String::new();
    stdin().read_line(&mut line).map_err(|error| format!("cannot read the password: {error}"))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("the password is empty".into());
    }
    let hash = passwords::hash(password.as_bytes()).map_err(|error| error.to_string())?;
    say!("{}", hash.as_str());
    Ok(())
}
