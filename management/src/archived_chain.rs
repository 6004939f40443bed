//! The chain that an account stood in by an archived tariff version, and the price of a segment at each of its levels.
//!
//! Explanations and `verify --rerate` both price by it. What the CDR alone can say is taken at its word: the levels that were
//! charged, with their networks, and the units that bundles gave.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::account::{
    Account, DefaultCoding, DeliveryMode, NumberLengths, SenderPolicy, TextPolicy,
};
use tollgate_engine::beside::LevelCharge;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{NetworkId, Networks};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::posting::LevelPostings;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::{Definition, DefinitionError, PriceSource, Tables, Terms};
use tollgate_engine::tariff::{Plan, UnitPrice};
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::ArchivedTerms;

/// The facts of a charged message that the prices of its levels follow from.
#[derive(Clone, Copy, Debug)]
pub struct ChargedMessage<'a> {
    /// The number that it went to.
    pub number: &'a Number,
    /// The time of submission.
    pub submitted_at: UnixMicros,
    /// The levels above that were charged, from the account's parent up.
    pub above: &'a [LevelCharge],
}

/// The chain of an account.
#[derive(Clone, Debug)]
pub struct ArchivedChain<'a> {
    /// The tables that it was found in.
    pub tables: &'a Tables,
    /// The terms of the account itself.
    pub own: &'a Terms,
    /// The terms of the levels above, from its parent up. There is one at least.
    pub above: Vec<&'a Terms>,
}

impl<'a> ArchivedChain<'a> {
    /// The chain of an account; `None` where it pays alone.
    pub fn of(tables: &'a Tables, account: &str) -> Option<Self> {
        let own = tables.terms(account)?;
        let above: Vec<&Terms> = tables.above(own).into_iter().map(AsRef::as_ref).collect();
        (!above.is_empty()).then_some(Self { tables, own, above })
    }

    /// The price of a segment for the account, before its tier. Prices are found from the highest level down.
    pub fn unit_price(&self, message: &ChargedMessage<'_>, network: NetworkId) -> Option<UnitPrice> {
        self.price(self.own, message, network, self.parent_pays(message))
    }

    /// The source of that price.
    pub fn price_source(&self, message: &ChargedMessage<'_>, network: NetworkId) -> Option<PriceSource<'a>> {
        let destination = || self.tables.destination(message.number, network);
        let bought = self.parent_pays(message).map(|_| &destination as &dyn Fn() -> _);
        self.own.price_source(network, bought, message.submitted_at)
    }

    /// The price of a segment at each level above, from the parent up.
    pub fn units_above(&self, message: &ChargedMessage<'_>) -> Vec<Option<UnitPrice>> {
        let (mut units, mut seller) = (Vec::new(), None);
        for (terms, level) in self.above.iter().zip(message.above).rev() {
            let network = self.tables.networks.id(level.network);
            let unit = network.and_then(|network| self.price(terms, message, network, seller));
            seller = unit.map(|unit| (terms.account.currency, unit.price));
            units.push(unit);
        }
        units.reverse();
        units
    }

    /// The price of a segment for the account's parent.
    fn parent_pays(&self, message: &ChargedMessage<'_>) -> Option<(Currency, Amount)> {
        let unit = self.units_above(message).first().copied().flatten()?;
        self.above.first().map(|parent| (parent.account.currency, unit.price))
    }

    fn price(
        &self,
        terms: &Terms,
        message: &ChargedMessage<'_>,
        network: NetworkId,
        seller: Option<(Currency, Amount)>,
    ) -> Option<UnitPrice> {
        let destination = || self.tables.destination(message.number, network);
        self.tables.price_from(terms, &destination, network, seller, message.submitted_at)
    }
}

/// Segments that bundles have not covered, and the place in the month's volume behind which they stand: behind the covered ones
/// where these count for the tiers.
pub fn paid_segments(plan: &Plan, moved: &LevelPostings, segments: u32) -> Option<(u64, u32)> {
    let paid = segments.checked_sub(moved.covered)?;
    let covered_that_count = if plan.bundle_segments_count { moved.covered } else { 0 };
    let behind = moved.posting.counted_before.checked_add(u64::from(covered_that_count))?;
    Some((behind, paid))
}

/// Tables of the accounts that stood in chains; `None` where none did. The error says what they lack.
pub fn chain_tables<'p>(
    networks: &Networks,
    plans: impl Iterator<Item = &'p Plan>,
    terms: &ArchivedTerms,
) -> Result<Option<Tables>, String> {
    let plans: HashMap<&str, &Plan> = plans.map(|plan| (&*plan.name, plan)).collect();
    let account = |id: &Arc<str>| Some(archived_account(id, plans.get(terms.plan(id)?)?, terms));
    let accounts: Vec<Account> = terms.in_chains().filter_map(account).collect();
    if accounts.is_empty() {
        return Ok(None);
    }
    let definition = Definition {
        version: Arc::from("archived"),
        networks: networks.clone(),
        numbering: NumberingPlan::default(),
        ported: PortedNumbers::default(),
        plans: plans.values().map(|plan| (*plan).clone()).collect(),
        accounts,
        statuses: StatusTable::default(),
        exchange: terms.exchange(),
    };
    let joined =
        |errors: Vec<DefinitionError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Tables::build(definition).map(Some).map_err(joined)
}

/// An account with the settings that prices depend on.
pub fn archived_account(id: &Arc<str>, plan: &Plan, terms: &ArchivedTerms) -> Account {
    Account {
        id: Arc::clone(id),
        currency: plan.currency,
        plan: Arc::clone(&plan.name),
        credit_limit: Amount::ZERO,
        suspended: false,
        low_balance_threshold: None,
        default_calling_code: None,
        // What was charged once is priced again, whatever lengths are refused now.
        number_lengths: NumberLengths::Warn,
        rates: terms.rates(id).to_vec(),
        senders: SenderPolicy::Any,
        texts: TextPolicy::Any,
        approvals: Arc::default(),
        trusts_network_tlv: terms.trusts_network_tlv(id),
        rate_limit: None,
        default_coding: DefaultCoding::default(),
        delivery: DeliveryMode::default(),
        statuses: Vec::new(),
        caps: Vec::new(),
        reselling: terms.reselling(id),
    }
}
