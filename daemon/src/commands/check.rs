//! `tollgate check`.

use std::path::Path;

use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::Tables;

use super::Failure;
use crate::config;

/// Validates every file.
pub fn check(path: &Path) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let provisioning = &loaded.provisioning;
    Tables::build(provisioning.definition(&StatusTable::default()))
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    println!(
        "{}: {} files, tariff version {}: {} plans, {} accounts, {} networks, {} prefixes, {} ported numbers; no errors",
        path.display(),
        loaded.files.len(),
        provisioning.version,
        provisioning.plans.len(),
        provisioning.accounts.len(),
        provisioning.networks.len(),
        provisioning.numbering.len(),
        provisioning.ported.len(),
    );
    Ok(())
}
