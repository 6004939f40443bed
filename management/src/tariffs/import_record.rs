//! A price list that was uploaded, as the books keep it: how it was understood and the rates that it comes to.

use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::imports::{ImportDraft, ImportFacts, ImportStatus, ImportSummary, ImportWarning};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::import::{
    ClosedNetwork, ImportProfile, ListContent, ListWarning, ListedRate, Mapping, PriceList, RowStatus,
};

use crate::tariff_files::ImportTarget;

/// A list that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// The name of the list.
    pub name: String,
    /// The owner of the prices.
    pub target: TargetRecord,
    /// The rate file of a plan, where one was named.
    pub rate_file: Option<String>,
    /// A move by more percent is flagged.
    pub move_limit_percent: String,
    /// The meaning that it was read with.
    pub mapping: Mapping,
    /// The profile that says the same.
    pub profile: ImportProfile,
    /// Warnings for people to look at.
    pub warnings: Vec<ListWarning>,
    /// The networks that it has: all, or those that change.
    pub content: ListContent,
    /// The rates of the list.
    pub rates: Vec<RateRecord>,
    /// The number of rates of a list that was confirmed, whose rates are then in their file and no longer here.
    #[serde(default)]
    pub confirmed_rates: u64,
    /// The networks that it closes.
    pub closed: Vec<ClosedRecord>,
    /// The user or key that uploaded it.
    pub created_by: String,
    /// The time at which it was uploaded, in microseconds.
    pub created_at: u64,
    /// True once it was confirmed.
    pub is_confirmed: bool,
}

/// The owner of prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetRecord {
    /// A plan, or `*`.
    Plan(String),
    /// An operator, by its code.
    Operator(String),
    /// An account, by its id.
    Account(String),
}

/// A rate: network, millionths, beginning, whether the list dates it, end, status, note, line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRecord(u32, i64, u64, bool, Option<u64>, String, String, u32);

/// A network that closes: network, time, line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedRecord(u32, Option<u64>, u32);

impl TargetRecord {
    /// As the files know it.
    pub fn target(&self) -> ImportTarget {
        match self {
            Self::Plan(name) => ImportTarget::Plan(name.clone()),
            Self::Operator(code) => ImportTarget::Operator(code.clone()),
            Self::Account(id) => ImportTarget::Account(id.clone()),
        }
    }

    fn parts(&self) -> (Option<String>, Option<String>, Option<String>) {
        match self {
            Self::Plan(name) => (Some(name.clone()), None, None),
            Self::Operator(code) => (None, Some(code.clone()), None),
            Self::Account(id) => (None, None, Some(id.clone())),
        }
    }
}

impl RateRecord {
    /// Of a rate that was read.
    pub fn of(rate: &ListedRate) -> Self {
        Self(
            rate.network.to_bits(),
            rate.price.micros(),
            rate.from.0,
            rate.is_dated,
            rate.to.map(|to| to.0),
            rate.status.word().to_owned(),
            rate.note.clone(),
            rate.line,
        )
    }

    fn rate(&self) -> Option<ListedRate> {
        let Self(network, micros, from, is_dated, to, status, note, line) = self;
        Some(ListedRate {
            network: NetworkCode::from_bits(*network)?,
            price: Amount::from_micros(*micros),
            from: UnixMicros(*from),
            is_dated: *is_dated,
            to: to.map(UnixMicros),
            status: RowStatus::of_word(status)?,
            note: note.clone(),
            line: *line,
        })
    }
}

impl ClosedRecord {
    /// Of a network that was read.
    pub fn of(closed: &ClosedNetwork) -> Self {
        Self(closed.network.to_bits(), closed.at.map(|at| at.0), closed.line)
    }

    fn closed(&self) -> Option<ClosedNetwork> {
        let Self(network, at, line) = self;
        let network = NetworkCode::from_bits(*network)?;
        Some(ClosedNetwork { network, at: at.map(UnixMicros), line: *line })
    }
}

impl ImportRecord {
    /// The rates and closed networks, as they were read.
    pub fn listed(&self) -> Answer<(Vec<ListedRate>, Vec<ClosedNetwork>)> {
        let rates: Option<Vec<ListedRate>> = self.rates.iter().map(RateRecord::rate).collect();
        let closed: Option<Vec<ClosedNetwork>> = self.closed.iter().map(ClosedRecord::closed).collect();
        rates.zip(closed).ok_or_else(|| Problem::internal("an import in the books cannot be read"))
    }

    /// Takes what was read of a list.
    pub fn take(&mut self, list: PriceList) {
        self.rates = list.rates.iter().map(RateRecord::of).collect();
        self.closed = list.closed.iter().map(ClosedRecord::of).collect();
        self.mapping = list.mapping;
        self.profile = list.profile;
        self.warnings = list.warnings;
        self.content = list.content;
    }

    /// Marks the list as confirmed. Its rates are then in their file.
    pub fn confirm(&mut self) {
        self.is_confirmed = true;
        self.confirmed_rates = self.rates.len() as u64;
        self.rates = Vec::new();
    }

    /// The number of rates that the list comes to.
    pub fn count(&self) -> u64 {
        self.confirmed_rates.max(self.rates.len() as u64)
    }

    fn status(&self) -> ImportStatus {
        if self.is_confirmed { ImportStatus::Confirmed } else { ImportStatus::Draft }
    }

    fn facts(&self, id: &str) -> ImportFacts {
        let (plan, operator, account) = self.target.parts();
        ImportFacts {
            id: id.to_owned(),
            name: self.name.clone(),
            status: self.status(),
            plan,
            operator,
            account,
            created_at: Time(UnixMicros(self.created_at)),
            created_by: self.created_by.clone(),
        }
    }

    /// As a list shows it.
    pub fn summary(&self, id: &str) -> ImportSummary {
        ImportSummary { facts: self.facts(id), rates: self.count() }
    }

    /// As it is shown by itself, before it is compared.
    pub fn draft(&self, id: &str) -> ImportDraft {
        let warnings = self
            .warnings
            .iter()
            .map(|warning| ImportWarning { line: warning.line, message: warning.message.clone() });
        ImportDraft {
            facts: self.facts(id),
            mapping: self.mapping.clone().into(),
            profile: self.profile.clone().into(),
            warnings: warnings.collect(),
            difference: None,
        }
    }
}
