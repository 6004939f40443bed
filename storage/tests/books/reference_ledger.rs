//! Random days of business, against a ledger so simple that it can be checked by reading it.

mod requests;
mod usage;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::Posting;
use tollgate_storage::change::Changed;
use tollgate_storage::chunk::{CancelError, ChunkOutcome, CommitOutcome, key_waiter};
use tollgate_storage::keys::{FirstUse, KeyCheck};
use tollgate_storage::rows::{DispatchCounters, EntryKind, Row};
use tollgate_storage::schema::{Family, account_name_key, volume_key};

use requests::{Asked, asked};
use usage::{end_of, network};

use crate::support::{Books, MONTH, Message, cases};

const NAMES: [&str; 3] = ["a", "b", "c"];
const DISPATCHES: [&[u8]; 2] = [b"spring", b"autumn"];

/// One thing that happens. Accounts and messages are named by their position, wrapped around.
#[derive(Clone, Debug)]
enum Step {
    Charge { account: usize, short_ids: bool, month: u32, quarter: u32, messages: Vec<Wanted> },
    Cancel { account: usize, message: usize },
    CancelUnknown { account: usize, id: u64 },
    Post { account: usize, kind: EntryKind, micros: i64 },
    Change(Asked),
    Provision,
    Reopen,
}

#[derive(Clone, Debug)]
struct Wanted {
    segments: u8,
    mcc: u16,
    dispatch: Option<usize>,
    key: Option<u8>,
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0..NAMES.len();
    let wanted = (1..6_u8, 639..643_u16, of(0..DISPATCHES.len()), of(0..6_u8))
        .prop_map(|(segments, mcc, dispatch, key)| Wanted { segments, mcc, dispatch, key });
    let kind = prop_oneof![Just(EntryKind::TopUp), Just(EntryKind::Adjustment)];
    prop_oneof![
        6 => (account.clone(), any::<bool>(), 0..4_u32, 0..3_u32, vec(wanted, 1..6)).prop_map(
            |(account, short_ids, month, quarter, messages)| Step::Charge {
                account,
                short_ids,
                month,
                quarter,
                messages
            }
        ),
        4 => (account.clone(), any::<usize>()).prop_map(|(account, message)| Step::Cancel { account, message }),
        1 => (account.clone(), any::<u64>()).prop_map(|(account, id)| Step::CancelUnknown { account, id }),
        2 => (account, kind, -500_000..2_000_000_i64)
            .prop_map(|(account, kind, micros)| Step::Post { account, kind, micros }),
        4 => asked().prop_map(Step::Change),
        1 => Just(Step::Provision),
        1 => Just(Step::Reopen),
    ]
}

/// A message as the model remembers it.
#[derive(Clone, Debug)]
struct Sent {
    id: u64,
    account: usize,
    micros: i64,
    segments: u64,
    month: Month,
    quarter: u32,
    mcc: u16,
    dispatch: Option<usize>,
    cancelled: bool,
}

#[derive(Debug, Default)]
struct Model {
    balances: BTreeMap<usize, i64>,
    volumes: BTreeMap<(usize, Month), u64>,
    dispatches: BTreeMap<(usize, usize), DispatchCounters>,
    keys: BTreeMap<(usize, u8), u64>,
    sent: Vec<Sent>,
    /// The revision of each document.
    documents: BTreeMap<u8, u64>,
    /// The first use of each key of a request.
    requests: BTreeMap<u8, Changed>,
    notes: u64,
}

impl Model {
    fn charge(&mut self, sent: Sent) {
        *self.balances.entry(sent.account).or_default() -= sent.micros;
        *self.volumes.entry((sent.account, sent.month)).or_default() += sent.segments;
        if let Some(dispatch) = sent.dispatch {
            let counters = self.dispatches.entry((sent.account, dispatch)).or_default();
            counters.messages += 1;
            counters.segments += sent.segments;
            counters.cost += Amount::from_micros(sent.micros);
        }
        self.sent.push(sent);
    }

    fn cancel(&mut self, message: usize) {
        let sent = &mut self.sent[message];
        sent.cancelled = true;
        *self.balances.entry(sent.account).or_default() += sent.micros;
        *self.volumes.entry((sent.account, sent.month)).or_default() -= sent.segments;
        if let Some(dispatch) = sent.dispatch {
            let counters = self.dispatches.entry((sent.account, dispatch)).or_default();
            counters.cancelled += 1;
            counters.segments -= sent.segments;
            counters.cost -= Amount::from_micros(sent.micros);
        }
    }
}

/// The books and the model side by side.
struct Pair {
    dir: tempfile::TempDir,
    books: Books,
    accounts: Vec<AccountNumber>,
    model: Model,
}

