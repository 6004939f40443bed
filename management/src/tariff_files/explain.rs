//! The explanation of a message's price: the code that charges works it out again from the archived tariff version that the
//! CDR names.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::exchange::ExchangeRates;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkId;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::{Definition, PriceSource, Tables, Terms};
use tollgate_engine::tariff::{PriceLine, UnitPrice};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{AccountRow, StateRow};
use tollgate_storage::store::{Store, Unavailable};

use super::explained_rate::ExplainedRate;
use super::explanation::{ExplainedNetwork, Explanation};
use super::facts::Facts;
use super::priced_line::priced;
use super::sale::Sale;
use super::versions::contents_of;
use super::wording;
use crate::archived_chain::{ArchivedChain, archived_account, chain_tables, paid_segments};
use tollgate_provisioning::{ArchivedTariff, Problems};

/// Parsed versions that are kept. The messages of a month have few.
const VERSIONS_KEPT: usize = 4;

/// Explains the messages of one store.
#[derive(Debug, Default)]
pub struct Explainer {
    /// The parsed versions, the most recently used one last.
    parsed: Mutex<VecDeque<Arc<Parsed>>>,
}

/// The reason why a price cannot be explained.
#[derive(Clone, Debug, Error)]
pub enum ExplainError {
    /// The books cannot be read now.
    #[error(transparent)]
    Storage(#[from] Unavailable),
    /// The CDR names a tariff version or an account that the books do not have.
    #[error("the books have no {what} {number}")]
    NotKept {
        /// Its kind, such as `tariff version`.
        what: &'static str,
        /// Its number on disk.
        number: u32,
    },
    /// The archived files can no longer be read.
    #[error("tariff version {version}: {problems}")]
    Unreadable {
        /// The content hash.
        version: String,
        /// The faults of the files.
        problems: Problems,
    },
    /// The archived version lacks something that the CDR names.
    #[error("tariff version {version} has no {what}")]
    NotInVersion {
        /// The content hash.
        version: String,
        /// The missing thing, such as `plan starter`.
        what: String,
    },
}

/// A version read from the archive.
#[derive(Debug)]
struct Parsed {
    number: u32,
    version: String,
    applied_at: UnixMicros,
    tariff: ArchivedTariff,
    /// The accounts that stood in chains; `None` where none did.
    chains: Option<Tables>,
}

impl Explainer {
    /// An explainer with nothing parsed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Explains a message; `None` where the account has no such message.
    pub fn explain(
        &self,
        store: &Store,
        account: AccountNumber,
        message_id: u64,
    ) -> Result<Option<Explanation>, ExplainError> {
        let facts = Facts::find(store, account, message_id)?;
        facts.map(|facts| self.explain_facts(store, &facts)).transpose()
    }

    /// Explains a CDR that was read already.
    pub fn explain_cdr(&self, store: &Store, cdr: &Cdr<'_>) -> Result<Explanation, ExplainError> {
        self.explain_facts(store, &Facts::of(cdr))
    }

    fn explain_facts(&self, store: &Store, facts: &Facts) -> Result<Explanation, ExplainError> {
        let not_kept = |what, number| ExplainError::NotKept { what, number };
        let account = facts.account_row(store)?.ok_or_else(|| not_kept("account", facts.account.0))?;
        let parsed = self.parsed(store, facts)?;
        let state = facts.state(store)?;
        parsed.explain(facts, &account, state.as_ref())
    }

    /// The parsed version that the facts name. One version is parsed at a time, and kept for the next message.
    fn parsed(&self, store: &Store, facts: &Facts) -> Result<Arc<Parsed>, ExplainError> {
        let mut kept = self.parsed.lock();
        let at = kept.iter().position(|parsed| parsed.number == facts.tariff);
        let parsed = match at.and_then(|at| kept.remove(at)) {
            Some(parsed) => parsed,
            None => Arc::new(Parsed::read(store, facts)?),
        };
        while kept.len() >= VERSIONS_KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&parsed));
        Ok(parsed)
    }

    #[cfg(test)]
    pub(crate) fn versions_kept(&self) -> Vec<u32> {
        self.parsed.lock().iter().map(|parsed| parsed.number).collect()
    }
}

impl Parsed {
    fn read(store: &Store, facts: &Facts) -> Result<Self, ExplainError> {
        let not_kept = || ExplainError::NotKept { what: "tariff version", number: facts.tariff };
        let row = store.provisioned().tariff(facts.tariff)?.ok_or_else(not_kept)?;
        let files = contents_of(store, &row)?;
        let (version, applied_at) = (row.version, row.applied_at);
        let tariff = match ArchivedTariff::read(&files) {
            Ok(tariff) => tariff,
            Err(problems) => return Err(ExplainError::Unreadable { version, problems }),
        };
        match chain_tables(&tariff.networks, tariff.plans.iter(), tariff.terms()) {
            Ok(chains) => Ok(Self { number: facts.tariff, version, applied_at, tariff, chains }),
            Err(what) => Err(ExplainError::NotInVersion { version, what }),
        }
    }

