//! Operators: the upstream SMSCs that messages are handed to, as far as routing needs to know them.
//!
//! How a link to one is made is none of the engine's business. How it fares is measured by [`crate::health`].

use std::sync::Arc;

use crate::account::SenderPolicy;
use crate::money::{Amount, Currency};
use crate::network::NetworkCode;
use crate::tariff::RateRow;

/// The number that stands for an operator in keys on disk; given once, never reused. 0 is no operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperatorNumber(pub u16);

/// The status of an operator, which says if it gets messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OperatorStatus {
    /// It gets messages.
    #[default]
    Active,
    /// No new ones; those that were charged while it was active still go to it.
    Draining,
    /// None at all.
    Disabled,
}

impl OperatorStatus {
    /// Every status there is.
    pub const ALL: [Self; 3] = [Self::Active, Self::Draining, Self::Disabled];

    /// The name in files, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Disabled => "disabled",
        }
    }

    /// The status that a file names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// An operator as far as routing needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name in files, APIs, metrics and rules, such as `safaricom_1`.
    pub code: Arc<str>,
    /// The name for people.
    pub name: Arc<str>,
    /// Its country: ISO 3166-1 alpha-2 in capital letters.
    pub country: Option<Arc<str>>,
    /// Filled in once the operator is provisioned on disk; 0 until then.
    pub number: OperatorNumber,
    /// The status, which says if it gets messages.
    pub status: OperatorStatus,
    /// The networks that it delivers to.
    pub networks: ServedNetworks,
    /// The currency that it charges in.
    pub currency: Currency,
    /// Cost of a segment where no row of `costs` holds; `None` where such messages cannot go to it.
    pub base_cost: Option<Amount>,
    /// Cost of a segment by network, looked up as rates are: the closest row wins, then the latest.
    pub costs: Vec<RateRow>,
    /// Lower is tried first.
    pub priority: u32,
    /// Share among equals; 0 takes only what no equal can.
    pub weight: u32,
    /// The source addresses that it takes.
    pub senders: SenderPolicy,
    /// The accounts whose messages it takes.
    pub accounts: AccountFilter,
    /// The values of `data_coding` that it takes (SMPP 3.4 §5.2.19).
    pub data_codings: DataCodings,
}

/// The networks that an operator delivers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServedNetworks {
    /// Every network there is.
    #[default]
    All,
    /// These: a code with an MNC stands for its aliases too, and an MCC alone for its whole country.
    Listed(Vec<NetworkCode>),
}

/// The accounts whose messages an operator takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccountFilter {
    /// The messages of every account.
    #[default]
    Any,
    /// Those of these accounts.
    Only(Vec<Arc<str>>),
    /// Those of all accounts but these.
    Except(Vec<Arc<str>>),
}

impl AccountFilter {
    /// True if messages of `account` are taken.
    pub fn allows(&self, account: &str) -> bool {
        let is_in = |list: &[Arc<str>]| list.iter().any(|listed| **listed == *account);
        match self {
            Self::Any => true,
            Self::Only(list) => is_in(list),
            Self::Except(list) => !is_in(list),
        }
    }
}

/// A set of `data_coding` values (SMPP 3.4 §5.2.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataCodings([u64; 4]);

impl DataCodings {
    /// The set of every value.
    pub const fn all() -> Self {
        Self([u64::MAX; 4])
    }

    /// These values and no others.
    pub fn of(values: &[u8]) -> Self {
        let mut words = [0; 4];
        for value in values {
            words[usize::from(value >> 6)] |= 1 << (value & 63);
        }
        Self(words)
    }

    /// True if `value` is in the set.
    pub fn takes(self, value: u8) -> bool {
        self.0[usize::from(value >> 6)] >> (value & 63) & 1 == 1
    }
}

impl Default for DataCodings {
    fn default() -> Self {
        Self::all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_data_codings_holds_what_was_put_in() {
        let some = [0, 3, 8, 63, 64, 127, 128, 245, 255];
        for value in 0..=u8::MAX {
            assert_eq!(DataCodings::of(&some).takes(value), some.contains(&value), "{value}");
            assert!(DataCodings::all().takes(value));
            assert!(!DataCodings::of(&[]).takes(value));
        }
    }

    #[test]
    fn accounts_are_let_in_or_kept_out() {
        let list = || vec![Arc::from("a"), Arc::from("b")];
        let allowed = |filter: AccountFilter| ["a", "b", "c"].map(|account| filter.allows(account));
        assert_eq!(allowed(AccountFilter::Any), [true, true, true]);
        assert_eq!(allowed(AccountFilter::Only(list())), [true, true, false]);
        assert_eq!(allowed(AccountFilter::Except(list())), [false, false, true]);
    }

    #[test]
    fn a_status_is_found_by_its_name() {
        for status in OperatorStatus::ALL {
            assert_eq!(OperatorStatus::from_name(status.name()), Some(status));
        }
        assert_eq!(OperatorStatus::from_name("Active"), None);
    }
}
