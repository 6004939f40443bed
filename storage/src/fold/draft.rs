//! The draft of the next commit: commands are folded one by one, and the result is a batch of rows and the
//! changes of the fold.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

use super::Fold;
use super::books::{Books, NewEntry};
use super::chain_places::ChainPlacesDraft;
use super::changes::Changes;
use super::counters::{Counters, check_balance};
use super::error::FoldError;
use super::leases::LeaseDraft;
use super::messages::Messages;
use super::numbers::NumberDraft;
use super::output::Output;
use super::pockets::PocketDraft;
use super::records::{FirstUse, RecordDraft};
use super::refusals::{RefusalState, write_refusals};
use super::series::SeriesDraft;
use super::unmatched::UnmatchedDraft;
use super::upstream::UpstreamDraft;
use super::usage::UsageDraft;
use super::waiting::WaitingDraft;
use crate::batch::Batch;
use crate::change::{
    AccountChange, Change, ChangeError, Changed, EntryText, PostedEntry, ProvisionChange, Provisioned,
};
use crate::clock::Clock;
use crate::command::Command;
use crate::counting::CountedCharges;
use crate::database::Unavailable;
use crate::delivery::EventOutcome;
use crate::message_change::MessageChangeError;
use crate::message_filter::MessageFilterRow;
use crate::number_countries::NumberCountriesDraft;
use crate::rows::{EntryKind, Row};
use crate::schema::{DEFAULT_DELIVERY_KEY, Family, LAST_COMMIT_AT_KEY};
use crate::store::Store;

/// The interval at which the time of a commit is noted.
const TIME_NOTED_EVERY_MICROS: u64 = 60_000_000;

/// The next commit, as it grows. A draft never touches the fold: once its batch is on disk the fold takes its
/// changes over, and otherwise the draft is dropped.
#[derive(Debug)]
pub struct Draft<'a> {
    messages: Messages<'a>,
    records: RecordDraft<'a>,
    numbers: NumberDraft<'a>,
    places: ChainPlacesDraft<'a>,
    countries: NumberCountriesDraft<'a>,
    refusals: RefusalState,
    /// The time of the last commit, as it is noted.
    last_at: Option<UnixMicros>,
}

/// The result of a command, once its commit is durable.
#[derive(Debug)]
pub enum Folded {
    /// A chunk's messages have ids.
    Charged {
        /// The first id, as the client will see it.
        first_visible_id: u64,
    },
    /// One outcome per event.
    Delivered(Vec<EventOutcome>),
    /// The numbers of accounts, operators and the tariff.
    Provisioned(Provisioned),
    /// The result of a request's change.
    Changed(Changed),
    /// A cancellation or replacement was made, or refused messages were written down.
    Done,
}

impl<'a> Draft<'a> {
    /// An empty commit of this moment.
    pub fn new(fold: &'a Fold, store: &'a Store, clock: &dyn Clock) -> Self {
        let (now, due) = (clock.now(), clock.due());
        let counters = Counters::new(store, &fold.wallets);
        let usage = UsageDraft::new(store, (&fold.usage, &fold.countries), fold.usage_counted);
        let series = SeriesDraft::new(store, &fold.series);
        let messages = Messages {
            store,
            out: Output::new(now, fold.ids),
            books: Books::new(
                store,
                counters,
                (usage, series),
                (PocketDraft::new(store, &fold.pockets), due),
            ),
            waiting: WaitingDraft::new(store, now, &fold.amended),
            leases: LeaseDraft::new(&fold.leases),
            upstream: UpstreamDraft::new(store),
            unmatched: UnmatchedDraft::new(store, &fold.unmatched),
            receipts_done: HashSet::new(),
            short_ids: HashMap::new(),
        };
        let records = RecordDraft::new(store, (now, due), fold.audit);
        let countries = NumberCountriesDraft::new(&fold.countries);
        let numbers = NumberDraft::new(&fold.numbers);
        let places = ChainPlacesDraft::new(store, &fold.places);
        let (refusals, last_at) = (fold.refusals, fold.last_at);
        Self { messages, records, numbers, places, countries, refusals, last_at }
    }

