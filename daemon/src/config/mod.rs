//! Configuration: reads `tollgate.toml` and every file it names, and makes of them what the process runs by.
//!
//! [`load`] takes everything afresh and gives it whole or not at all. It never stops at the first error: what is
//! wrong in any file is reported together, each with file, line and key. It never looks at the environment, opens
//! no socket and writes nothing.

use std::path::{Path, PathBuf};

mod accounts;
mod archive;
mod catalogue;
mod changes;
pub mod passwords;
mod plans;
mod provisioning;
mod rates;
mod read;
mod settings;
mod settings_reader;

pub use provisioning::{ArchivedFile, ProvisionedAccount, Provisioning};
pub use read::{Problem, Problems};
pub use settings::{
    Durability, HttpSettings, LogFormat, LogLevel, LogSettings, MetricsSettings, Settings, SmppSettings,
    StorageSettings, TariffFiles, TlvTags,
};

/// A configuration without errors.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// How the process runs.
    pub settings: Settings,
    /// What messages are rated by.
    pub provisioning: Provisioning,
    /// Every file that was read; a change of any of them is a change of the configuration.
    pub files: Vec<PathBuf>,
}

/// Loads `tollgate.toml` and the files that it names, which are relative to its directory; or says everything that is
/// wrong with them.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let mut problems = Problems::default();
    let loaded = load_with(path, &mut problems);
    match loaded {
        Some(loaded) if problems.is_empty() => Ok(loaded),
        _ => Err(problems),
    }
}

fn load_with(path: &Path, problems: &mut Problems) -> Option<Loaded> {
    let shown = path.to_string_lossy().into();
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
    else {
        problems.add(&shown, 0, "", "is not the name of a file");
        return None;
    };
    let mut sources = read::Sources::new(directory);
    let source = match sources.read(name) {
        Ok(source) => source,
        Err(message) => {
            problems.add(&shown, 0, "", message);
            return None;
        }
    };
    let document = read::Document::parse(&source, problems);
    let mut root = document.reader(problems);
    let (settings, tariff) = settings_reader::read_settings(&mut root, &mut sources);
    root.finish();
    let provisioning = Provisioning::read(&tariff, &settings, &mut sources, problems);
    Some(Loaded { settings, provisioning, files: sources.paths() })
}
