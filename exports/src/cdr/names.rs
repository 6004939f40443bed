//! The names of what the books refer to by numbers.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_api::dispatches::text_of;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Currency;
use tollgate_engine::network::{Country, NetworkCode, Networks};
use tollgate_engine::number::Number;
use tollgate_engine::operator::OperatorNumber;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{AccountRow, StateRow};
use tollgate_storage::store::{Store, Unavailable};

/// The names as of one moment. Numbers are given for ever, so that names are only added.
#[derive(Debug, Default)]
pub struct Names {
    pub(crate) networks: Networks,
    pub(crate) accounts: HashMap<AccountNumber, NamedAccount>,
    pub(crate) tariffs: HashMap<u32, Arc<str>>,
    pub(crate) operators: HashMap<OperatorNumber, String>,
}

/// An account by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAccount {
    /// The account's id.
    pub id: String,
    /// The currency of its wallet.
    pub currency: Currency,
}

impl Names {
    /// The names of accounts, tariffs and operators in a data directory, and of networks as they are configured now.
    pub fn read(store: &Store, networks: Networks) -> Result<Self, Unavailable> {
        let tariffs =
            store.provisioned().tariffs()?.into_iter().map(|(number, row)| (number, row.version.into()));
        Self { tariffs: tariffs.collect(), ..Self::default() }.renewed(store, networks)
    }

    /// The names with what was provisioned since. Tariff versions are not read again, because their rows hold whole files;
    /// the one in force is added by [`with_tariff`](Self::with_tariff).
    pub fn renewed(&self, store: &Store, networks: Networks) -> Result<Self, Unavailable> {
        Ok(Self {
            networks,
            accounts: store.provisioned().accounts()?.into_iter().map(named).collect::<Result<_, _>>()?,
            tariffs: self.tariffs.clone(),
            operators: store
                .provisioned()
                .operators()?
                .into_iter()
                .map(|(number, row)| (number, row.code))
                .collect(),
        })
    }

    /// With the name of one more tariff version.
    #[must_use]
    pub fn with_tariff(mut self, number: u32, version: &Arc<str>) -> Self {
        self.tariffs.insert(number, Arc::clone(version));
        self
    }

    /// The number of the account with this name.
    pub fn account(&self, id: &str) -> Option<AccountNumber> {
        self.accounts.iter().find(|(_, row)| row.id == *id).map(|(number, _)| *number)
    }

    /// The account with this number.
    pub fn named_account(&self, number: AccountNumber) -> Option<&NamedAccount> {
        self.accounts.get(&number)
    }

    /// Every account that was ever provisioned, in the order of their numbers.
    pub fn account_numbers(&self) -> Vec<AccountNumber> {
        let mut numbers: Vec<AccountNumber> = self.accounts.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// A tariff version's content hash; empty where it is not known.
    pub fn tariff(&self, number: u32) -> Arc<str> {
        self.tariffs.get(&number).cloned().unwrap_or_else(|| Arc::from(""))
    }

    /// The operator or brand of a number's network, and the number's own country, as far as they are known. The country
    /// of a network may be another one than that of some of its numbers.
    pub fn network_of_number(&self, code: NetworkCode, number: &Number) -> (&str, Option<&Country>) {
        let (operator, country) = self.network(code);
        (operator, self.networks.country_of_number(number).or(country))
    }

    /// An operator's code; its number where it has none.
    pub fn operator(&self, number: OperatorNumber) -> String {
        self.operators.get(&number).cloned().unwrap_or_else(|| number.0.to_string())
    }

    /// The number of the operator with this code.
    pub fn operator_number(&self, code: &str) -> Option<OperatorNumber> {
        self.operators.iter().find(|(_, known)| *known == code).map(|(number, _)| *number)
    }

    /// The operator or brand of a network, and its country, as far as they are known.
    pub fn network(&self, code: NetworkCode) -> (&str, Option<&Country>) {
        let Some(id) = self.networks.id(code) else { return ("", None) };
        (&self.networks.get(id).operator, self.networks.country_of(id))
    }

    /// The operator that has a message, or refused it last, or in whose queue it waits; `None` where it is charged only.
    pub fn sent_to(cdr: &Cdr<'_>, state: Option<&StateRow>) -> Option<OperatorNumber> {
        let route = cdr.fields.route?;
        let operator = state.map(|row| row.operator).filter(|operator| operator.0 != 0);
        Some(operator.unwrap_or(route.first_choice))
    }
}

fn named((number, row): (AccountNumber, AccountRow)) -> Result<(AccountNumber, NamedAccount), Unavailable> {
    let currency = Currency::new(&row.currency);
    let currency = currency.ok_or_else(|| Unavailable(format!("account {} has no currency", row.id)))?;
    Ok((number, NamedAccount { id: row.id, currency }))
}

/// Octets that a customer or an operator sent, as text from which they can be told again: what is no text is written
/// `\\xHH`, and a backslash twice.
pub fn text(octets: &[u8]) -> String {
    text_of(octets)
}
