//! The command `tollgate hash-password`: hashes a password for accounts.toml.

use tollgate_console::password::{self, Asked};
use tollgate_console::say;
use tollgate_provisioning::passwords;

use crate::failure::Failure;

/// Reads a password and prints its hash as a PHC string.
pub fn hash_password() -> Result<(), Failure> {
    let prompt = "Password (SMPP takes at most 8 characters from most gateways)";
    let password = password::read(prompt, Asked::Twice)?;
    let hash = passwords::hash(password.as_bytes()).map_err(|error| error.to_string())?;
    say!("{}", hash.as_str());
    Ok(())
}
