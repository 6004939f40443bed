//! Ledger entries, and the rows that take their ids from the same numbers: receipts.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;

use super::Count;
use super::fault::{Fault, damaged, off, scan};
use crate::rows::{EntryKind, GatewayReceipt, LedgerEntry, Row, UnmatchedRow};
use crate::schema::{Family, parse_account_id_key, parse_operator_number_key};
use crate::store::Store;

impl Count {
    /// Every refund is asked for by one state, and every state that asks for one has it.
    pub(super) fn read_ledger(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Ledger, |key, value| {
            let (account, id) = parse_account_id_key(key).ok_or_else(|| damaged(Family::Ledger, key))?;
            let entry = LedgerEntry::read(value).ok_or_else(|| damaged(Family::Ledger, key))?;
            let micros = i128::from(entry.amount.micros());
            if entry.kind == EntryKind::Refund {
                let message_id = entry.reference.parse().unwrap_or(0);
                if self.refunds.remove(&(account, message_id)) != Some(entry.amount) {
                    return off(format!(
                        "ledger entry {id} refunds message {message_id}, which asks for no such refund"
                    ));
                }
                self.account(account, id)?.refunded += micros;
            } else {
                self.account(account, id)?.paid_in += micros;
            }
            self.compare_balance(account, id, &entry)?;
            self.entries.push(id);
            Ok(())
        })?;
        match self.refunds.keys().next() {
            Some((_, id)) => off(format!("message {id} is to be refunded but the ledger has no entry")),
            None => Ok(()),
        }
    }

    /// Notes what an account has been charged so far, its block that begins with `first` included.
    pub(super) fn note_charged(&mut self, account: AccountNumber, first: u64) -> Result<(), Fault> {
        let account = self.account(account, first)?;
        account.charged_with.push((first, account.charged));
        Ok(())
    }

    /// An entry names the balance that all entries up to it and all charges before it come to. Ids count
    /// both.
    fn compare_balance(&mut self, number: AccountNumber, id: u64, entry: &LedgerEntry) -> Result<(), Fault> {
        let Some(kept) = entry.balance_after else { return Ok(()) };
        let account = self.account(number, id)?;
        let before = account.charged_with.partition_point(|(first, _)| *first < id);
        let charged = before.checked_sub(1).and_then(|last| account.charged_with.get(last));
        let counted = account.paid_in + account.refunded - charged.map_or(0, |(_, charged)| *charged);
        if kept.micros() != counted && self.wrong_balance.is_none() {
            let counted = Total::from_micros(counted);
            self.wrong_balance =
                Some(format!("ledger entry {id} says that {kept} were left, it led to {counted}"));
        }
        Ok(())
    }

    pub(super) fn read_receipts(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Receipts, |key, value| {
            let (account, id) = parse_account_id_key(key).ok_or_else(|| damaged(Family::Receipts, key))?;
            GatewayReceipt::read(value).ok_or_else(|| damaged(Family::Receipts, key))?;
            self.account(account, id)?;
            self.entries.push(id);
            self.report.receipts += 1;
            Ok(())
        })
    }

    pub(super) fn read_unmatched(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Unmatched, |key, value| {
            let (operator, id) =
                parse_operator_number_key(key).ok_or_else(|| damaged(Family::Unmatched, key))?;
            UnmatchedRow::read(value).ok_or_else(|| damaged(Family::Unmatched, key))?;
            self.check_operator(operator, || format!("unmatched receipt {id}"))?;
            self.entries.push(id);
            self.report.unmatched += 1;
            Ok(())
        })
    }
}
