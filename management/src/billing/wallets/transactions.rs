//! The transactions of an account as the API shows them: entries of the ledger, and CDRs, which are its debits, those of
//! messages of accounts below that it paid for among them. They are in the order of ids, which only count up, so that a page goes on where the one before ended.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_api::wallets::{Transaction, TransactionKind, TransactionStatus, TransactionsQuery};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::LevelCharge;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::number::Number;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::rows::{EntryKind, LedgerEntry};
use tollgate_storage::store::{self, Store, Unavailable};

use crate::messaging::paging::{Gathering, foreign_cursor};
use crate::problems::unavailable;
use tollgate_exports::sides::Viewer;
use tollgate_provisioning::texts;
use tollgate_relay::snapshot::ActiveAccount;

/// The account that transactions are of, and who looks at them.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Is told the money of messages as far as it is the viewer's side of them.
    pub viewer: Viewer,
    /// The number of its wallet.
    pub number: AccountNumber,
    /// The id of the account.
    pub id: Arc<str>,
    /// The currency of its wallet.
    pub currency: Currency,
}

impl Owner {
    /// An account in force, or one that was removed.
    pub fn of(account: &ActiveAccount, viewer: Viewer) -> Self {
        let provisioned = &account.provisioned.account;
        let id = Arc::clone(&provisioned.id);
        Self { viewer, number: account.runtime.wallet.number(), id, currency: provisioned.currency }
    }

    /// True if the viewer is told what the account paid for a message; `None` where it may not see the message.
    fn is_told(&self, cdr: &Cdr<'_>) -> Option<bool> {
        self.viewer.sides(cdr).map(|sides| sides.shows(self.number))
    }

    /// True if the viewer is told the amount of an entry: of a refund, if it is told what was paid.
    fn is_told_of(&self, store: &Store, entry: &LedgerEntry) -> Result<bool, Unavailable> {
        let Viewer::Reseller(own, _) = &self.viewer else { return Ok(true) };
        let message_id = entry.reference.parse().ok().filter(|_| entry.kind == EntryKind::Refund);
        let Some(message_id) = message_id.filter(|_| *own != self.number) else { return Ok(true) };
        let Some(sender) = store.commits().account_of(message_id)? else { return Ok(true) };
        let told = store.messages().cdr(sender, message_id, |cdr| self.is_told(cdr))?;
        Ok(told.flatten().unwrap_or(false))
    }
}

/// The transactions that a query asks for.
struct Wanted<'a> {
    owner: &'a Owner,
    kind: Option<TransactionKind>,
    amounts: (Option<Amount>, Option<Amount>),
    times: Range<UnixMicros>,
    /// The ids that transactions of these times may have.
    ids: IdRanges,
}

/// A page of them, the newest first.
pub fn list(store: &Store, owner: &Owner, query: &TransactionsQuery) -> Answer<Page<Transaction>> {
    let paging = query.paging()?;
    let after = paging.after.as_deref().map(|key| key.parse().map_err(|_| foreign_cursor())).transpose()?;
    let times =
        query.from.map_or(UnixMicros(0), |from| from.0)..query.to.map_or(UnixMicros(u64::MAX), |to| to.0);
    let ids = store.commits().ids_of(&times).map_err(|error| unavailable(&error))?;
    let wanted = Wanted {
        owner,
        kind: query.kind,
        amounts: (
            amount("min_amount", query.min_amount.as_deref())?,
            amount("max_amount", query.max_amount.as_deref())?,
        ),
        times,
        ids: ids.below(after.unwrap_or(u64::MAX)),
    };
    let (mut gathering, mut failed) = (Gathering::new(&paging), None);
    let walked = wanted.walk(store, |found| {
        let item = match wanted.told(store, &found) {
            Ok(told) => told.map(|is_told| {
                let found = &found;
                move || view(owner, found, is_told)
            }),
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        };
        gathering.look(|| found.id().to_string(), item)
    });
    walked.and(failed.map_or(Ok(()), Err)).map_err(|error| unavailable(&error))?;
    let Page { items, next_cursor, total } = gathering.finish()?;
    let items = items.into_iter().map(|found| named(store, found)).collect::<Answer<_>>()?;
    Ok(Page { items, next_cursor, total })
}

