//! The content of an invoice, added up from the books.
//!
//! The time at which a message was submitted, or an entry of the ledger made, decides which period a charge or refund is in.
//! So each is in exactly one of consecutive periods, and the exact sum is that of the ledger and of usage. What a reseller's
//! wallet has paid for messages of accounts below it is in lines of its own. Lines are rounded as [`super::lines`] says.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::invoices::InvoicePayments;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::LevelCharge;
use tollgate_engine::money::Currency;
use tollgate_engine::network::Networks;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::store::Store;

use super::gathered::{Gathered, Refund, key_below, money, own_key};
use super::lines;
use super::record::{Content, refund_key};
use crate::collections::CREDIT_NOTES;
use crate::context::Context;
use crate::problems::unavailable;
use tollgate_relay::snapshot::{ActiveAccount, Snapshot};

/// Refunds whose messages are looked up before more of the ledger is read.
const REFUNDS_AT_ONCE: usize = 10_000;

/// Reads from the books what invoices say.
#[derive(Debug)]
pub struct ContentReader {
    context: Arc<Context>,
    /// The names of tariff versions that were needed so far. A number stands for the same version for ever.
    tariff_versions: Mutex<HashMap<u32, String>>,
    stopping: AtomicBool,
}

impl ContentReader {
    /// Reads the books of `context`.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context, tariff_versions: Mutex::default(), stopping: AtomicBool::new(false) }
    }

    /// Ends reads early, because the process stops.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn check_stopping(&self) -> Answer<()> {
        if self.is_stopping() { Err(Problem::unavailable("the daemon is stopping")) } else { Ok(()) }
    }

    fn store(&self) -> &Store {
        self.context.store()
    }

    /// The content of an account's invoice for a period, as the books are now.
    pub fn read(&self, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<Content> {
        let number = account.runtime.wallet.number();
        // With one upper bound both reads see the same books, whatever is committed between them.
        let until = self.store().commits().next_id().map_err(|error| unavailable(&error))?;
        let ids = self.store().commits().ids_of(period).map_err(|error| unavailable(&error))?.below(until);
        let mut gathered = Gathered::default();
        let snapshot = self.context.core.snapshot.load_full();
        let networks = &snapshot.tables.networks;
        self.gather_charges((number, networks), (period, &ids), &mut gathered)?;
        self.gather_entries((number, networks), (period, ids), &mut gathered)?;
        self.content(&snapshot, account.provisioned.account.currency, &gathered)
    }

    fn gather_charges(
        &self,
        (account, networks): (AccountNumber, &Networks),
        (period, ids): (&Range<UnixMicros>, &IdRanges),
        gathered: &mut Gathered,
    ) -> Answer<()> {
        let read = self.store().history().charges_up(account, ids, |cdr, _| {
            if period.contains(&cdr.header.submitted_at) {
                gathered.charge(networks, cdr);
            }
            if self.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        read.map_err(|error| unavailable(&error))?;
        let read = self.store().history().charges_below(account, ids, |cdr, paid| {
            if let Some(paid) = paid.filter(|_| period.contains(&cdr.header.submitted_at)) {
                gathered.charge_below(networks, cdr, paid);
            }
            if self.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        read.map_err(|error| unavailable(&error))?;
        self.check_stopping()
    }

    fn gather_entries(
        &self,
        (account, networks): (AccountNumber, &Networks),
        (period, mut ids): (&Range<UnixMicros>, IdRanges),
        gathered: &mut Gathered,
    ) -> Answer<()> {
        loop {
            let (mut refunds, mut next) = (Vec::new(), None);
            let read = self.store().history().entries_up(account, &ids, |id, entry| {
                if period.contains(&entry.at) {
                    refunds.extend(gathered.entry(&entry).map(|refund| (id, refund)));
                }
                if refunds.len() < REFUNDS_AT_ONCE {
                    return ControlFlow::Continue(());
                }
                next = Some(id.saturating_add(1));
                ControlFlow::Break(())
            });
            read.map_err(|error| unavailable(&error))?;
            for (id, refund) in &refunds {
                if !self.is_credited(*id)? {
                    self.gather_refund((account, networks), refund, gathered)?;
                }
                self.check_stopping()?;
            }
            match next {
                Some(next) => ids = ids.not_below(next),
                None => return Ok(()),
            }
        }
    }

    /// True if a refund's entry is on a credit note.
    pub fn is_credited(&self, entry: u64) -> Answer<bool> {
        let found = self.store().documents().get(CREDIT_NOTES, refund_key(entry).as_bytes());
        found.map(|found| found.is_some()).map_err(|error| unavailable(&error))
    }

    fn gather_refund(
        &self,
        (account, networks): (AccountNumber, &Networks),
        refund: &Refund,
        gathered: &mut Gathered,
    ) -> Answer<()> {
        let read = |id| {
            let facts = |cdr: &Cdr<'_>| (own_key(networks, cdr), cdr.fields.segments);
            let own = self.store().messages().cdr(account, id, facts)?;
            let below = || {
                let facts =
                    |cdr: &Cdr<'_>, paid: &LevelCharge| (key_below(networks, cdr, paid), paid.segments);
                self.store().history().charge_below(account, id, facts)
            };
            own.map_or_else(below, |own| Ok(Some(own)))
        };
        let message = refund.message_id.map(read).transpose().map_err(|error| unavailable(&error))?.flatten();
        let segments = message.map_or(1, |(_, segments)| u64::from(segments));
        gathered.refunded.entry(message.map(|(key, _)| key)).or_default().add(segments, refund.amount);
        Ok(())
    }

    /// The lines of a credit note over refunds, each with the id of its message: by network and unit price, above zero, and rounded
    /// as those of an invoice.
    pub fn credit_lines(&self, account: &ActiveAccount, refunds: Vec<Refund>) -> Answer<lines::Lines> {
        let snapshot = self.context.core.snapshot.load_full();
        let (number, networks) = (account.runtime.wallet.number(), &snapshot.tables.networks);
        let mut gathered = Gathered::default();
        for refund in refunds {
            self.gather_refund((number, networks), &refund, &mut gathered)?;
        }
        Ok(lines::of(&snapshot, account.provisioned.account.currency, &gathered)?.negated())
    }

    /// The content of what was gathered.
    fn content(&self, snapshot: &Snapshot, currency: Currency, gathered: &Gathered) -> Answer<Content> {
        let lines::Lines { shown: lines, total, exact } = lines::of(snapshot, currency, gathered)?;
        let payments = InvoicePayments {
            top_ups: money(gathered.top_ups)?,
            adjustments: money(gathered.adjustments)?,
            invoice_payments: money(gathered.invoice_payments)?,
            taxes: money(gathered.taxes)?,
        };
        let tariff_versions = self.tariff_versions(&gathered.tariffs)?;
        Ok(Content { lines, total, exact: Some(exact), payments, tariff_versions })
    }

    /// The names of tariff versions by their numbers.
    fn tariff_versions(&self, numbers: &[u32]) -> Answer<Vec<String>> {
        let mut known = self.tariff_versions.lock();
        if numbers.iter().any(|number| !known.contains_key(number)) {
            let all = self.store().provisioned().tariffs().map_err(|error| unavailable(&error))?;
            known.extend(all.into_iter().map(|(number, row)| (number, row.version)));
        }
        Ok(numbers.iter().filter_map(|number| known.get(number).cloned()).collect())
    }
}
