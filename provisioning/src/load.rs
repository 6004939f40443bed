//! Loads the whole configuration: `tollgate.toml` and every file that it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tollgate_engine::refusal::StatusTable;
use tollgate_engine::routing::Routes;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;

use crate::below_cost::{below_cost, bundle_below_cost};
use crate::provisioning::{Files, Provisioning};
use crate::read::{Document, Overlay, Problems, Sources, TableReader, is_readable_by_others};
use crate::resale::BelowCost;
use crate::settings::Settings;
use crate::settings_reader::read_settings;

/// A configuration without errors.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings of the process.
    pub settings: Settings,
    /// The data by which messages are rated and routed.
    pub provisioning: Provisioning,
    /// Every file that was read; a change of any of them is a change of the configuration.
    pub files: Vec<PathBuf>,
    /// Prices below what their sellers pay, where the level above wants to be warned of them: one line for each.
    pub warnings: Vec<String>,
    /// Files with passwords and keys that other users of the machine can read.
    pub readable_secrets: Vec<PathBuf>,
}

/// Loads `tollgate.toml` and the files that it names, which are relative to its directory. The error has
/// every mistake in them.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    load_with(path, &Overlay::new())
}

/// Loads the configuration with new contents for some files, so that an edit is checked whole before anything
/// is written. A file that the configuration does not name is an error.
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
    let mut sources = Sources::new(directory, overlay);
    let source = match sources.read(name) {
        Ok(source) => source,
        Err(message) => {
            // The place of the problem is the file itself, which is not named a second time.
            let why = message.strip_prefix(&format!("cannot read {shown}: "));
            let message = why.map_or_else(
                || message.clone(),
                |why| format!("cannot be read: {why}; --config names the file of the configuration"),
            );
            problems.add(&shown, 0, "", message);
            return None;
        }
    };
    let document = Document::parse(&source, problems);
    let mut root = TableReader::of(&document, problems);
    let (settings, tariff, operators) = read_settings(&mut root, &mut sources);
    let files = Files { tariff: &tariff, operators: &operators, sources: &mut sources };
    let provisioning = Provisioning::read(&mut root, &settings, files);
    root.finish();
    let mut warnings = Vec::new();
    if problems.is_empty() {
        check_routes(&shown, &provisioning, problems);
        warnings = check_prices(&provisioning, problems);
        for path in sources.unread_overlay() {
            let unnamed = path.to_string_lossy().into();
            problems.add(&unnamed, 0, "", "is not among the files that the configuration names");
        }
    }
    let mut readable_secrets = sources.readable_secrets();
    readable_secrets.extend(settings.smpp.tls_key.iter().filter(|path| is_readable_by_others(path)).cloned());
    Some(Loaded { settings, provisioning, files: sources.paths(), warnings, readable_secrets })
}

/// Notes prices below cost where they are refused, and returns the others. Files with a later tier below cost were taken before
/// tiers were looked at, and still are: they are warned of. The clock says which prices are still to come.
fn check_prices(provisioning: &Provisioning, problems: &mut Problems) -> Vec<String> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = UnixMicros(u64::try_from(since.as_micros()).unwrap_or_default());
    let mut warnings = Vec::new();
    for fault in below_cost(provisioning, now) {
        let place = provisioning.places.accounts.get(&fault.account).map(|places| places.of_key(fault.key));
        let Some(place) = place else { continue };
        if fault.is_refused && fault.segment == 1 {
            problems.add(&place.file, place.line, format!("account.{}", fault.key), fault.to_string());
        } else {
            warnings.push(format!("{place}: account.{}: {fault}", fault.key));
        }
    }
    warnings.extend(check_bundles(provisioning, now, problems));
    warnings
}

/// The same for bundles that resellers sell.
fn check_bundles(provisioning: &Provisioning, now: UnixMicros, problems: &mut Problems) -> Vec<String> {
    let mut sold = provisioning.bundles.iter().filter_map(|product| {
        let seller = product.seller.as_ref()?;
        let seller = provisioning.accounts.iter().find(|account| account.account.id == *seller)?;
        Some((product, seller)).filter(|(_, seller)| seller.resale.below_cost != BelowCost::Allow)
    });
    let Some(first) = sold.next() else { return Vec::new() };
    let Ok(tables) = Tables::build(provisioning.definition(&StatusTable::default())) else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    for (product, seller) in std::iter::once(first).chain(sold) {
        let fault = tables
            .terms(&seller.account.id)
            .and_then(|terms| bundle_below_cost(&tables, product, terms, now));
        let place = provisioning.places.bundle_prices.get(&product.name);
        let (Some(fault), Some(place)) = (fault, place) else { continue };
        if seller.resale.below_cost == BelowCost::Refuse {
            problems.add(&place.file, place.line, "bundle.price", fault.to_string());
        } else {
            warnings.push(format!("{place}: bundle.price: {fault}"));
        }
    }
    warnings
}

/// Lets the engine check the routes. Its errors have no line, as the readers should have found them in their
/// places.
fn check_routes(file: &Arc<str>, provisioning: &Provisioning, problems: &mut Problems) {
    let definition = provisioning.routing_definition(&provisioning.numbers_in_order());
    for error in Routes::build(definition, &provisioning.networks).err().unwrap_or_default() {
        problems.add(file, 0, "routing", error.to_string());
    }
}