    fn explain(
        &self,
        facts: &Facts,
        account: &AccountRow,
        state: Option<&StateRow>,
    ) -> Result<Explanation, ExplainError> {
        let terms = self.terms(facts, account)?;
        let networks = &self.tariff.networks;
        let missing = |what| ExplainError::NotInVersion { version: self.version.clone(), what };
        let id = networks.id(facts.network).ok_or_else(|| missing(format!("network {}", facts.network)))?;
        let chain = self.chains.as_ref().and_then(|tables| ArchivedChain::of(tables, &account.id));
        let (unit, source) = priced_by(&terms, chain.as_ref(), facts, id);
        let (plan, own) = (&terms.plan.plan, facts.own());
        let impossible = || missing("segments that bundles can have covered".to_owned());
        let (behind, paid) = paid_segments(plan, &own, u32::from(facts.segments)).ok_or_else(impossible)?;
        let sales = chain.as_ref().map(|chain| Sale::all_of(chain, &facts.charged(), id)).unwrap_or_default();
        let lines = |unit| plan.price_lines(unit, behind, paid).collect();
        let lines: Option<Vec<PriceLine>> = unit.map(lines);
        let (lines, total) = match lines.map(|lines| priced(plan, &lines)) {
            Some(Some((lines, total))) => (lines, Some(total)),
            Some(None) => return Err(missing("price that an amount can hold".to_owned())),
            // What bundles cover altogether needs no rate.
            None => (Vec::new(), (paid == 0).then_some(Amount::ZERO)),
        };
        let (network, of_network) = (networks.get(id), || networks.country_of(id));
        let country = networks.country_of_number(&facts.number).or_else(of_network);
        Ok(Explanation {
            message_id: facts.message_id,
            account: account.id.clone(),
            currency: plan.currency,
            plan: plan.name.to_string(),
            tariff_version: self.version.clone(),
            tariff_applied_at: self.applied_at,
            submitted_at: facts.submitted_at,
            number: facts.number.to_string(),
            network: ExplainedNetwork {
                code: facts.network,
                operator: network.operator.to_string(),
                country: country.map(|country| country.iso2.to_string()),
                country_name: country.map(|country| country.name.to_string()),
                found_by: wording::found_by(facts.network_source, &facts.number),
            },
            segments: facts.segments,
            data_coding: facts.data_coding,
            rate: unit.zip(source.as_ref()).map(|(unit, source)| ExplainedRate::of(unit, source)),
            covered: own.covered,
            sales,
            lines,
            month: facts.month,
            counted_before: facts.counted_before,
            counted: own.posting.segments,
            total,
            charged: facts.amount,
            agrees: total == Some(facts.amount),
            state: state.map(|state| state.state).unwrap_or_default(),
            state_at: state.map(|state| state.at),
            refunded: state.map(|state| state.refunded).unwrap_or_default(),
        })
    }

    /// The plan and the account's own rates as they were, ready for lookup.
    fn terms(&self, facts: &Facts, account: &AccountRow) -> Result<Arc<Terms>, ExplainError> {
        let missing = |what| ExplainError::NotInVersion { version: self.version.clone(), what };
        let plan = self.tariff.plans.iter().find(|plan| plan.name == facts.plan);
        let plan = plan.ok_or_else(|| missing(format!("plan {}", facts.plan)))?;
        let definition = Definition {
            version: self.version.as_str().into(),
            networks: self.tariff.networks.clone(),
            numbering: NumberingPlan::default(),
            ported: PortedNumbers::default(),
            plans: vec![plan.clone()],
            accounts: vec![archived_account(&account.id.as_str().into(), plan, self.tariff.terms())],
            statuses: StatusTable::default(),
            exchange: ExchangeRates::default(),
        };
        let tables = Tables::build(definition).map_err(|errors| {
            missing(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        tables.terms(&account.id).cloned().ok_or_else(|| missing(format!("account {}", account.id)))
    }
}

/// The price of a segment and its source: by the chain that the account stood in, or by its own terms where it paid alone.
fn priced_by<'t>(
    terms: &'t Terms,
    chain: Option<&ArchivedChain<'t>>,
    facts: &Facts,
    network: NetworkId,
) -> (Option<UnitPrice>, Option<PriceSource<'t>>) {
    if let Some(chain) = chain {
        let message = facts.charged();
        return (chain.unit_price(&message, network), chain.price_source(&message, network));
    }
    let at = facts.submitted_at;
    (terms.unit_price(network, at), terms.price_source(network, None, at))
}
