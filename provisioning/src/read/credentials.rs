//! Secrets that the service manager hands over to a process that may not read them itself (systemd's `LoadCredential=`).

use std::path::{Path, PathBuf};

/// The folder of the configuration whose files are handed over.
const FOLDER: &str = "secrets";
/// The variable that names the folder with what was handed over.
const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The path of a file that was handed over, by the name that the configuration has for it.
pub fn handed_over(name: &str) -> Option<PathBuf> {
    let path = Path::new(&std::env::var_os(DIRECTORY)?).join(id_of(name)?);
    path.is_file().then_some(path)
}

/// The name under which a file of the folder is handed over: that of the folder, `_`, and its own.
fn id_of(name: &str) -> Option<String> {
    let inside = name.strip_prefix("./").unwrap_or(name).strip_prefix(FOLDER)?.strip_prefix('/')?;
    Some(format!("{FOLDER}_{}", inside.replace('/', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_folder_have_names_as_credentials() {
        assert_eq!(id_of("secrets/alpha").as_deref(), Some("secrets_alpha"));
        assert_eq!(id_of("./secrets/operators/alpha").as_deref(), Some("secrets_operators_alpha"));
        for other in
            ["alpha.password", "secretsalpha", "secrets", "more/secrets/alpha", "/etc/tollgate/secrets/a"]
        {
            assert_eq!(id_of(other), None, "{other}");
        }
    }
}
