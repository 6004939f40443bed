//! The proof that payments and ledgers agree, from a data directory alone: every payment that has succeeded has exactly one entry
//! of its amount, refunds and lost disputes have theirs, and no entry of these kinds is without what it is for.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use tollgate_api::payments::{PaymentRefundState, PaymentState};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_storage::rows::{EntryKind, LedgerEntry, Row};
use tollgate_storage::schema::{Collection, Family, parse_account_id_key};
use tollgate_storage::store::{Store, Unavailable};

use crate::record::{BY_ID, DisputeRecord, PaymentRecord, RefundRecord};
use crate::share;

/// The collections that hold what is proved.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Payments, by id below their prefix.
    pub payments: Collection,
    /// Refunds, by payment and id.
    pub refunds: Collection,
    /// Disputes, by payment and id.
    pub disputes: Collection,
}

/// The counts of what was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoneyInReport {
    /// Payments of all states.
    pub payments: u64,
    /// Those that have succeeded.
    pub succeeded: u64,
    /// Refunds of all states.
    pub refunds: u64,
    /// Disputes of all states.
    pub disputes: u64,
}

/// The entries of one payment, refund or dispute.
#[derive(Clone, Debug, Default)]
struct Entries {
    account: Option<AccountNumber>,
    count: u64,
    sum: Total,
}

/// Entries by the kind and the reference that they have.
type Posted = BTreeMap<(EntryKind, String), Entries>;

/// The first thing that is off, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyInFault(pub String);

/// Counts all payments, refunds and disputes again from the ledger.
pub fn verify(store: &Store, places: Places) -> Result<Result<MoneyInReport, MoneyInFault>, Unavailable> {
    let mut posted = posted(store)?;
    let numbers: BTreeMap<String, AccountNumber> =
        store.provisioned().accounts()?.into_iter().map(|(number, row)| (row.id.clone(), number)).collect();
    let payments: Vec<PaymentRecord> = all(store, places.payments, BY_ID)?;
    let refunds: Vec<RefundRecord> = all(store, places.refunds, "")?;
    let disputes: Vec<DisputeRecord> = all(store, places.disputes, "")?;
    Ok(compare(&mut posted, &numbers, &payments, &refunds, &disputes))
}

fn compare(
    posted: &mut Posted,
    numbers: &BTreeMap<String, AccountNumber>,
    payments: &[PaymentRecord],
    refunds: &[RefundRecord],
    disputes: &[DisputeRecord],
) -> Result<MoneyInReport, MoneyInFault> {
    let mut report = MoneyInReport::default();
    check_shares(posted, numbers, payments, refunds, disputes)?;
    let sums = Sums::of(refunds, disputes);
    for payment in payments {
        report.payments += 1;
        let kinds = [EntryKind::Payment, EntryKind::InvoicePayment];
        let found: Vec<Entries> =
            kinds.iter().filter_map(|kind| posted.remove(&(*kind, payment.id.clone()))).collect();
        let is_paid = payment.state == PaymentState::Succeeded;
        report.succeeded += u64::from(is_paid);
        let received = payment.received.filter(|_| is_paid).map_or(Amount::ZERO, |received| received.0);
        let counts: &[u64] = if is_paid { &[1] } else { &[0] };
        let moved = Moved {
            what: "payment",
            id: &payment.id,
            account: &payment.account,
            sum: received.into(),
            counts,
        };
        moved.check(numbers, &found)?;
        sums.check(payment)?;
    }
    for refund in refunds {
        report.refunds += 1;
        let found: Vec<Entries> =
            posted.remove(&(EntryKind::PaymentRefund, refund.id.clone())).into_iter().collect();
        let is_gone = refund.state != PaymentRefundState::Failed;
        Moved::out("refund", (&refund.id, &refund.account), refund.amount.0, is_gone)
            .check(numbers, &found)?;
    }
    for dispute in disputes {
        report.disputes += 1;
        let found: Vec<Entries> =
            posted.remove(&(EntryKind::Dispute, dispute.id.clone())).into_iter().collect();
        Moved::out("dispute", (&dispute.id, &dispute.account), dispute.amount.0, dispute.is_taken)
            .check(numbers, &found)?;
    }
    // An invoice may be paid without a payment, by hand.
    match posted.keys().find(|(kind, _)| *kind != EntryKind::InvoicePayment) {
        Some((kind, reference)) => Err(MoneyInFault(format!(
            "a ledger entry of kind {} names `{reference}`, which there is not",
            kind.name()
        ))),
        None => Ok(report),
    }
}

