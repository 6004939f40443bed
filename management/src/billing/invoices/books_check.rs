//! The proof that invoices are charges and that what is paid of them is money: what each sent invoice says of its period is counted
//! again from the books, and what it says of its payments from their entries, less what has gone back of them.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_payments::record::{BY_ID, PaymentRecord};
use tollgate_storage::rows::{EntryKind, LedgerEntry, Row};
use tollgate_storage::schema::Family;
use tollgate_storage::store::{Store, Unavailable};

use super::record::{BY_NUMBER, InvoiceRecord, refund_key};
use crate::collections::{CREDIT_NOTES, INVOICES, PAYMENTS};
use tollgate_api::invoices::InvoiceStatus;

/// Counts the charges of every sent invoice again, and compares them with what it says. `Err` is the first thing that is off; `Ok`
/// is the number of invoices.
pub fn check_books(store: &Store) -> Result<u64, String> {
    let accounts = store.provisioned().accounts().map_err(|error| error.to_string())?;
    let numbers: BTreeMap<_, _> = accounts.iter().map(|(number, row)| (row.id.clone(), *number)).collect();
    let (mut issued, mut fault) = (Vec::new(), None);
    let read = store.documents().list(INVOICES, BY_NUMBER.as_bytes(), None, |key, row| {
        match serde_json::from_slice::<InvoiceRecord>(&row.body) {
            Ok(record) => issued.extend(Some(record).filter(is_issued)),
            Err(error) => fault = Some(format!("invoice {}: {error}", String::from_utf8_lossy(key))),
        }
        fault.is_none()
    });
    read.map_err(|error| error.to_string())?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let paid = PaidIn::read(store)?;
    for record in &issued {
        let checked = check(store, &numbers, record).and_then(|()| paid.check(record));
        checked.map_err(|what| format!("invoice {}: {what}", record.number))?;
    }
    Ok(issued.len() as u64)
}

fn is_issued(record: &InvoiceRecord) -> bool {
    record.is_owed() || record.status == InvoiceStatus::Paid
}

fn check(
    store: &Store,
    numbers: &BTreeMap<String, AccountNumber>,
    record: &InvoiceRecord,
) -> Result<(), String> {
    if !record.is_sound() {
        return Err("it has changed since it was sent".to_owned());
    }
    let lines: i128 = record.content.lines.iter().map(|line| i128::from(line.total.0.micros())).sum();
    let (total, exact) = (i128::from(record.content.total.0.micros()), i128::from(record.exact().0.micros()));
    if lines != total {
        return Err(format!("its lines come to {lines} millionths, and its total is {total}"));
    }
    let Some(account) = numbers.get(&record.account) else {
        return Err(format!("account {} has no books", record.account));
    };
    let counted = charged(store, *account, &record.period()).map_err(|error| error.to_string())?;
    if counted != exact {
        return Err(format!("it says {exact} millionths, and the books have {counted} for its period"));
    }
    Ok(())
}

/// The money that came for each invoice, less what has gone back of it, in millionths.
struct PaidIn(BTreeMap<String, i128>);

impl PaidIn {
    fn read(store: &Store) -> Result<Self, String> {
        let (mut sums, mut by_payment) = (BTreeMap::<String, i128>::new(), BTreeMap::new());
        let read = store.scan(Family::Ledger, &[], |_, value| {
            let entry = LedgerEntry::read(value).filter(|entry| entry.kind == EntryKind::InvoicePayment);
            if let Some(entry) = entry
                && let Some(number) = invoice_of(&entry.metadata)
            {
                *sums.entry(number.clone()).or_default() += i128::from(entry.amount.micros());
                by_payment.insert(entry.reference, number);
            }
            true
        });
        read.map_err(|error| error.to_string())?;
        let read = store.documents().list(PAYMENTS, BY_ID.as_bytes(), None, |_, row| {
            let payment = serde_json::from_slice::<PaymentRecord>(&row.body).ok();
            if let Some(payment) = payment
                && let Some(number) = by_payment.get(&payment.id)
            {
                let gone = [payment.refunded, payment.disputed].map(|gone| i128::from(gone.0.micros()));
                *sums.entry(number.clone()).or_default() -= gone.iter().sum::<i128>();
            }
            true
        });
        read.map_err(|error| error.to_string())?;
        Ok(Self(sums))
    }

    fn check(&self, record: &InvoiceRecord) -> Result<(), String> {
        // An earlier version has not noted what was more than open.
        let Some(beyond) = record.paid_beyond else { return Ok(()) };
        let counted = self.0.get(&record.number).copied().unwrap_or_default();
        let paid = [record.amount_paid, beyond].iter().map(|part| i128::from(part.0.micros())).sum::<i128>();
        if paid == counted {
            return Ok(());
        }
        Err(format!("it says that {paid} millionths were paid for it, and its payments come to {counted}"))
    }
}

/// The number of the invoice that the metadata of an entry name.
fn invoice_of(metadata: &str) -> Option<String> {
    let named: serde_json::Value = serde_json::from_str(metadata).ok()?;
    named.get("invoice_number")?.as_str().map(ToOwned::to_owned)
}

/// The charges of an account in a period, less what was given back in it and is on no credit note, in millionths.
fn charged(store: &Store, account: AccountNumber, period: &Range<UnixMicros>) -> Result<i128, Unavailable> {
    let ids = store.commits().ids_of(period)?;
    let mut sum = 0;
    store.history().charges_up(account, &ids, |cdr, _| {
        if period.contains(&cdr.header.submitted_at) {
            sum += i128::from(cdr.fields.amount.micros());
        }
        ControlFlow::Continue(())
    })?;
    store.history().charges_below(account, &ids, |cdr, paid| {
        if let Some(paid) = paid.filter(|_| period.contains(&cdr.header.submitted_at)) {
            sum += i128::from(paid.postings.posting.amount.micros());
        }
        ControlFlow::Continue(())
    })?;
    let mut refunds = Vec::new();
    store.history().entries_up(account, &ids, |id, entry| {
        if entry.kind == EntryKind::Refund && period.contains(&entry.at) {
            refunds.push((id, i128::from(entry.amount.micros())));
        }
        ControlFlow::Continue(())
    })?;
    for (id, micros) in refunds {
        if store.documents().get(CREDIT_NOTES, refund_key(id).as_bytes())?.is_none() {
            sum -= micros;
        }
    }
    Ok(sum)
}
