//! Configuration: reads `tollgate.toml` and every file it names, and makes of them what the process runs by.
//!
//! [`load`] takes everything afresh and gives it whole or not at all. It never stops at the first error: what is
//! wrong in any file is reported together, each with file, line and key. It never looks at the environment, opens
//! no socket and writes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate_engine::routing::Routes;

mod accounts;
mod api;
mod archive;
mod archived;
pub mod bounds;
mod catalogue;
mod changes;
mod choice;
mod delivery;
mod exchange;
mod names;
mod operator_changes;
mod operator_smpp_reader;
mod operators;
mod operators_reader;
pub mod overrides;
pub mod passwords;
mod plans;
mod provisioning;
mod rate_rows;
mod rates;
mod read;
mod routing;
mod secret;
mod settings;
mod settings_reader;

pub use api::{ApiSettings, BillingSettings, MailSettings, SmtpTls};
pub use archived::{ArchivedKind, ArchivedTariff};
pub use choice::Choice;
pub use delivery::{DeliverySettings, UnknownPolicy};
pub use operators::{
    InterfaceVersion, LongMessages, NumberFormat, NumberStyle, OperatorBind, OperatorSmpp, OperatorTls,
    ProvisionedOperator,
};
pub use provisioning::{ArchivedFile, ProvisionedAccount, Provisioning};
pub use rate_rows::{WrittenRate, read_written_rates};
pub use rates::EVERY_PLAN;
pub use read::texts;
pub use read::{Problem, Problems};
pub use routing::RoutingSettings;
pub use secret::Secret;
pub use settings::{
    Durability, HttpSettings, LogFormat, LogLevel, LogSettings, MetricsSettings, OperatorFiles, Settings,
    SmppSettings, StorageSettings, TariffFiles, TlvTags,
};
pub use tollgate_smpp::receipt::ReceiptIdFormat;

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

/// What files are to hold, by the names that the configuration has for them, such as `rates/samples.csv`.
pub type Overlay = BTreeMap<String, Vec<u8>>;

/// Loads `tollgate.toml` and the files that it names, which are relative to its directory; or says everything that is
/// wrong with them.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    load_with(path, &Overlay::new())
}

/// The same with some files as they are to be, so that an edit is seen whole before anything is written. A file that
/// the configuration does not name is an error.
pub fn load_with(path: &Path, overlay: &Overlay) -> Result<Loaded, Problems> {
    let mut problems = Problems::default();
    let loaded = read_all(path, overlay, &mut problems);
    match loaded {
        Some(loaded) if problems.is_empty() => Ok(loaded),
        _ => Err(problems),
    }
}

fn read_all(path: &Path, overlay: &Overlay, problems: &mut Problems) -> Option<Loaded> {
    let shown = path.to_string_lossy().into();
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
    else {
        problems.add(&shown, 0, "", "is not the name of a file");
        return None;
    };
    let mut sources = read::Sources::new(directory, overlay);
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
        for path in sources.unread_overlay() {
            let unnamed = path.to_string_lossy().into();
            problems.add(&unnamed, 0, "", "is not among the files that the configuration names");
        }
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