/// Counts the shares that accounts above have of payments again, and takes their entries out of those that are posted.
fn check_shares(
    posted: &mut Posted,
    numbers: &BTreeMap<String, AccountNumber>,
    payments: &[PaymentRecord],
    refunds: &[RefundRecord],
    disputes: &[DisputeRecord],
) -> Result<(), MoneyInFault> {
    let payment_of: BTreeMap<&str, &str> = (refunds.iter().map(|refund| (&*refund.id, &*refund.payment)))
        .chain(disputes.iter().map(|dispute| (&*dispute.id, &*dispute.payment)))
        .collect();
    let is_share = |kind: EntryKind, reference: &str| {
        kind != EntryKind::InvoicePayment && share::named(reference).is_some()
    };
    let mut shares: BTreeMap<(String, String), Entries> = BTreeMap::new();
    for ((_, reference), entries) in posted.extract_if(.., |(kind, reference), _| is_share(*kind, reference))
    {
        let Some((id, account)) = share::named(&reference) else { continue };
        let payment = payment_of.get(id).copied().unwrap_or(id);
        let sum = shares.entry((payment.to_owned(), account.to_owned())).or_default();
        let is_other = entries.account.as_ref() != numbers.get(account);
        if is_other {
            return Err(MoneyInFault(format!(
                "a share of payment {payment} is not in the ledger of {account}"
            )));
        }
        sum.sum += entries.sum;
    }
    for payment in payments {
        for share in &payment.shares {
            let (left, key) = (share::left(share, payment), (payment.id.clone(), share.account.clone()));
            let held = shares.remove(&key).unwrap_or_default().sum;
            if held != Total::from(left) {
                return Err(MoneyInFault(format!(
                    "account {} is to have {left} of payment {}, and its ledger entries come to {held}",
                    share.account, payment.id
                )));
            }
        }
    }
    match shares.into_keys().next() {
        Some((payment, account)) => Err(MoneyInFault(format!(
            "account {account} has ledger entries of payment {payment}, of which it has no share"
        ))),
        None => Ok(()),
    }
}

/// The money that a document says its ledger entries have moved.
struct Moved<'d> {
    what: &'d str,
    id: &'d str,
    account: &'d str,
    sum: Total,
    /// The numbers of entries that it may have.
    counts: &'d [u64],
}

impl<'d> Moved<'d> {
    /// Of an amount that is gone from the wallet, or came back to it if it was ever gone.
    fn out(what: &'d str, (id, account): (&'d str, &'d str), amount: Amount, is_gone: bool) -> Self {
        let (sum, counts): (Total, &[u64]) =
            if is_gone { (Total::ZERO.minus(amount), &[1]) } else { (Total::ZERO, &[0, 2]) };
        Self { what, id, account, sum, counts }
    }

    fn check(
        &self,
        numbers: &BTreeMap<String, AccountNumber>,
        found: &[Entries],
    ) -> Result<(), MoneyInFault> {
        let Self { what, id, account, sum, counts } = self;
        let counted: u64 = found.iter().map(|entries| entries.count).sum();
        let moved = found.iter().fold(Total::ZERO, |moved, entries| moved.plus(entries.sum));
        if moved != *sum || !counts.contains(&counted) {
            return Err(MoneyInFault(format!(
                "{what} {id} of account {account} is to have moved {sum}, and {counted} ledger entries have moved {moved}"
            )));
        }
        let number = numbers.get(*account);
        if found.iter().any(|entries| entries.account.as_ref() != number) {
            return Err(MoneyInFault(format!(
                "{what} {id} of account {account} has a ledger entry of another account"
            )));
        }
        Ok(())
    }
}

/// The sums that refunds and disputes have taken of each payment.
struct Sums<'d> {
    refunded: BTreeMap<&'d str, Total>,
    disputed: BTreeMap<&'d str, Total>,
}

