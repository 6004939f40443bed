//! The content of an invoice, added up from the books.
//!
//! The time at which a message was submitted, or an entry of the ledger made, decides which period a charge or refund is in.
//! So each is in exactly one of consecutive periods, and the total is that of the ledger and of usage. What a reseller's wallet
//! has paid for messages of accounts below it is in lines of its own.

use std::collections::{BTreeMap, HashMap};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::invoices::{InvoiceLine, InvoicePayments, LineCategory, LineDetails};
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::LevelCharge;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::{CountryId, NetworkCode, Networks};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::rows::{EntryKind, LedgerEntry};
use tollgate_storage::store::Store;

use super::record::Content;
use crate::billing::ratio::average;
use crate::context::Context;
use crate::problems::unavailable;
use tollgate_relay::snapshot::{ActiveAccount, Snapshot};

/// Refunds whose messages are looked up before more of the ledger is read.
const REFUNDS_AT_ONCE: usize = 10_000;

/// A network, and the country of the numbers in it: operators of one country have numbers of others.
type Place = (NetworkCode, Option<CountryId>);

/// The messages of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    /// True for those of accounts below, which the account paid for as a reseller.
    is_resale: bool,
    place: Place,
}

/// Money that moved in a period. Sums are wider than an amount, so that none of them overflows on the way.
#[derive(Debug, Default)]
struct Gathered {
    charged: BTreeMap<LineKey, Sum>,
    /// Refunds; `None` if the message cannot be found.
    refunded: BTreeMap<Option<LineKey>, Sum>,
    tariffs: Vec<u32>,
    top_ups: i128,
    adjustments: i128,
    invoice_payments: i128,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    messages: u64,
    segments: u64,
    micros: i128,
}