    /// Adds a command. On an error the draft is as it was before, unless the command
    /// [`folds_in_parts`](Command::folds_in_parts).
    pub fn fold(&mut self, command: &Command) -> Result<Folded, FoldError> {
        let messages = &mut self.messages;
        match command {
            Command::Charge(chunk) => {
                let first_visible_id = messages.charge(chunk)?;
                return Ok(Folded::Charged { first_visible_id });
            }
            Command::Cancel(cancellation) => {
                messages.cancel(cancellation.account, cancellation.message_id)?;
            }
            Command::Replace(replacement) => messages.replace(replacement)?,
            Command::Refusals(record) => write_refusals(messages, &mut self.refusals, &record.row),
            Command::Deliver(batch) => return Ok(Folded::Delivered(messages.deliver(&batch.events)?)),
            Command::Change(change) => return Ok(Folded::Changed(self.change(change)?)),
            Command::Provision(provision) => {
                self.check_provision(&provision.change)?;
                return Ok(Folded::Provisioned(self.provision(&provision.change)));
            }
        }
        Ok(Folded::Done)
    }

    /// Adds charges that were counted to the rows of usage and of resales.
    pub fn count_charges(&mut self, counted: &CountedCharges) -> Result<(), Unavailable> {
        let Messages { books, out, .. } = &mut self.messages;
        books.count_charges(&mut out.batch, counted)
    }

    /// Takes open cells of time series into their rows, when their time has come. `past` is an instant that has certainly passed.
    pub fn close_series(&mut self, now: Instant, past: UnixMicros) -> Result<(), Unavailable> {
        self.messages.books.series.close_cells(now, past)
    }

    /// Adds the filter of the messages of commits that are durable, the first of which has this first id.
    pub fn put_filter(&mut self, first: u64, filter: &MessageFilterRow) {
        let batch = &mut self.messages.out.batch;
        batch.insert(Family::MessageFilters, first.to_be_bytes(), filter.to_bytes());
    }

    /// The rows to write, and the changes for the fold once they are on disk.
    pub fn finish(self) -> (Batch, Changes) {
        let Self { messages, records, numbers, places, countries, refusals, last_at } = self;
        let Messages { mut out, books, waiting, leases, unmatched, .. } = messages;
        let wallets = books.counters.finish(&mut out.batch);
        let (usage, usage_counted) = books.usage.finish(&mut out.batch);
        let series = books.series.finish(&mut out.batch);
        let pockets = books.pockets.finish(&mut out.batch);
        let places = places.finish(&mut out.batch);
        let ids = out.ids.finish(&mut out.batch);
        let last_at = note_time(&mut out.batch, last_at, out.now);
        let changes = Changes {
            wallets,
            numbers: numbers.finish(),
            ids,
            last_at,
            leases: leases.finish(),
            amended: waiting.finish(),
            unmatched: unmatched.finish(),
            usage,
            series,
            refusals,
            countries: countries.finish(),
            pockets,
            places,
            usage_counted,
            audit: records.finish(),
            news: out.news,
        };
        (out.batch, changes)
    }

