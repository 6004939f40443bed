//! Accounts: who pays, by which plan, and what they may do.

use std::sync::Arc;

use crate::approvals::Approvals;
use crate::cap::Cap;
pub use crate::delivery_mode::DeliveryMode;
use crate::money::{Amount, Currency};
use crate::network::NetworkCode;
pub use crate::number_lengths::NumberLengths;
use crate::refusal::Refusal;
use crate::reselling::Reselling;
pub use crate::segments::DefaultCoding;
use crate::segments::{Body, whole_text};
use crate::tariff::RateRow;
use crate::throttle::RateLimit;

/// The number that stands for an account in keys on disk; given once, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(pub u32);

/// An account as it is provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name in files, APIs and on screens, such as `biz_test_001`.
    pub id: Arc<str>,
    /// The currency of the account's wallet.
    pub currency: Currency,
    /// The plan's name.
    pub plan: Arc<str>,
    /// Amount by which the balance may go below zero: zero for prepaid, above zero for postpaid.
    pub credit_limit: Amount,
    /// Refuses every message while set.
    pub suspended: bool,
    /// Below this balance the wallet counts as low.
    pub low_balance_threshold: Option<Amount>,
    /// Calling code put before national numbers, such as `254`.
    pub default_calling_code: Option<Arc<str>>,
    /// The treatment of numbers of a length that no number of their country has. Whoever rates again what was charged
    /// once sets it to `Warn`.
    pub number_lengths: NumberLengths,
    /// The account's own rates, which come before its plan's.
    pub rates: Vec<RateRow>,
    /// The source addresses that the account may use.
    pub senders: SenderPolicy,
    /// The texts that the account may send.
    pub texts: TextPolicy,
    /// The sender IDs and templates approved for the account, whatever the policies ask for. It outlives the
    /// configuration that the account comes from.
    pub approvals: Arc<Approvals>,
    /// True if a network named in the account's TLV is believed.
    pub trusts_network_tlv: bool,
    /// Messages per second; `None` for no limit.
    pub rate_limit: Option<RateLimit>,
    /// The alphabet of the account's default data coding (0): GSM-7 septets, or Latin-1 octets.
    pub default_coding: DefaultCoding,
    /// The delivery of its messages once they are charged.
    pub delivery: DeliveryMode,
    /// `command_status` of refusals where this account differs from the rest.
    pub statuses: Vec<(Refusal, u32)>,
    /// The limits of its money and messages by span.
    pub caps: Vec<Cap>,
    /// Its place in a chain.
    pub reselling: Reselling,
}

/// The source addresses that may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SenderPolicy {
    /// Any source address.
    #[default]
    Any,
    /// Only these, compared byte for byte.
    Listed(Vec<Box<[u8]>>),
    /// Only those that have been approved for the account, compared byte for byte.
    Approved,
}

impl SenderPolicy {
    /// True if `source` may be used; `approvals` are those of the account.
    pub fn allows(&self, source: &[u8], approvals: &Approvals) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(list) => list.iter().any(|sender| &**sender == source),
            Self::Approved => approvals.allows_sender(source),
        }
    }
}

/// The texts that an account may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextPolicy {
    /// Any, and what is no text.
    #[default]
    Any,
    /// Only those that match a template that has been approved for the account. What cannot be read as one
    /// whole text is not sent.
    Approved,
}

impl Account {
    /// True if the account may send from `source`.
    pub fn allows_sender(&self, source: &[u8]) -> bool {
        self.senders.allows(source, &self.approvals)
    }

    /// True if the account may send `body`. The text is read only where a policy asks for it.
    pub fn allows_text(&self, body: &Body<'_>) -> bool {
        match self.texts {
            TextPolicy::Any => true,
            TextPolicy::Approved => {
                whole_text(body, self.default_coding).is_some_and(|text| self.approvals.allows_text(&text))
            }
        }
    }
}

/// A network that a gateway names in a TLV, as text: `63902` or `639/02`.
pub fn network_from_tlv(value: &[u8]) -> Option<NetworkCode> {
    let text = std::str::from_utf8(value).ok()?.trim_end_matches('\0');
    NetworkCode::parse_joined(text)
}
