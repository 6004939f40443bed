//! Configuration: reads `tollgate.toml` and every file it names, and makes of them what the process runs by.
//!
//! [`load`] takes everything afresh and gives it whole or not at all. It never stops at the first error: what is
//! wrong in any file is reported together, each with file, line and key. It never looks at the environment, opens
//! no socket and writes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate_engine::routing::Routes;

mod accounts;
mod archive;
mod catalogue;
mod changes;
mod delivery;
mod exchange;
mod names;
mod operator_changes;
mod operator_smpp_reader;
mod operators;
mod operators_reader;
pub mod passwords;
mod plans;
mod provisioning;
mod rates;
mod read;
mod routing;
mod secret;
mod settings;
mod settings_reader;

pub use delivery::{DeliverySettings, UnknownPolicy};
pub use operators::{
    LongMessages, NumberFormat, OperatorBind, OperatorSmpp, OperatorTls, ProvisionedOperator,
};
pub use provisioning::{ArchivedFile, ProvisionedAccount, Provisioning};
pub use read::{Problem, Problems};
pub use routing::RoutingSettings;
pub use secret::Secret;
pub use settings::{
    Durability, HttpSettings, LogFormat, LogLevel, LogSettings, MetricsSettings, OperatorFiles, Settings,
    SmppSettings, StorageSettings, TariffFiles, TlvTags,
};

/// A configuration without errors.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// How the process runs.
    pub settings: Settings,
    /// What messages are rated and routed by.
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
    let (settings, tariff, operators) = settings_reader::read_settings(&mut root, &mut sources);
    let files = provisioning::Files { tariff: &tariff, operators: &operators, sources: &mut sources };
    let provisioning = Provisioning::read(&mut root, &settings, files);
    root.finish();
    if problems.is_empty() {
        check_routes(&shown, &provisioning, problems);
    }
    Some(Loaded { settings, provisioning, files: sources.paths() })
}

/// Lets the engine have the last word on what is routed by; what it finds has no line, as the readers should have found
/// it where it stands.
fn check_routes(file: &Arc<str>, provisioning: &Provisioning, problems: &mut Problems) {
    let definition = provisioning.routing_definition(&provisioning.numbers_in_order());
    for error in Routes::build(definition, &provisioning.networks).err().unwrap_or_default() {
        problems.add(file, 0, "routing", error.to_string());
    }
}
