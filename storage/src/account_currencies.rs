//! The currencies of accounts, read once from their rows.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Currency;

use crate::database::Unavailable;
use crate::rows::AccountRow;
use crate::series::contributions::Currencies;

/// The code of ISO 4217 for no currency: of an account without books, which moves no money.
const NO_CURRENCY: &str = "XXX";

/// Currencies by account.
#[derive(Clone, Debug)]
pub struct AccountCurrencies {
    known: HashMap<AccountNumber, Currency>,
    none: Currency,
}

impl AccountCurrencies {
    /// None is known yet.
    pub fn new() -> Self {
        match Currency::new(NO_CURRENCY) {
            Some(none) => Self { known: HashMap::new(), none },
            None => unreachable!("three capital letters are a currency"),
        }
    }

    /// True if the currency of the account was learned.
    pub fn knows(&self, account: AccountNumber) -> bool {
        self.known.contains_key(&account)
    }

    /// Learns the currency of an account from its row.
    pub fn learn(
        &mut self,
        account: AccountNumber,
        row: impl FnOnce(AccountNumber) -> Result<Option<AccountRow>, Unavailable>,
    ) -> Result<(), Unavailable> {
        if self.knows(account) {
            return Ok(());
        }
        let currency = row(account)?.and_then(|row| Currency::new(&row.currency));
        self.known.insert(account, currency.unwrap_or(self.none));
        Ok(())
    }
}

impl AccountCurrencies {
    /// Takes over what was learned later.
    pub fn extend(&mut self, added: Self) {
        self.known.extend(added.known);
    }
}

/// Currencies that were known before, and those that were learned since.
#[derive(Clone, Copy, Debug)]
pub struct BothCurrencies<'a> {
    pub known: &'a AccountCurrencies,
    pub added: &'a AccountCurrencies,
}

impl Currencies for BothCurrencies<'_> {
    fn currency(&self, account: AccountNumber) -> Currency {
        let known = self.known.known.get(&account);
        known.copied().unwrap_or_else(|| self.added.currency(account))
    }
}

impl Currencies for AccountCurrencies {
    fn currency(&self, account: AccountNumber) -> Currency {
        self.known.get(&account).copied().unwrap_or(self.none)
    }
}