    /// Adds a change, or returns the result that its request had before. Everything that can be refused is
    /// checked before anything is changed; an error after that says that the draft holds a part of the
    /// change.
    fn change(&mut self, change: &Change) -> Result<Changed, FoldError> {
        let mut known_before = None;
        if let Some(request) = &change.request {
            match self.records.first_use(request).map_err(refused)? {
                FirstUse::Before(changed) => return Ok(changed),
                FirstUse::Now { replaced } => known_before = replaced,
            }
        }
        self.check_accounts(&change.accounts).map_err(refused)?;
        let documents = self.records.document_writes(&change.documents).map_err(refused)?;
        self.check_balances(change).map_err(refused)?;
        self.messages.books.check_bundles(&change.bundles).map_err(refused)?;
        self.messages.books.check_payouts(&change.payouts).map_err(refused)?;
        for message in &change.messages {
            self.messages.check_message_change(message).map_err(|error| refused(of_message(error)))?;
        }
        if let Some(provision) = &change.provision {
            self.check_provision(provision).map_err(|error| refused(error.into()))?;
        }

        for account in &change.accounts {
            self.account(&account.id, &account.currency, account.opening_balance);
        }
        let provisioned = change.provision.as_ref().map(|provision| self.provision(provision));
        let Self { messages, records, .. } = self;
        let revisions =
            documents.into_iter().map(|write| records.write_document(&mut messages.out, write)).collect();
        let entries = post(messages, change)?;
        // Two changes of one message have both been checked before the first of them was made.
        let message = |message| messages.change_message(message).map_err(|error| spoiled(of_message(error)));
        let changed_messages = change.messages.iter().map(message).collect::<Result<_, _>>()?;
        change.audit.iter().for_each(|note| records.note(&mut messages.out, note));
        let changed = Changed {
            at: messages.out.now,
            revisions,
            entries,
            messages: changed_messages,
            provisioned,
            replayed: false,
        };
        if let Some(request) = &change.request {
            records.remember(&mut messages.out, request, &changed, known_before.as_ref());
        }
        Ok(changed)
    }

    /// Checks that accounts which are to be new have no books yet, and can have what they begin with.
    fn check_accounts(&self, accounts: &[AccountChange]) -> Result<(), ChangeError> {
        self.numbers.check_room(accounts.len(), 0, 0)?;
        let mut ids = HashSet::new();
        for AccountChange { id, opening_balance, .. } in accounts {
            if self.numbers.has_account(id) || !ids.insert(id) {
                return Err(ChangeError::AccountKnown(Arc::clone(id)));
            }
            check_balance((*opening_balance).into()).map_err(|_| ChangeError::Balance)?;
        }
        Ok(())
    }

    /// Checks that every balance can hold each change of it.
    fn check_balances(&self, change: &Change) -> Result<(), ChangeError> {
        let mut balances: HashMap<AccountNumber, Total> = HashMap::new();
        for (account, amount) in moved_money(change) {
            let counters = &self.messages.books.counters;
            let balance = balances.entry(account).or_insert_with(|| counters.balance(account));
            *balance += amount;
            check_balance(*balance).map_err(|_| ChangeError::Balance)?;
        }
        Ok(())
    }

    /// Checks that there are numbers for what is about to be applied, and that wallets can hold the opening balances.
    fn check_provision(&mut self, provision: &ProvisionChange) -> Result<(), Unavailable> {
        provision.accounts.iter().try_for_each(|(.., opening)| check_balance((*opening).into()))?;
        self.places.load_places(&self.numbers, provision)?;
        self.numbers.check(provision)
    }

    /// The numbers of accounts, operators and a tariff version that are about to be applied: those that they have, or
    /// new ones. [`Self::check_provision`] has seen that there are enough.
    fn provision(&mut self, provision: &ProvisionChange) -> Provisioned {
        let account =
            |(id, currency, opening): &(Arc<str>, String, Amount)| self.account(id, currency, *opening);
        let accounts: Vec<AccountNumber> = provision.accounts.iter().map(account).collect();
        self.places.change_places(&self.numbers, provision, self.messages.out.now);
        let counters = &self.messages.books.counters;
        let wallets = accounts.iter().map(|number| counters.wallet(*number)).collect();
        let (numbers, out) = (&mut self.numbers, &mut self.messages.out);
        let operators = provision.operators.iter().map(|code| numbers.operator(out, code)).collect();
        let tariff = numbers.tariff(out, &provision.tariff_version, &provision.tariff_files);
        if let Some(table) = &provision.number_countries {
            // Every charge of this commit has its id already.
            self.countries.hold(&mut out.batch, out.ids.next(), table);
        }
        if let Some(to_operators) = provision.default_delivery {
            out.batch.insert(Family::Meta, DEFAULT_DELIVERY_KEY, vec![u8::from(to_operators)]);
        }
        Provisioned { accounts, wallets, operators, tariff }
    }