impl Pair {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let accounts = books.provision(&NAMES, 5);
        let balances = (0..NAMES.len()).map(|account| (account, 5_000_000)).collect();
        Self { dir, books, accounts, model: Model { balances, ..Model::default() } }
    }

    fn take(mut self, step: &Step) -> Self {
        match step {
            Step::Charge { account, short_ids, month, quarter, messages } => {
                self.charge(*account, *short_ids, (Month(MONTH.0 + month), *quarter), messages);
            }
            Step::Cancel { account, message } => self.cancel(*account, *message),
            Step::CancelUnknown { account, id } => {
                assert_eq!(self.books.cancel(self.accounts[*account], *id), Err(CancelError::Unknown));
            }
            Step::Post { account, kind, micros } => {
                self.books.post(self.accounts[*account], *kind, Amount::from_micros(*micros)).unwrap();
                *self.model.balances.entry(*account).or_default() += micros;
            }
            Step::Change(asked) => self.change(asked),
            Step::Provision => assert_eq!(self.books.provision(&NAMES, 99), self.accounts),
            Step::Reopen => {
                self.books.close();
                self.books = Books::open(self.dir.path());
            }
        }
        self
    }

    /// Charges what the wallet can pay and the keys let through, in one chunk.
    fn charge(
        &mut self,
        account: usize,
        short_ids: bool,
        (month, quarter): (Month, u32),
        messages: &[Wanted],
    ) {
        let mut session = self.books.session(self.accounts[account]);
        let mut chunk = session.chunk_with(end_of(quarter), short_ids);
        let mut charged = Vec::new();
        for wanted in messages {
            let key = wanted.key.map(|key| [key]);
            if let Some(key) = &key {
                let check = self.books.keys.check(
                    self.accounts[account],
                    key,
                    7,
                    UnixMicros(1),
                    key_waiter(&session.commit_outcomes.0, 9),
                );
                match (check.unwrap(), self.model.keys.get(&(account, key[0]))) {
                    (KeyCheck::New, None) => {}
                    (KeyCheck::Known(FirstUse { message_id: id, .. }), Some(expected)) if id == *expected => {
                        continue;
                    }
                    (KeyCheck::Pending, None) => continue,
                    other => panic!("key {key:?}: {other:?}"),
                }
            }
            let dispatch = wanted.dispatch.map(|dispatch| DISPATCHES[dispatch]);
            let key = key.as_ref().map(<[u8; 1]>::as_slice);
            let (segments, network) = (wanted.segments, network(wanted.mcc));
            match session.charge(
                &mut chunk,
                &Message { segments, month, network, dispatch, key, ..Message::default() },
            ) {
                Ok(posting) => charged.push((wanted, posting)),
                Err(_) => {
                    if let Some(key) = key {
                        self.books.keys.release(self.accounts[account], key);
                    }
                }
            }
        }
        if charged.is_empty() {
            return;
        }
        self.books.committer.try_charge(chunk).unwrap();
        // Notices of keys that waited come first.
        let first = loop {
            if let CommitOutcome::Chunk(_, outcome) = session.hear() {
                match outcome {
                    ChunkOutcome::Durable { first_visible_id } => break first_visible_id,
                    ChunkOutcome::NotDurable => panic!("nothing fails here"),
                }
            }
        };
        self.remember(account, short_ids, (month, quarter), first, &charged);
    }

    fn remember(
        &mut self,
        account: usize,
        short_ids: bool,
        (month, quarter): (Month, u32),
        first: u64,
        charged: &[(&Wanted, Posting)],
    ) {
        for (visible_id, (wanted, posting)) in (first..).zip(charged) {
            let id = if short_ids {
                let short_id = u32::try_from(visible_id).unwrap();
                self.books.store.messages().of_short_id(self.accounts[account], short_id).unwrap().unwrap()
            } else {
                visible_id
            };
            if let Some(key) = wanted.key {
                self.model.keys.insert((account, key), visible_id);
            }
            self.model.charge(Sent {
                id,
                account,
                micros: posting.amount.micros(),
                segments: u64::from(wanted.segments),
                month,
                quarter,
                mcc: wanted.mcc,
                dispatch: wanted.dispatch,
                cancelled: false,
            });
        }
    }

    /// Cancels a message that was sent, whoever's it is and whether or not it was cancelled before.
    fn cancel(&mut self, account: usize, message: usize) {
        if self.model.sent.is_empty() {
            return;
        }
        let message = message % self.model.sent.len();
        let sent = &self.model.sent[message];
        let expected = match (sent.account == account, sent.cancelled) {
            (false, _) => Err(CancelError::Unknown),
            (true, true) => Err(CancelError::Final),
            (true, false) => Ok(()),
        };
        assert_eq!(self.books.cancel(self.accounts[account], sent.id), expected);
        if expected.is_ok() {
            self.model.cancel(message);
        }
    }

    fn compare(&self) {
        let Self { books, accounts, model, .. } = self;
        for (account, micros) in &model.balances {
            let number = accounts[*account];
            assert_eq!(books.wallet(number).state().balance.micros(), i128::from(*micros));
            assert_eq!(books.durable_wallet(number).balance.micros(), i128::from(*micros));
        }
        for ((account, month), segments) in &model.volumes {
            let row =
                books.store.get(Family::Volumes, &volume_key(accounts[*account], *month)).unwrap().unwrap();
            assert_eq!(row, segments.to_be_bytes());
        }
        for ((account, dispatch), counters) in &model.dispatches {
            let key = account_name_key(accounts[*account], DISPATCHES[*dispatch]);
            let row = books.store.get(Family::Dispatches, &key).unwrap().unwrap();
            assert_eq!(DispatchCounters::read(&row), Some(*counters));
        }
        for sent in &model.sent {
            let state = books.store.messages().state(accounts[sent.account], sent.id).unwrap();
            let expected = sent.cancelled.then(|| Amount::from_micros(sent.micros));
            assert_eq!(state.map(|row| row.refunded), expected);
        }
        self.compare_usage();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(12)))]

    #[test]
    fn the_books_are_those_of_a_simple_ledger(steps in vec(step(), 1..40)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair = pair.take(step);
            pair.compare();
        }
        let report = pair.books.prove();
        prop_assert_eq!(report.cdrs, pair.model.sent.len() as u64);
        prop_assert_eq!((report.audit, report.documents), (pair.model.notes, pair.model.documents.len() as u64));
        let held: i64 = pair.model.balances.values().sum();
        prop_assert_eq!(report.totals["USD"].balance.micros(), i128::from(held));
        pair.books.close();
    }
}
