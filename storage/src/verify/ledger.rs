//! Ledger entries, and the rows that take their ids from the same numbers: receipts.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;

use super::fault::{Fault, damaged, off, scan};
use super::{AccountCount, Count};
use crate::rows::{EntryKind, GatewayReceipt, LateRefund, LedgerEntry, Row, UnmatchedRow};
use crate::schema::{Family, parse_account_id_key, parse_operator_number_key};
use crate::store::Store;

impl Count {
    /// Every refund is asked for by one state, and every state that asks for one has it.
    pub(super) fn read_ledger(&mut self, store: &Store) -> Result<(), Fault> {
        self.accounts.values_mut().for_each(AccountCount::order_charges);
        scan(store, Family::Ledger, |key, value| {
            let (account, id) = parse_account_id_key(key).ok_or_else(|| damaged(Family::Ledger, key))?;
            let entry = LedgerEntry::read(value).ok_or_else(|| damaged(Family::Ledger, key))?;
            let micros = i128::from(entry.amount.micros());
            if entry.kind == EntryKind::Refund {
                let message_id = entry.reference.parse().unwrap_or(0);
                let asked = self.refunds.remove(&(account, message_id));
                if !asked.is_some_and(|asked| asked.is_met_by(&entry)) {
                    return off(format!(
                        "account {}: ledger entry {id} refunds message {message_id}, which asks for no such refund",
                        self.name_of(account)
                    ));
                }
                check_forfeits(store, account, &entry)?;
                self.account(account, id)?.refunded += micros;
            } else {
                self.account(account, id)?.paid_in += micros;
            }
            self.account(account, id)?.pockets.add_entry(id, &entry);
            self.compare_balance(account, id, &entry)?;
            self.entries.push(id);
            Ok(())
        })?;
        match self.refunds.keys().min() {
            Some((account, id)) => {
                let account = self.name_of(*account);
                off(format!(
                    "message {id} is to be refunded but the ledger of account {account} has no entry"
                ))
            }
            None => Ok(()),
        }
    }

    /// Notes what accounts have been charged with the block that begins with `first`.
    pub(super) fn note_charged(&mut self, first: u64) -> Result<(), Fault> {
        for (account, charged) in std::mem::take(&mut self.charged_in_block) {
            self.account(account, first)?.charged_with.push((first, charged));
        }
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

impl AccountCount {
    /// Brings charges into the order of ids and adds to each all before it: those of messages of accounts below were read
    /// among the others' blocks.
    fn order_charges(&mut self) {
        self.charged_with.sort_unstable_by_key(|(first, _)| *first);
        let mut sum = 0;
        for (_, charged) in &mut self.charged_with {
            sum += *charged;
            *charged = sum;
        }
    }
}

/// Only a bundle that says so keeps nothing of what comes back after its end.
fn check_forfeits(store: &Store, account: AccountNumber, entry: &LedgerEntry) -> Result<(), Fault> {
    for (bundle, _) in entry.units.iter().filter(|(_, units)| *units == 0) {
        let row = store.pockets().bundle(account, *bundle)?;
        if row.is_none_or(|row| row.late_refund != LateRefund::Forfeit) {
            let message = &entry.reference;
            return off(format!("the refund of message {message} forfeits units of bundle {}", bundle.0));
        }
    }
    Ok(())
}
