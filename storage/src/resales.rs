//! The contribution of each message to what the accounts above its own have sold. The fold and `tollgate verify` both ask
//! here, so that they count alike.
//!
//! Charges are counted with usage, a while after they are durable (`counting.rs`). That an account has sold to another at all
//! is on disk with the first message of a month, in a row that counts nothing.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::Total;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::Month;

use crate::chain_tallies::{Sale, SaleSums, Seller};
use crate::rows::ResaleRow;
use crate::schema::volume_key;

/// Stands in keys that are of no network.
const NO_NETWORK: NetworkCode = NetworkCode { mcc: 0, mnc: None };
/// Octets of a key of resales.
const KEY_OCTETS: usize = 18;

/// The messages that a row of `resales` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResaleKey {
    /// The account that sold them.
    pub seller: AccountNumber,
    /// The month that they count in for the seller.
    pub month: Month,
    /// The account below it.
    pub child: AccountNumber,
    /// The network that the seller pays for.
    pub network: NetworkCode,
    /// The country of the destination; `None` where it is not known.
    pub country: Option<CountryCode>,
}

impl ResaleKey {
    /// The key of the row that counts a sale.
    pub(crate) fn of(sale: &Sale) -> Self {
        let Seller { account: seller, child, month, .. } = sale.seller;
        Self { seller, month, child, network: sale.network, country: sale.charged_country }
    }

    /// The key of the row that says that this account has sold to the one below it.
    pub(crate) fn mark_of(seller: &Seller) -> Self {
        let Seller { account, child, month, .. } = *seller;
        Self { seller: account, month, child, network: NO_NETWORK, country: None }
    }

    /// The key of the row that says that the seller has sold to the child in that month. It is written with the first such
    /// message, and counts nothing.
    #[must_use]
    pub fn mark(self) -> Self {
        Self { network: NO_NETWORK, country: None, ..self }
    }

    /// True if it is the key of such a row.
    pub fn is_mark(self) -> bool {
        self == self.mark()
    }

    /// The key in `resales`.
    pub fn to_octets(self) -> [u8; KEY_OCTETS] {
        let mut octets = [0; KEY_OCTETS];
        octets[..8].copy_from_slice(&volume_key(self.seller, self.month));
        octets[8..12].copy_from_slice(&self.child.0.to_be_bytes());
        octets[12..16].copy_from_slice(&self.network.to_bits().to_be_bytes());
        octets[16..].copy_from_slice(&self.country.map_or([0; 2], CountryCode::to_bytes));
        octets
    }

    /// Reads such a key.
    pub fn from_octets(key: &[u8]) -> Option<Self> {
        let mut numbers = key.chunks_exact(4).map(|octets| octets.try_into().map_or(0, u32::from_be_bytes));
        let (seller, month) = (AccountNumber(numbers.next()?), Month(numbers.next()?));
        let (child, network) = (AccountNumber(numbers.next()?), NetworkCode::from_bits(numbers.next()?)?);
        let country = match key.get(16..)? {
            [0, 0] => None,
            code => Some(CountryCode::from_bytes(code.try_into().ok()?)?),
        };
        Some(Self { seller, month, child, network, country })
    }
}

/// The row of a sale. An agent of the house earns on it; others buy and sell.
pub(crate) fn row(sale: &Sale) -> ResaleRow {
    let SaleSums { segments, bought, sold, commission } = sale.sums;
    let of_kind = |is_agent: bool| if sale.seller.is_agent == is_agent { sold } else { Total::ZERO };
    let (messages, sold, billed) = (sale.messages, of_kind(false), of_kind(true));
    ResaleRow { messages, segments, sold, bought, billed, commission }
}

/// The counts that a message adds, one row for each account above the one that sent it.
pub fn contributions(beside: &Beside) -> impl Iterator<Item = (ResaleKey, ResaleRow)> {
    Sale::of_message(beside).map(|sale| (ResaleKey::of(&sale), row(&sale)))
}