/// One of them.
pub fn find(store: &Store, owner: &Owner, id: u64) -> Answer<Option<Transaction>> {
    let number = owner.number;
    let mut found = None;
    let read = store.history().entries_up(number, &(id..id.saturating_add(1)).into(), |id, entry| {
        found = Some((of_entry(owner, id, &entry), entry));
        ControlFlow::Break(())
    });
    read.map_err(|error| unavailable(&error))?;
    if let Some((transaction, entry)) = found {
        let is_told = owner.is_told_of(store, &entry).map_err(|error| unavailable(&error))?;
        return Ok(Some(told(transaction, is_told)));
    }
    let read = |cdr: &Cdr<'_>| Some(told(of_charge(owner, cdr), owner.is_told(cdr)?));
    if let Some(charge) = store.messages().cdr(number, id, read).map_err(|error| unavailable(&error))? {
        return Ok(charge);
    }
    let read = |cdr: &Cdr<'_>, paid: &LevelCharge| {
        let (transaction, sender) = of_charge_below(owner, cdr, paid);
        Some((told(transaction, owner.is_told(cdr)?), sender))
    };
    let found = store.history().charge_below(number, id, read).map_err(|error| unavailable(&error))?;
    found.flatten().map(|found| named(store, found)).transpose()
}

impl Wanted<'_> {
    /// Visits them, the newest first. CDRs and the ledger are read only where the kind may be found there.
    fn walk(
        &self,
        store: &Store,
        mut visit: impl FnMut(store::Transaction<'_>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        let number = self.owner.number;
        match self.kind {
            None => store.history().transactions_down(number, &self.ids, visit),
            Some(TransactionKind::SmsDebit) => store.history().all_charges_down(number, &self.ids, visit),
            Some(_) => store
                .history()
                .entries_down(number, &self.ids, |id, entry| visit(store::Transaction::Entry(id, entry))),
        }
    }

    /// True if the viewer is told the amount of a transaction that is asked for; `None` for one that is not, or that the viewer
    /// may not see. An amount that it is not told is never within the bounds that it asks for.
    fn told(&self, store: &Store, found: &store::Transaction<'_>) -> Result<Option<bool>, Unavailable> {
        if !self.has(found) {
            return Ok(None);
        }
        let is_told = match found {
            store::Transaction::Entry(_, entry) => Some(self.owner.is_told_of(store, entry)?),
            store::Transaction::Charge(cdr, _) | store::Transaction::Below(cdr, _) => self.owner.is_told(cdr),
        };
        let (least, most) = self.amounts;
        let asks_amount = least.is_some() || most.is_some();
        Ok(is_told.filter(|is_told| *is_told || !asks_amount))
    }

    fn has(&self, transaction: &store::Transaction<'_>) -> bool {
        let (kind, amount) = match transaction {
            store::Transaction::Entry(_, entry) => (kind_of(entry.kind), entry.amount),
            store::Transaction::Charge(cdr, _) => (TransactionKind::SmsDebit, debited(cdr)),
            store::Transaction::Below(cdr, Some(paid)) => {
                (TransactionKind::SmsDebit, debited_below(cdr, paid))
            }
            store::Transaction::Below(_, None) => return false,
        };
        let (least, most) = self.amounts;
        self.times.contains(&transaction.at())
            && self.kind.is_none_or(|wanted| wanted == kind)
            && least.is_none_or(|least| amount >= least)
            && most.is_none_or(|most| amount <= most)
    }
}

fn amount(field: &str, text: Option<&str>) -> Answer<Option<Amount>> {
    text.map(texts::amount).transpose().map_err(|message| Problem::field(field, message))
}

/// A transaction, and the account below that sent its message, which is not named in it yet.
type Found = (Transaction, Option<AccountNumber>);

fn view(owner: &Owner, transaction: &store::Transaction<'_>, is_told: bool) -> Found {
    let (transaction, sender) = match transaction {
        store::Transaction::Entry(id, entry) => (of_entry(owner, *id, entry), None),
        store::Transaction::Charge(cdr, _) => (of_charge(owner, cdr), None),
        store::Transaction::Below(cdr, Some(paid)) => of_charge_below(owner, cdr, paid),
        store::Transaction::Below(cdr, None) => {
            unreachable!("message {} of an account below was not paid for", cdr.message_id)
        }
    };
    (told(transaction, is_told), sender)
}

/// A transaction, without the amount where it is not told.
fn told(transaction: Transaction, is_told: bool) -> Transaction {
    let Transaction { amount, commission, .. } = transaction;
    let told = |money: Option<Money>| money.filter(|_| is_told);
    Transaction { amount: told(amount), commission: told(commission), ..transaction }
}

/// Names the account below that sent the message, whether it is still there or not.
fn named(store: &Store, (transaction, sender): Found) -> Answer<Transaction> {
    let Some(number) = sender else { return Ok(transaction) };
    let row = store.provisioned().account(number).map_err(|error| unavailable(&error))?;
    let row = row.ok_or_else(|| Problem::internal("an account below a reseller has no books"))?;
    Ok(Transaction { sent_by: Some(row.id), ..transaction })
}

