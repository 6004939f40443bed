//! One price below cost, and the words that tell of it.

use std::fmt;
use std::sync::Arc;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::reselling::Earning;
use tollgate_engine::time::UnixMicros;

use crate::accounts::ProvisionedAccount;

/// A price below what the seller pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BelowCostFault {
    /// The account that buys.
    pub account: Arc<str>,
    /// Its parent: the account that sells to it, or an agent of that one.
    pub parent: Arc<str>,
    /// The account that sells to it.
    pub seller: Arc<str>,
    /// The plan of the account that buys.
    pub plan: Arc<str>,
    /// The price list that it buys by.
    pub buys_by: Option<Arc<str>>,
    /// The key of the account that the price comes from.
    pub key: &'static str,
    /// The first network.
    pub network: NetworkCode,
    /// The first segment of a month that has the price, from one.
    pub segment: u64,
    /// The price there, in the currency of the account that buys.
    pub price: Amount,
    /// The price that the seller pays, in the same currency.
    pub cost: Amount,
    /// The currency of both.
    pub currency: Currency,
    /// The first instant; `None` for now.
    pub from: Option<UnixMicros>,
    /// The number of networks.
    pub networks: usize,
    /// True if the parent earns a commission, so that a level above it sells.
    pub is_by_agent: bool,
    /// True if it is not taken; otherwise it is a warning.
    pub is_refused: bool,
}

impl BelowCostFault {
    /// True if it is about this account, as the one that buys, the one that sells, or the agent between the two. Accounts with
    /// the same parent, plan and price list pay the same, and one of them stands for all.
    pub fn concerns(&self, provisioned: &ProvisionedAccount) -> bool {
        let account = &provisioned.account;
        let is_by_agent = account.reselling.earning != Earning::Wholesale;
        let is_sold_to =
            account.reselling.parent.as_ref() == Some(&self.parent) && is_by_agent == self.is_by_agent;
        let pays_the_same = self.key != "rates"
            && account.rates.is_empty()
            && account.plan == self.plan
            && provisioned.resale.price_list == self.buys_by;
        self.is_above(&account.id) || account.id == self.account || (is_sold_to && pays_the_same)
    }

    /// True for the one that sells, and the agent between it and the one that buys.
    pub fn is_above(&self, account: &str) -> bool {
        *self.seller == *account || *self.parent == *account
    }

    /// The words that follow the key, for those whom neither price is told.
    pub fn without_prices(&self) -> String {
        let network = &self.network;
        format!("`{}` would sell a segment to {network} below its own price{}", self.seller, self.place())
    }

    /// The words for the volume, the instant and the number of networks, where there is something to say of them.
    fn place(&self) -> String {
        let segment = (self.segment > 1).then(|| format!(", as segment {} of a month", self.segment));
        let from = self.from.map(|from| format!(" from {}", from.to_rfc3339()));
        let networks = (self.networks > 1).then(|| format!("; in all {} networks", self.networks));
        [segment, from, networks].into_iter().flatten().collect()
    }
}

/// The words that follow the key.
impl fmt::Display for BelowCostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seller, network, price, cost, currency, .. } = self;
        write!(
            f,
            "`{seller}` would sell a segment to {network} at {price} {currency}, below its own price of {cost}{}",
            self.place()
        )
    }
}