impl<'d> Sums<'d> {
    fn of(refunds: &'d [RefundRecord], disputes: &'d [DisputeRecord]) -> Self {
        let mut sums = Self { refunded: BTreeMap::new(), disputed: BTreeMap::new() };
        for refund in refunds.iter().filter(|refund| refund.state != PaymentRefundState::Failed) {
            *sums.refunded.entry(&refund.payment).or_default() += refund.amount.0;
        }
        for dispute in disputes.iter().filter(|dispute| dispute.is_taken) {
            *sums.disputed.entry(&dispute.payment).or_default() += dispute.amount.0;
        }
        sums
    }

    /// The sums on a payment against its refunds and disputes.
    fn check(&self, payment: &PaymentRecord) -> Result<(), MoneyInFault> {
        let of = |sums: &BTreeMap<&str, Total>| sums.get(payment.id.as_str()).copied().unwrap_or_default();
        let (refunded, disputed) = (of(&self.refunded), of(&self.disputed));
        if refunded == Total::from(payment.refunded.0) && disputed == Total::from(payment.disputed.0) {
            return Ok(());
        }
        Err(MoneyInFault(format!(
            "payment {} says that {} was refunded and {} lost, and its refunds are {refunded} and its lost disputes {disputed}",
            payment.id, payment.refunded.0, payment.disputed.0
        )))
    }
}

fn posted(store: &Store) -> Result<Posted, Unavailable> {
    let mut posted = Posted::new();
    store.scan(Family::Ledger, &[], |key, value| {
        let Some(((account, _), entry)) = parse_account_id_key(key).zip(LedgerEntry::read(value)) else {
            return true;
        };
        let is_ours = matches!(
            entry.kind,
            EntryKind::Payment | EntryKind::PaymentRefund | EntryKind::Dispute | EntryKind::InvoicePayment
        );
        if is_ours {
            let entries = posted.entry((entry.kind, entry.reference)).or_default();
            entries.account = Some(account);
            entries.count += 1;
            entries.sum += entry.amount;
        }
        true
    })?;
    Ok(posted)
}

