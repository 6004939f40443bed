//! Receipts: those on their way to gateways, and those that match no message.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;

use crate::database::{Database, Unavailable, damaged};
use crate::rows::{GatewayReceipt, Row, UnmatchedRow};
use crate::schema::{
    Family, account_id_key, operator_key, parse_account_id_key, parse_operator_number_key, unmatched_key,
};

/// Reads receipts: those on their way to gateways, and those that match no message.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptRows<'a> {
    pub(super) database: &'a Database,
}

impl ReceiptRows<'_> {
    /// An account's receipts in the order in which they go to its gateways, those whose ids come after
    /// `after`; zero for all.
    pub fn after(
        &self,
        account: AccountNumber,
        after: u64,
        at_most: usize,
    ) -> Result<Vec<(u64, GatewayReceipt)>, Unavailable> {
        let mut receipts = Vec::new();
        let Some(first) = after.checked_add(1).filter(|_| at_most > 0) else { return Ok(receipts) };
        let end = [&account_id_key(account, u64::MAX)[..], &[0]].concat();
        self.database.range(Family::Receipts, &account_id_key(account, first)[..]..&end, |key, value| {
            let read = parse_account_id_key(key).zip(GatewayReceipt::read(value));
            let ((_, id), receipt) = read.ok_or_else(|| damaged(Family::Receipts))?;
            receipts.push((id, receipt));
            Ok(receipts.len() < at_most)
        })?;
        Ok(receipts)
    }

    /// Accounts that have receipts waiting for a gateway. Costs one look per account that has, whatever they
    /// hold.
    pub fn accounts(&self) -> Result<Vec<AccountNumber>, Unavailable> {
        let mut accounts = Vec::new();
        let mut start = Vec::new();
        loop {
            let mut found = None;
            self.database.range(Family::Receipts, &start[..]..&[u8::MAX; 13], |key, _| {
                let (account, _) = parse_account_id_key(key).ok_or_else(|| damaged(Family::Receipts))?;
                found = Some(account);
                Ok(false)
            })?;
            let Some(account) = found else { return Ok(accounts) };
            accounts.push(account);
            start = [&account_id_key(account, u64::MAX)[..], &[0]].concat();
        }
    }

    /// Receipts that belong to no message we know of, of one operator or of all of them, each operator's
    /// oldest first. The committer keeps a bounded number of them.
    pub fn unmatched(
        &self,
        operator: Option<OperatorNumber>,
    ) -> Result<Vec<(OperatorNumber, u64, UnmatchedRow)>, Unavailable> {
        let mut receipts = Vec::new();
        let last = operator.unwrap_or(OperatorNumber(u16::MAX));
        let start = operator.map_or_else(Vec::new, |operator| operator_key(operator).to_vec());
        let end = [&unmatched_key(last, u64::MAX)[..], &[0]].concat();
        self.database.range(Family::Unmatched, &start[..]..&end, |key, value| {
            let read = parse_operator_number_key(key).zip(UnmatchedRow::read(value));
            let ((operator, id), row) = read.ok_or_else(|| damaged(Family::Unmatched))?;
            receipts.push((operator, id, row));
            Ok(true)
        })?;
        Ok(receipts)
    }

    /// A receipt that belongs to no message we know of; `None` once it does.
    pub fn unmatched_row(
        &self,
        operator: OperatorNumber,
        id: u64,
    ) -> Result<Option<UnmatchedRow>, Unavailable> {
        self.database.row(Family::Unmatched, &unmatched_key(operator, id))
    }
}