/// A refund whose message has not been looked up yet.
struct Refund {
    message_id: Option<u64>,
    amount: Amount,
}

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
        self.content(&snapshot, gathered)
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
                    refunds.extend(gathered.entry(&entry));
                }
                if refunds.len() < REFUNDS_AT_ONCE {
                    return ControlFlow::Continue(());
                }
                next = Some(id.saturating_add(1));
                ControlFlow::Break(())
            });
            read.map_err(|error| unavailable(&error))?;
            for refund in &refunds {
                self.gather_refund((account, networks), refund, gathered)?;
                self.check_stopping()?;
            }
            match next {
                Some(next) => ids = ids.not_below(next),
                None => return Ok(()),
            }
        }
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
        let segments = message.map_or(0, |(_, segments)| u64::from(segments));
        gathered.refunded.entry(message.map(|(key, _)| key)).or_default().add(segments, refund.amount);
        Ok(())
    }

    fn content(&self, snapshot: &Snapshot, gathered: Gathered) -> Answer<Content> {
        let Gathered { charged, refunded, tariffs, top_ups, adjustments, invoice_payments } = gathered;
        let mut lines = Vec::with_capacity(charged.len() + refunded.len());
        let mut total = 0;
        for (key, sum) in charged {
            total += sum.micros;
            lines.push(line(snapshot, Some(key), sum, false)?);
        }
        for (key, sum) in refunded {
            let sum = Sum { micros: -sum.micros, ..sum };
            total += sum.micros;
            lines.push(line(snapshot, key, sum, true)?);
        }
        let payments = InvoicePayments {
            top_ups: money(top_ups)?,
            adjustments: money(adjustments)?,
            invoice_payments: money(invoice_payments)?,
        };
        Ok(Content {
            lines,
            total: money(total)?,
            payments,
            tariff_versions: self.tariff_versions(&tariffs)?,
        })
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

impl Gathered {
    fn charge(&mut self, networks: &Networks, cdr: &Cdr<'_>) {
        let sum = self.charged.entry(own_key(networks, cdr)).or_default();
        sum.add(u64::from(cdr.fields.segments), cdr.fields.amount);
        self.priced_by(cdr.header.tariff);
    }

    /// Adds what the account paid for a message of an account below it.
    fn charge_below(&mut self, networks: &Networks, cdr: &Cdr<'_>, paid: &LevelCharge) {
        let sum = self.charged.entry(key_below(networks, cdr, paid)).or_default();
        sum.add(u64::from(paid.segments), paid.postings.posting.amount);
        self.priced_by(cdr.header.tariff);
    }

    fn priced_by(&mut self, tariff: u32) {
        if self.tariffs.last() != Some(&tariff) && !self.tariffs.contains(&tariff) {
            self.tariffs.push(tariff);
        }
    }

    /// Adds an entry, unless it is a refund, which is returned to be looked up.
    fn entry(&mut self, entry: &LedgerEntry) -> Option<Refund> {
        let micros = i128::from(entry.amount.micros());
        match entry.kind {
            EntryKind::Refund => {
                return Some(Refund { message_id: entry.reference.parse().ok(), amount: entry.amount });
            }
            EntryKind::OpeningBalance | EntryKind::TopUp | EntryKind::TransferIn | EntryKind::Payment => {
                self.top_ups += micros;
            }
            EntryKind::Adjustment
            | EntryKind::BundlePurchase
            | EntryKind::BundleGrant
            | EntryKind::BundleExpiry
            | EntryKind::BundleRollover
            | EntryKind::BundleConsumption
            | EntryKind::CommissionPayout
            | EntryKind::TransferOut
            | EntryKind::PaymentRefund
            | EntryKind::Dispute
            | EntryKind::Subscription
            | EntryKind::CreditNote => self.adjustments += micros,
            EntryKind::InvoicePayment => self.invoice_payments += micros,
        }
        None
    }
}

impl Sum {
    fn add(&mut self, segments: u64, amount: Amount) {
        self.messages += 1;
        self.segments += segments;
        self.micros += i128::from(amount.micros());
    }
}

fn own_key(networks: &Networks, cdr: &Cdr<'_>) -> LineKey {
    LineKey { is_resale: false, place: place(networks, cdr, cdr.fields.network) }
}

fn key_below(networks: &Networks, cdr: &Cdr<'_>, paid: &LevelCharge) -> LineKey {
    LineKey { is_resale: true, place: place(networks, cdr, paid.network) }
}

fn place(networks: &Networks, cdr: &Cdr<'_>, network: NetworkCode) -> Place {
    (network, networks.country_of_both(&cdr.fields.destination, network))
}

fn line(snapshot: &Snapshot, key: Option<LineKey>, sum: Sum, is_refund: bool) -> Answer<InvoiceLine> {
    let networks = &snapshot.tables.networks;
    let (place, is_resale) = (key.map(|key| key.place), key.is_some_and(|key| key.is_resale));
    let code = place.map(|(code, _)| code);
    let id = code.and_then(|code| networks.id(code));
    let country = place.and_then(|(_, country)| country).map(|country| networks.country(country));
    let network = id.map(|id| networks.get(id).operator.to_string()).filter(|name| !name.is_empty());
    let names = [network.as_deref(), country.map(|country| &*country.name)];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let what = match (is_refund, is_resale) {
        (false, false) => "SMS",
        (true, false) => "Refund of SMS",
        (false, true) => "SMS of accounts below",
        (true, true) => "Refund of SMS of accounts below",
    };
    let description = match code {
        Some(code) if names.is_empty() => format!("{what} to {code}"),
        Some(code) => format!("{what} to {} ({code})", names.join(", ")),
        None => what.to_owned(),
    };
    let total = money(sum.micros)?;
    Ok(InvoiceLine {
        description,
        quantity: sum.segments,
        unit_price: money(average(Total::from_micros(sum.micros), sum.segments).micros())?,
        total,
        category: LineCategory::Sms,
        details: LineDetails {
            messages: sum.messages,
            is_refund,
            is_resale,
            mcc: code.map(|code| format!("{:03}", code.mcc)),
            mnc: code.and_then(|code| code.mnc).map(|mnc| mnc.to_string()),
            network,
            country_code: country.map(|country| country.iso2.to_string()),
        },
    })
}

fn money(micros: i128) -> Answer<Money> {
    let micros = i64::try_from(micros).ok();
    let amount = micros.map(Amount::from_micros);
    amount.map(Money).ok_or_else(|| Problem::internal("a sum of the invoice cannot be held"))
}
