//! The owner whose prices an imported list replaces, and the file in which these stand.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tollgate_engine::money::Currency;

use super::rates::rate_file;
use super::{EditError, text_of};
use tollgate_provisioning::{EVERY_PLAN, Loaded, PriceFileKind, Settings, WrittenRate, read_written_prices};

/// The owner of prices or costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportTarget {
    /// A plan, or `*` for every plan.
    Plan(String),
    /// An operator, for its costs.
    Operator(String),
    /// An account, for rates of its own.
    Account(String),
}

/// The prices of an owner as they stand in their file.
#[derive(Clone, Debug)]
pub struct TargetPrices {
    /// The owner of the prices.
    pub target: ImportTarget,
    /// The file, as the configuration names it.
    pub file: String,
    /// The kind of the file.
    pub kind: PriceFileKind,
    /// The currency of the prices.
    pub currency: Currency,
    /// The name in the column of plans; `*` in files without one.
    pub plan: Arc<str>,
    /// The text of the file, without a byte order mark.
    pub text: String,
    /// The rows of the owner in the file.
    pub rows: Vec<WrittenRate>,
    /// Other owners of the same file.
    pub shared_with: Vec<String>,
}

impl ImportTarget {
    /// The name in messages: `plan starter`.
    pub fn shown(&self) -> String {
        match self {
            Self::Plan(name) => format!("plan {name}"),
            Self::Operator(code) => format!("operator {code}"),
            Self::Account(id) => format!("account {id}"),
        }
    }

    /// The plan, where it is one.
    pub fn plan(&self) -> Option<&str> {
        match self {
            Self::Plan(name) => Some(name),
            Self::Operator(_) | Self::Account(_) => None,
        }
    }

    fn kind(&self) -> PriceFileKind {
        match self {
            Self::Plan(_) => PriceFileKind::PlanRates,
            Self::Operator(_) => PriceFileKind::Costs,
            Self::Account(_) => PriceFileKind::AccountRates,
        }
    }

    /// The currency of the owner's prices.
    pub fn currency(&self, loaded: &Loaded) -> Result<Currency, EditError> {
        let provisioning = &loaded.provisioning;
        let missing = |what, name: &String| EditError::Missing { what, name: name.clone() };
        match self {
            Self::Plan(name) if name == EVERY_PLAN => {
                let mut currencies = provisioning.plans.iter().map(|plan| plan.currency);
                let first = currencies.next().ok_or_else(|| missing("plan", name))?;
                let is_one = currencies.all(|currency| currency == first);
                is_one.then_some(first).ok_or(EditError::SeveralCurrencies)
            }
            Self::Plan(name) => {
                let plan = provisioning.plans.iter().find(|plan| *plan.name == **name);
                plan.map(|plan| plan.currency).ok_or_else(|| missing("plan", name))
            }
            Self::Operator(code) => {
                let operators = provisioning.operators.iter().map(|provisioned| &provisioned.operator);
                let operator = operators.into_iter().find(|operator| *operator.code == **code);
                operator
                    .map(|operator| operator.currency)
                    .ok_or_else(|| missing("operator in operators.toml called", code))
            }
            Self::Account(id) => {
                let accounts = provisioning.accounts.iter().map(|provisioned| &provisioned.account);
                let account = accounts.into_iter().find(|account| *account.id == **id);
                account
                    .map(|account| account.currency)
                    .ok_or_else(|| missing("account in accounts.toml called", id))
            }
        }
    }

    /// The prices as they stand. `file` names the rate file of a plan where there are several.
    pub fn prices(
        &self,
        config: &Path,
        loaded: &Loaded,
        file: Option<&str>,
    ) -> Result<TargetPrices, EditError> {
        let currency = self.currency(loaded)?;
        let folder = config.parent().unwrap_or(Path::new(""));
        let file = match self {
            Self::Plan(_) => rate_file(loaded, file)?.to_owned(),
            Self::Operator(code) => {
                let named = owned_file(folder, &loaded.settings, self).filter(|_| file.is_none());
                named.ok_or_else(|| EditError::NoFile { owner: format!("operator {code}"), key: "costs" })?
            }
            Self::Account(id) => {
                let named = owned_file(folder, &loaded.settings, self).filter(|_| file.is_none());
                named.ok_or_else(|| EditError::NoFile { owner: format!("account {id}"), key: "rates" })?
            }
        };
        let text = match text_of(loaded, &file) {
            Ok(text) => text.to_owned(),
            // Rates of accounts are archived with the account and not as files.
            Err(_) => text_on_disk(folder, &file)?,
        };
        let plan: Arc<str> = self.plan().unwrap_or(EVERY_PLAN).into();
        let mut rows = read_written_prices(&file, Path::new(&file), text.as_bytes(), self.kind())?;
        rows.retain(|row| row.plan == plan);
        let owners = owners(folder, &loaded.settings).into_iter();
        let others = owners.filter(|(owner, named)| *named == file && owner != self);
        let shared_with = others.map(|(owner, _)| owner.shown()).collect();
        let kind = self.kind();
        Ok(TargetPrices { target: self.clone(), file, kind, currency, plan, text, rows, shared_with })
    }
}

impl TargetPrices {
    /// SHA-256 of the text.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }
}

fn text_on_disk(folder: &Path, file: &str) -> Result<String, EditError> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).map_err(|error| EditError::not_written(&path, &error))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// True if a file holds costs of an operator or rates of an account.
pub fn is_owned_file(config: &Path, settings: &Settings, file: &str) -> bool {
    let folder = config.parent().unwrap_or(Path::new(""));
    owners(folder, settings).iter().any(|(_, named)| named == file)
}

fn owned_file(folder: &Path, settings: &Settings, target: &ImportTarget) -> Option<String> {
    let owners = owners(folder, settings);
    owners.into_iter().find(|(owner, _)| owner == target).map(|(_, file)| file)
}

/// The owners of the files that operators and accounts name. The files were validated before.
fn owners(folder: &Path, settings: &Settings) -> Vec<(ImportTarget, String)> {
    let read = |file: &str, tables: &str, name: &str, key: &str| -> Vec<(String, String)> {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        let table: toml::Table = text.trim_start_matches('\u{feff}').parse().unwrap_or_default();
        let listed = table.get(tables).and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let text_of = |owner: &toml::Value, key: &str| Some(owner.get(key)?.as_str()?.to_owned());
        listed.iter().filter_map(|owner| Some((text_of(owner, name)?, text_of(owner, key)?))).collect()
    };
    let accounts = read(&settings.tariff.accounts, "account", "id", "rates");
    let mut owners: Vec<(ImportTarget, String)> =
        accounts.into_iter().map(|(id, file)| (ImportTarget::Account(id), file)).collect();
    if let Some(file) = &settings.operators.file {
        let operators = read(file, "operator", "code", "costs");
        owners.extend(operators.into_iter().map(|(code, file)| (ImportTarget::Operator(code), file)));
    }
    owners
}
