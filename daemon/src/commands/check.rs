//! The command `tollgate check`: validates the configuration.

use std::path::Path;

use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::Tables;

use crate::failure::Failure;
use crate::output::say;
use tollgate_provisioning as config;
use tollgate_provisioning::Provisioning;

/// Validates every file and prints a summary.
pub fn check(path: &Path) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let provisioning = &loaded.provisioning;
    Tables::build(provisioning.definition(&StatusTable::default()))
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    say!(
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
    say!("{}", operators(provisioning));
    Ok(())
}

/// A line about the operators that messages are handed to.
fn operators(provisioning: &Provisioning) -> String {
    let each: Vec<String> = provisioning
        .operators
        .iter()
        .map(|provisioned| {
            let (operator, smpp) = (&provisioned.operator, &provisioned.smpp);
            format!("{} ({}, {}:{})", operator.code, operator.status.name(), smpp.host, smpp.port)
        })
        .collect();
    if each.is_empty() {
        return "no operators: messages are charged and recorded, and handed to nobody".to_owned();
    }
    let routing = &provisioning.routing;
    format!(
        "{} operators: {}; strategy {}, margin guard {}, {} rules",
        each.len(),
        each.join(", "),
        routing.strategy.name(),
        routing.margin_guard.name(),
        routing.rules.len(),
    )
}
