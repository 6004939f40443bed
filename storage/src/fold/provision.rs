//! Numbers for names: accounts, operators and tariff versions get theirs once and keep it.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::operator::OperatorNumber;

use super::Draft;
use super::counters::check_balance;
use crate::change::EntryText;
use crate::command::{Provision, Provisioned};
use crate::database::Unavailable;
use crate::rows::{AccountRow, EntryKind, OperatorRow, Row, TariffRow};
use crate::schema::{Family, account_key, operator_key};

impl Draft<'_> {
    /// The numbers of what is about to be applied: those it has, or those it gets now. All or none.
    pub(super) fn provision(&mut self, provision: &Provision) -> Result<Provisioned, Unavailable> {
        provision.accounts.iter().try_for_each(|(.., opening)| check_balance(Some(*opening)))?;
        self.check_operators(&provision.operators)?;
        let account =
            |(id, currency, opening): &(Arc<str>, String, Amount)| self.account(id, currency, *opening);
        let accounts = provision.accounts.iter().map(account).collect();
        let operators = provision.operators.iter().map(|code| self.operator(code)).collect();
        let tariff = self.archive(&provision.tariff_version, &provision.tariff_files);
        Ok(Provisioned { accounts, operators, tariff })
    }

    fn account(&mut self, id: &str, currency: &str, opening_balance: Amount) -> AccountNumber {
        if let Some(number) = self.fold.accounts.get(id).or_else(|| self.changes.accounts.get(id)) {
            return *number;
        }
        let taken = self.fold.accounts.len() + self.changes.accounts.len();
        let number = AccountNumber(u32::try_from(taken + 1).unwrap_or(u32::MAX));
        let row = AccountRow { id: id.to_owned(), currency: currency.to_owned(), created_at: self.now };
        self.batch.insert(Family::Accounts, account_key(number), row.to_bytes());
        self.changes.accounts.insert(id.to_owned(), number);
        self.wallet_mut(number);
        if opening_balance != Amount::ZERO {
            let text = EntryText::reference("provisioned");
            self.post(number, EntryKind::OpeningBalance, opening_balance, text);
        }
        number
    }

    /// Every number of an operator has two octets, and none is given out again.
    fn check_operators(&self, codes: &[Arc<str>]) -> Result<(), Unavailable> {
        let taken = self.fold.operators.len() + self.changes.operators.len() + codes.len();
        match u16::try_from(taken) {
            Ok(_) => Ok(()),
            Err(_) => Err(Unavailable("there are no more numbers for operators".to_owned())),
        }
    }

    fn operator(&mut self, code: &str) -> OperatorNumber {
        if let Some(number) = self.fold.operators.get(code).or_else(|| self.changes.operators.get(code)) {
            return *number;
        }
        let taken = self.fold.operators.len() + self.changes.operators.len();
        let number = OperatorNumber(u16::try_from(taken + 1).unwrap_or(u16::MAX));
        let row = OperatorRow { code: code.to_owned(), created_at: self.now };
        self.batch.insert(Family::Operators, operator_key(number), row.to_bytes());
        self.changes.operators.insert(code.to_owned(), number);
        number
    }

    /// The number of a tariff version, which is archived now where it is new.
    fn archive(&mut self, version: &str, files: &[(String, Vec<u8>)]) -> u32 {
        if let Some(number) = self.fold.tariffs.get(version).or_else(|| self.changes.tariffs.get(version)) {
            return *number;
        }
        let taken = self.fold.tariffs.len() + self.changes.tariffs.len();
        let number = u32::try_from(taken + 1).unwrap_or(u32::MAX);
        let row = TariffRow { version: version.to_owned(), applied_at: self.now, files: files.to_vec() };
        self.batch.insert(Family::Tariffs, number.to_be_bytes(), row.to_bytes());
        self.changes.tariffs.insert(version.to_owned(), number);
        number
    }
}
