//! One message rated again, without its text: what an archived version makes of the facts in its CDR.

use tollgate_engine::money::Amount;
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::prices::PriceTable;
use tollgate_engine::tables::{NetworkSource, PlanTable};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_provisioning::ArchivedCatalogue;
use tollgate_storage::cdr::{BlockHeader, Cdr, CdrFields};

use super::levels::{ChainTerms, paid_amount};

/// Places beyond this are no volume, and could not be added to.
const COUNTED_MAX: u64 = 1 << 62;

/// All that the messages of one block are rated by.
#[derive(Clone, Copy, Debug)]
pub struct BlockTerms<'a> {
    /// Networks and numbers.
    pub catalogue: &'a ArchivedCatalogue,
    /// The plan that the account was on.
    pub plan: &'a PlanTable,
    /// The account's own rates.
    pub own_prices: &'a PriceTable,
    /// The chain that it stood in; `None` where it paid alone.
    pub chain: Option<&'a ChainTerms<'a>>,
    /// The time of submission.
    pub submitted_at: UnixMicros,
    /// The month that it falls in.
    pub month: Month,
}

/// A message as its version rates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatedAgain {
    /// The network and how it was found; `None` where the number belongs to none.
    pub network: Option<(NetworkCode, NetworkSource)>,
    /// The price; `None` where the message would have been refused.
    pub amount: Option<Amount>,
    /// True if the network was looked up, or needed no look-up.
    pub is_network_known: bool,
    /// Everything in which the levels above are others than in the CDR.
    pub levels: Vec<String>,
}

impl RatedAgain {
    /// True if network, price and the levels above are those of the CDR.
    pub fn agrees_with(&self, fields: &CdrFields<'_>) -> bool {
        self.levels.is_empty()
            && self.amount == Some(fields.amount)
            && self.network == Some((fields.network, fields.network_source))
    }
}

impl<'a> BlockTerms<'a> {
    /// The terms of a block whose account was on this plan.
    pub fn of(
        catalogue: &'a ArchivedCatalogue,
        plan: &'a PlanTable,
        (own_prices, chain): (&'a PriceTable, Option<&'a ChainTerms<'a>>),
        header: &BlockHeader<'_>,
    ) -> Self {
        let submitted_at = header.submitted_at;
        Self { catalogue, plan, own_prices, chain, submitted_at, month: plan.months.month_at(submitted_at) }
    }

    /// Rates a message again.
    pub fn rate(&self, cdr: &Cdr<'_>) -> RatedAgain {
        let (network, is_network_known) = self.network_of(&cdr.fields);
        let amount = network.and_then(|(network, _)| self.amount(network, cdr));
        let levels = match self.chain {
            Some(chain) => chain.differences(cdr, network.map(|(network, _)| network)),
            None => Vec::new(),
        };
        let code = |network| self.catalogue.networks().get(network).code;
        let network = network.map(|(network, source)| (code(network), source));
        RatedAgain { network, amount, is_network_known, levels }
    }

    /// A network that was named in a TLV is taken at its word, and so is a ported number's where only the hash of the ported
    /// numbers was kept.
    fn network_of(&self, fields: &CdrFields<'_>) -> (Option<(NetworkId, NetworkSource)>, bool) {
        let named = || self.catalogue.networks().id(fields.network).map(|id| (id, fields.network_source));
        match fields.network_source {
            NetworkSource::Tlv => (named(), true),
            NetworkSource::Ported if !self.catalogue.knows_ported() => (named(), false),
            NetworkSource::Ported | NetworkSource::Prefix(_) => {
                (self.catalogue.network_of(&fields.destination), self.catalogue.knows_ported())
            }
        }
    }

    fn amount(&self, network: NetworkId, cdr: &Cdr<'_>) -> Option<Amount> {
        let fields = &cdr.fields;
        if fields.counted_before > COUNTED_MAX {
            return None;
        }
        let unit = match self.chain {
            Some(chain) => chain.unit_price(cdr, network),
            None => self.plan.unit_price(self.own_prices, network, self.submitted_at),
        };
        let segments = u32::from(fields.segments);
        // Most messages move the wallet alone.
        match fields.beside.and_then(|_| cdr.beside()) {
            Some(beside) => paid_amount(&self.plan.plan, unit, &beside.own, segments),
            None => self.plan.plan.price(unit?, fields.counted_before, segments),
        }
    }
}
