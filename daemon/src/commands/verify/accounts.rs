//! The money of each account, as the ledger and the wallets of a data directory have it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_storage::rows::{EntryKind, LedgerEntry, Row};
use tollgate_storage::schema::{Family, parse_account_id_key};
use tollgate_storage::store::{Store, Unavailable};

/// Sums over the ledger entries of one account.
#[derive(Default)]
struct Entries {
    opening_balance: Total,
    refunded: Total,
}

/// Every account with its opening balance, refunds and balance, in the order of the accounts' numbers.
pub fn accounts(store: &Store) -> Result<Vec<Value>, Unavailable> {
    let entries = entries(store)?;
    let wallets: BTreeMap<_, _> = store.wallets().all()?.into_iter().collect();
    let accounts = store.provisioned().accounts()?.into_iter().map(|(number, row)| {
        let of = |sum: fn(&Entries) -> Total| entries.get(&number).map(sum).unwrap_or_default();
        let balance = wallets.get(&number).map(|state| state.balance).unwrap_or_default();
        json!({
            "account": row.id,
            "currency": row.currency,
            "opening_balance": of(|entries| entries.opening_balance).to_string(),
            "refunded": of(|entries| entries.refunded).to_string(),
            "balance": balance.to_string(),
        })
    });
    Ok(accounts.collect())
}

fn entries(store: &Store) -> Result<BTreeMap<AccountNumber, Entries>, Unavailable> {
    let mut entries: BTreeMap<AccountNumber, Entries> = BTreeMap::new();
    store.scan(Family::Ledger, &[], |key, value| {
        let entry = parse_account_id_key(key).zip(LedgerEntry::read(value));
        if let Some(((account, _), entry)) = entry {
            let of_account = entries.entry(account).or_default();
            let sum = match entry.kind {
                EntryKind::OpeningBalance => &mut of_account.opening_balance,
                EntryKind::Refund => &mut of_account.refunded,
                EntryKind::TopUp
                | EntryKind::Adjustment
                | EntryKind::InvoicePayment
                | EntryKind::BundlePurchase
                | EntryKind::BundleGrant
                | EntryKind::BundleExpiry
                | EntryKind::BundleRollover
                | EntryKind::BundleConsumption
                | EntryKind::CommissionPayout
                | EntryKind::TransferIn
                | EntryKind::TransferOut
                | EntryKind::Payment
                | EntryKind::PaymentRefund
                | EntryKind::Dispute
                | EntryKind::Subscription
                | EntryKind::CreditNote
                | EntryKind::Tax => return true,
            };
            *sum += entry.amount;
        }
        true
    })?;
    Ok(entries)
}