    fn account(&mut self, id: &str, currency: &str, opening_balance: Amount) -> AccountNumber {
        let Messages { out, books, .. } = &mut self.messages;
        let (number, is_new) = self.numbers.account(out, id, currency);
        if !is_new {
            return number;
        }
        books.counters.wallet_mut(number);
        if opening_balance != Amount::ZERO {
            let text = EntryText::reference("provisioned");
            books.post(out, number, NewEntry::of_money(EntryKind::OpeningBalance, opening_balance, text));
        }
        number
    }
}

/// The money that a change adds to wallets, in the order of its entries.
fn moved_money(change: &Change) -> impl Iterator<Item = (AccountNumber, Amount)> {
    let entries = change.entries.iter().map(|entry| (entry.wallet.number(), entry.amount));
    let transfers = change.transfers.iter().flat_map(|transfer| {
        [(transfer.from.number(), transfer.taken.negated()), (transfer.to.number(), transfer.given)]
    });
    let bundles = change.bundles.iter().map(|bundle| (bundle.wallet.number(), bundle.price().negated()));
    let payouts = change.payouts.iter().map(|payout| (payout.wallet.number(), payout.amount()));
    entries.chain(transfers).chain(bundles).chain(payouts)
}

/// Posts the entries of a change that was checked: its own, then those of transfers, bundles and payouts.
fn post(messages: &mut Messages<'_>, change: &Change) -> Result<Vec<PostedEntry>, FoldError> {
    let Messages { out, books, .. } = messages;
    let mut posted = Vec::new();
    for entry in &change.entries {
        let new = NewEntry::of_money(entry.kind, entry.amount, entry.text.clone());
        posted.push(books.post(out, entry.wallet.number(), new));
    }
    for transfer in &change.transfers {
        posted.extend(books.transfer(out, transfer));
    }
    for bundle in &change.bundles {
        posted.push(books.change_bundles(out, bundle).map_err(|error| spoiled(error.into()))?);
    }
    for payout in &change.payouts {
        posted.push(books.pay_commission(out, payout));
    }
    Ok(posted)
}

/// Notes the time of a commit for the next start, unless one of the last minute is noted. Returns what is noted.
fn note_time(batch: &mut Batch, noted: Option<UnixMicros>, now: UnixMicros) -> Option<UnixMicros> {
    let is_noted = noted.is_some_and(|noted| noted.0.abs_diff(now.0) < TIME_NOTED_EVERY_MICROS);
    if is_noted || batch.is_empty() {
        return noted;
    }
    let before = noted.map(|noted| noted.0.to_be_bytes().to_vec());
    batch.replace(Family::Meta, LAST_COMMIT_AT_KEY, now.0.to_be_bytes().to_vec(), before);
    Some(now)
}

/// An error before anything is changed.
fn refused(error: ChangeError) -> FoldError {
    match error {
        ChangeError::Unavailable(error) => FoldError::Unavailable(error),
        error => FoldError::Change { error, halfway: false },
    }
}

/// An error after a part is changed.
fn spoiled(error: ChangeError) -> FoldError {
    match refused(error) {
        FoldError::Change { error, .. } => FoldError::Change { error, halfway: true },
        other => other,
    }
}

fn of_message(error: MessageChangeError) -> ChangeError {
    match error {
        MessageChangeError::Unavailable(error) => ChangeError::Unavailable(error),
        error => ChangeError::Message(error),
    }
}
