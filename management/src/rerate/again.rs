//! One message rated again, without its text: what an archived version makes of the facts in its CDR.

use tollgate_engine::money::Amount;
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::prices::PriceTable;
use tollgate_engine::tables::{NetworkSource, PlanTable};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_provisioning::ArchivedCatalogue;
use tollgate_storage::cdr::{BlockHeader, CdrFields};

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
    /// The time of submission.
    pub submitted_at: UnixMicros,
    /// The month that it falls in.
    pub month: Month,
}

/// A message as its version rates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatedAgain {
    /// The network and how it was found; `None` where the number belongs to none.
    pub network: Option<(NetworkCode, NetworkSource)>,
    /// The price; `None` where the message would have been refused.
    pub amount: Option<Amount>,
    /// True if the network was looked up, or needed no look-up.
    pub is_network_known: bool,
}

impl RatedAgain {
    /// True if network and price are those of the CDR.
    pub fn agrees_with(&self, fields: &CdrFields<'_>) -> bool {
        self.amount == Some(fields.amount) && self.network == Some((fields.network, fields.network_source))
    }
}

impl<'a> BlockTerms<'a> {
    /// The terms of a block whose account was on this plan.
    pub fn of(
        catalogue: &'a ArchivedCatalogue,
        plan: &'a PlanTable,
        own_prices: &'a PriceTable,
        header: &BlockHeader<'_>,
    ) -> Self {
        let submitted_at = header.submitted_at;
        Self { catalogue, plan, own_prices, submitted_at, month: plan.months.month_at(submitted_at) }
    }

    /// Rates a message again.
    pub fn rate(&self, fields: &CdrFields<'_>) -> RatedAgain {
        let (network, is_network_known) = self.network_of(fields);
        let amount = network.and_then(|(network, _)| self.amount(network, fields));
        let code = |network| self.catalogue.networks().get(network).code;
        let network = network.map(|(network, source)| (code(network), source));
        RatedAgain { network, amount, is_network_known }
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

    fn amount(&self, network: NetworkId, fields: &CdrFields<'_>) -> Option<Amount> {
        if fields.counted_before > COUNTED_MAX {
            return None;
        }
        let unit = self.plan.unit_price(self.own_prices, network, self.submitted_at)?;
        self.plan.plan.price(unit, fields.counted_before, u32::from(fields.segments))
    }
}
