//! Import profiles as files: `import-profiles/NAME.toml` beside `tollgate.toml`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tollgate_provisioning::Problems;
use tollgate_provisioning::import::{ImportProfile, profile_text, read_profile};
use tollgate_provisioning::texts;

/// The folder, beside `tollgate.toml`.
const FOLDER: &str = "import-profiles";
const ENDING: &str = ".toml";
/// Octets of a profile's file; one that names every column is far smaller.
const OCTETS_MAX: u64 = 65_536;

/// The profiles that are kept as files.
#[derive(Clone, Debug)]
pub struct ProfileFolder(PathBuf);

/// True for a name that a profile can have.
pub fn is_profile_name(name: &str) -> bool {
    texts::name(name).is_ok() && !name.starts_with('.')
}

impl ProfileFolder {
    /// Beside this `tollgate.toml`.
    pub fn of(config: &Path) -> Self {
        Self(config.parent().unwrap_or(Path::new("")).join(FOLDER))
    }

    /// The names of all profiles, in order. A folder that is not there has none.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned)).collect();
        names.retain(|name| is_profile_name(name));
        names.sort();
        names
    }

    /// A profile; `None` if there is no file of it. Problems name the file by its name below the configuration.
    pub fn read(&self, name: &str) -> Result<Option<ImportProfile>, Problems> {
        if !is_profile_name(name) {
            return Ok(None);
        }
        let path = self.path_of(name);
        let shown = format!("{FOLDER}/{name}{ENDING}");
        let fault = |message: String| {
            let mut problems = Problems::default();
            problems.add(&shown.as_str().into(), 0, "", message);
            problems
        };
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(format!("cannot be read: {error}"))),
            Ok(metadata) if !metadata.is_file() || metadata.len() > OCTETS_MAX => {
                return Err(fault(format!("is not a file of at most {OCTETS_MAX} octets")));
            }
            Ok(_) => {}
        }
        let octets = fs::read(&path).map_err(|error| fault(format!("cannot be read: {error}")))?;
        read_profile(Path::new(&shown), octets).map(Some)
    }

    /// Writes a profile, whole or not at all, and returns its path.
    pub fn write(&self, name: &str, profile: &ImportProfile) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0)?;
        let path = self.path_of(name);
        let mut file = NamedTempFile::with_prefix_in(".tollgate-", &self.0)?;
        file.write_all(profile_text(profile).as_bytes())?;
        file.as_file().sync_all()?;
        // As the files beside it: readable by whoever may read the folder.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode)?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(path)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}{ENDING}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_kept_under_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = ProfileFolder::of(&folder.path().join("tollgate.toml"));
        assert_eq!(profiles.names(), Vec::<String>::new());
        let profile = ImportProfile { delimiter: Some(";".to_owned()), ..ImportProfile::default() };
        profiles.write("acme", &profile).unwrap();
        assert_eq!(profiles.names(), ["acme"]);
        assert_eq!(profiles.read("acme"), Ok(Some(profile)));
        for name in ["other", "../acme", ".acme", "", "a/b"] {
            assert_eq!(profiles.read(name), Ok(None), "{name}");
        }
    }

    #[test]
    fn a_faulty_profile_is_named_below_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = ProfileFolder::of(&folder.path().join("tollgate.toml"));
        profiles.write("acme", &ImportProfile::default()).unwrap();
        fs::write(folder.path().join("import-profiles/acme.toml"), "decimal_mark = \"dot\"\n").unwrap();
        let problems = profiles.read("acme").unwrap_err().to_string();
        assert!(problems.starts_with("import-profiles/acme.toml:1: decimal_mark: "), "{problems}");
    }
}