fn all<T: DeserializeOwned>(
    store: &Store,
    collection: Collection,
    prefix: &str,
) -> Result<Vec<T>, Unavailable> {
    let (mut items, mut fault) = (Vec::new(), None);
    store.documents().list(collection, prefix.as_bytes(), None, |key, row| {
        match serde_json::from_slice(&row.body) {
            Ok(item) => items.push(item),
            Err(error) => {
                let key = String::from_utf8_lossy(key);
                fault = Some(format!("document {key} of collection {}: {error}", collection.0));
            }
        }
        fault.is_none()
    })?;
    fault.map_or(Ok(items), |fault| Err(Unavailable(fault)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn payment(change: &Value) -> PaymentRecord {
        let mut record = json!({
            "id": "pay_1", "account": "a", "provider": "manual", "purpose": { "kind": "top_up" }, "amount": "10.00",
            "currency": "USD", "state": "succeeded", "token": "t", "attempt": "att_1", "created_by": "user:x",
            "creator": "usr_1", "created_at": "2026-11-30T00:00:00Z", "updated_at": "2026-11-30T00:00:00Z",
            "received": "10.00",
        });
        record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(record).unwrap()
    }

    fn refund(state: &str) -> RefundRecord {
        let record = json!({
            "id": "ref_1", "payment": "pay_1", "account": "a", "provider": "manual", "amount": "4.00", "currency": "USD",
            "state": state, "reason": "r", "created_by": "user:x", "created_at": "2026-11-30T00:00:00Z",
            "updated_at": "2026-11-30T00:00:00Z", "is_taken": true,
        });
        serde_json::from_value(record).unwrap()
    }

    /// Entries of account 1, each with its kind, reference and millionths.
    fn judged(
        entries: &[(EntryKind, &str, i64)],
        payment: &PaymentRecord,
        refunds: &[RefundRecord],
    ) -> Result<MoneyInReport, MoneyInFault> {
        let mut posted = Posted::new();
        for (kind, reference, micros) in entries {
            let found = posted.entry((*kind, (*reference).to_owned())).or_default();
            found.account = Some(AccountNumber(if reference.ends_with("/b") { 2 } else { 1 }));
            found.count += 1;
            found.sum += Amount::from_micros(*micros);
        }
        let numbers =
            BTreeMap::from([("a".to_owned(), AccountNumber(1)), ("b".to_owned(), AccountNumber(2))]);
        compare(&mut posted, &numbers, std::slice::from_ref(payment), refunds, &[])
    }

    const PAID: (EntryKind, &str, i64) = (EntryKind::Payment, "pay_1", 10_000_000);
    const TAKEN: (EntryKind, &str, i64) = (EntryKind::PaymentRefund, "ref_1", -4_000_000);
    const GIVEN_BACK: (EntryKind, &str, i64) = (EntryKind::PaymentRefund, "ref_1", 4_000_000);

    #[test]
    fn books_that_agree_are_counted() {
        let paid = payment(&json!({}));
        assert_eq!(judged(&[PAID], &paid, &[]).unwrap().succeeded, 1);
        let refunded = payment(&json!({ "refunded": "4.00" }));
        assert_eq!(judged(&[PAID, TAKEN], &refunded, &[refund("pending")]).unwrap().refunds, 1);
        assert!(judged(&[PAID, TAKEN, GIVEN_BACK], &paid, &[refund("failed")]).is_ok());
        let open = payment(&json!({ "state": "processing", "received": null }));
        assert_eq!(judged(&[], &open, &[]).unwrap().succeeded, 0);
        // An invoice may be paid by hand, for another reason than a payment.
        assert!(judged(&[PAID, (EntryKind::InvoicePayment, "TRX 7", 1)], &paid, &[]).is_ok());
    }

    #[test]
    fn shares_of_accounts_above_go_back_with_the_payment() {
        let share = json!({ "account": "b", "amount": "5.00" });
        let paid = payment(&json!({ "shares": [share], "refunded": "4.00" }));
        let of_share = |kind, reference, micros| (kind, reference, micros);
        let entries = |taken: i64| {
            [
                PAID,
                TAKEN,
                of_share(EntryKind::Payment, "pay_1/b", 5_000_000),
                of_share(EntryKind::PaymentRefund, "ref_1/b", taken),
            ]
        };
        let judge = |entries: &[(EntryKind, &str, i64)]| judged(entries, &paid, &[refund("succeeded")]);
        assert_eq!(judge(&entries(-2_000_000)).unwrap().refunds, 1);
        judge(&entries(-1_999_999)).unwrap_err();
        judge(&[PAID, TAKEN]).unwrap_err();
        let none = payment(&json!({ "refunded": "4.00" }));
        judged(&entries(-2_000_000), &none, &[refund("succeeded")]).unwrap_err();
    }

    #[test]
    fn whatever_does_not_agree_is_named() {
        let (paid, open) = (payment(&json!({})), payment(&json!({ "state": "failed", "received": null })));
        let faults = [
            judged(&[], &paid, &[]),
            judged(&[PAID, PAID], &paid, &[]),
            judged(&[(EntryKind::Payment, "pay_1", 9_999_999)], &paid, &[]),
            judged(&[PAID], &open, &[]),
            judged(&[PAID], &payment(&json!({ "account": "b" })), &[]),
            judged(&[PAID, (EntryKind::Payment, "pay_2", 1)], &paid, &[]),
            judged(&[PAID], &payment(&json!({ "refunded": "4.00" })), &[refund("succeeded")]),
            judged(&[PAID, TAKEN, TAKEN], &payment(&json!({ "refunded": "4.00" })), &[refund("succeeded")]),
            judged(&[PAID, TAKEN], &paid, &[refund("failed")]),
            judged(&[PAID, TAKEN], &paid, &[refund("succeeded")]),
            judged(&[PAID, (EntryKind::Dispute, "dis_1", -1)], &paid, &[]),
        ];
        for (at, fault) in faults.into_iter().enumerate() {
            let fault = fault.map(drop).expect_err(&format!("case {at} must fail"));
            assert!(!fault.0.is_empty());
        }
    }
}