fn of_entry(owner: &Owner, id: u64, entry: &LedgerEntry) -> Transaction {
    let is_refund = entry.kind == EntryKind::Refund;
    Transaction {
        kind: kind_of(entry.kind),
        amount: Some(Money(entry.amount)),
        reference: entry.reference.clone(),
        details: entry.details.clone(),
        metadata: serde_json::from_str(&entry.metadata).ok(),
        actor: entry.actor.clone(),
        balance_after: entry.balance_after.map(MoneySum),
        message_id: is_refund.then(|| entry.reference.clone()),
        units: (!entry.units.is_empty()).then(|| entry.units.iter().map(|(_, units)| units).sum()),
        commission: Some(entry.commission).filter(|moved| *moved != Amount::ZERO).map(Money),
        ..plain(owner, id, entry.at)
    }
}

/// The charge of a message, for people.
fn sent(segments: u8, destination: &Number) -> String {
    let noun = if segments == 1 { "segment" } else { "segments" };
    format!("{segments} {noun} to {destination}")
}

fn of_charge(owner: &Owner, cdr: &Cdr<'_>) -> Transaction {
    Transaction {
        amount: Some(Money(debited(cdr))),
        reference: cdr.message_id.to_string(),
        details: sent(cdr.fields.segments, &cdr.fields.destination),
        message_id: Some(cdr.message_id.to_string()),
        ..plain(owner, cdr.message_id, cdr.header.submitted_at)
    }
}

/// The debit of a message of an account below, at this account's price. The price of the one below is not in it.
fn of_charge_below(owner: &Owner, cdr: &Cdr<'_>, paid: &LevelCharge) -> Found {
    let transaction = Transaction {
        amount: Some(Money(debited_below(cdr, paid))),
        reference: cdr.message_id.to_string(),
        details: sent(paid.segments, &cdr.fields.destination),
        message_id: Some(cdr.message_id.to_string()),
        ..plain(owner, cdr.message_id, cdr.header.submitted_at)
    };
    (transaction, Some(cdr.account))
}

/// A debit of zero, which the callers fill in.
fn plain(owner: &Owner, id: u64, at: UnixMicros) -> Transaction {
    Transaction {
        id: id.to_string(),
        account: owner.id.to_string(),
        kind: TransactionKind::SmsDebit,
        amount: Some(Money::default()),
        currency: CurrencyCode(owner.currency),
        status: TransactionStatus::Completed,
        reference: String::new(),
        details: String::new(),
        metadata: None,
        actor: String::new(),
        at: Time(at),
        balance_after: None,
        message_id: None,
        sent_by: None,
        units: None,
        commission: None,
    }
}

/// The kind of transaction that an entry is.
pub fn kind_of(kind: EntryKind) -> TransactionKind {
    match kind {
        EntryKind::OpeningBalance => TransactionKind::OpeningBalance,
        EntryKind::TopUp => TransactionKind::TopUp,
        EntryKind::Refund => TransactionKind::Refund,
        EntryKind::Adjustment => TransactionKind::Adjustment,
        EntryKind::InvoicePayment => TransactionKind::InvoicePayment,
        EntryKind::BundlePurchase => TransactionKind::BundlePurchase,
        EntryKind::BundleGrant => TransactionKind::BundleGrant,
        EntryKind::BundleExpiry => TransactionKind::BundleExpiry,
        EntryKind::BundleRollover => TransactionKind::BundleRollover,
        EntryKind::BundleConsumption => TransactionKind::BundleConsumption,
        EntryKind::CommissionPayout => TransactionKind::CommissionPayout,
        EntryKind::TransferIn => TransactionKind::TransferIn,
        EntryKind::TransferOut => TransactionKind::TransferOut,
        EntryKind::Payment => TransactionKind::Payment,
        EntryKind::PaymentRefund => TransactionKind::PaymentRefund,
        EntryKind::Dispute => TransactionKind::Dispute,
        EntryKind::Subscription => TransactionKind::Subscription,
        EntryKind::CreditNote => TransactionKind::CreditNote,
        EntryKind::Tax => TransactionKind::Tax,
    }
}

/// A charge as an entry that takes money.
fn debited(cdr: &Cdr<'_>) -> Amount {
    negative(cdr.message_id, cdr.fields.amount)
}

fn debited_below(cdr: &Cdr<'_>, paid: &LevelCharge) -> Amount {
    negative(cdr.message_id, paid.postings.posting.amount)
}

fn negative(message_id: u64, price: Amount) -> Amount {
    let negative = price.checked_neg();
    assert!(negative.is_some(), "CDR {message_id} has a price below zero");
    negative.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "CDR 7 has a price below zero")]
    fn a_price_without_an_opposite_is_impossible() {
        negative(7, Amount::from_micros(i64::MIN));
    }
}
