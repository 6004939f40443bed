//! An account's business as a plain list: what moved its money, in order, and what it had after each commit.

use std::ops::ControlFlow;

use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::message_change::{MessageChangeError, ReportedOutcome};
use tollgate_storage::rows::EntryKind;
use tollgate_storage::schema::issued_at;
use tollgate_storage::store::Transaction;

use crate::support::{Books, Message};

/// The opening balance in millionths.
const OPENING: i64 = 20_000_000;

/// One thing that is done. Accounts are two; messages are named by their position, wrapped around.
#[derive(Clone, Debug)]
pub enum Step {
    Charge { account: usize, segments: Vec<u8> },
    Post { account: usize, micros: i64 },
    Refund { message: usize },
    Report { message: usize, outcome: ReportedOutcome },
    Reopen,
}

pub fn step() -> impl Strategy<Value = Step> {
    let account = 0..2_usize;
    let outcome = proptest::sample::select(&ReportedOutcome::ALL[..]);
    prop_oneof![
        6 => (account.clone(), proptest::collection::vec(1..6_u8, 1..6))
            .prop_map(|(account, segments)| Step::Charge { account, segments }),
        3 => (account, 1..2_000_000_i64).prop_map(|(account, micros)| Step::Post { account, micros }),
        4 => any::<usize>().prop_map(|message| Step::Refund { message }),
        4 => (any::<usize>(), outcome).prop_map(|(message, outcome)| Step::Report { message, outcome }),
        1 => Just(Step::Reopen),
    ]
}

/// A movement of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Charge { message_id: u64, micros: i64 },
    Entry { kind: EntryKind, micros: i64 },
    Refund { message_id: u64, micros: i64 },
}

impl Move {
    fn micros(self) -> i64 {
        match self {
            Self::Charge { micros, .. } => -micros,
            Self::Entry { micros, .. } | Self::Refund { micros, .. } => micros,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    account: usize,
    id: u64,
    micros: i64,
    refunded: bool,
}

/// The books and the list side by side.
pub struct Pair {
    dir: tempfile::TempDir,
    books: Books,
    accounts: Vec<AccountNumber>,
    moves: [Vec<Move>; 2],
    sent: Vec<Sent>,
    /// Instants between commits, and what either account had then.
    past: Vec<(UnixMicros, [i64; 2])>,
}

impl Pair {
    pub fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let accounts = books.provision(&["a", "b"], OPENING / 1_000_000);
        let opening = vec![Move::Entry { kind: EntryKind::OpeningBalance, micros: OPENING }];
        let moves = [opening.clone(), opening];
        let past = vec![(UnixMicros(0), [0, 0])];
        let mut pair = Self { dir, books, accounts, moves, sent: Vec::new(), past };
        pair.note();
        pair
    }

    pub fn close(self) {
        self.books.close();
    }

    pub fn take(mut self, step: &Step) -> Self {
        match step {
            Step::Charge { account, segments } => self.charge(*account, segments),
            Step::Post { account, micros } => {
                let amount = Amount::from_micros(*micros);
                self.books.post(self.accounts[*account], EntryKind::TopUp, amount).unwrap();
                self.moves[*account].push(Move::Entry { kind: EntryKind::TopUp, micros: *micros });
            }
            Step::Refund { message } => self.refund(*message),
            Step::Report { message, outcome } => self.report(*message, *outcome),
            Step::Reopen => {
                self.books.close();
                self.books = Books::open(self.dir.path());
            }
        }
        self.note();
        self
    }

    fn charge(&mut self, account: usize, segments: &[u8]) {
        let mut session = self.books.session(self.accounts[account]);
        let mut chunk = session.chunk_with(now(), false);
        let mut charged = Vec::new();
        for segments in segments {
            let message = Message { segments: *segments, ..Message::default() };
            charged.extend(session.charge(&mut chunk, &message).map(|posting| posting.amount.micros()));
        }
        if charged.is_empty() {
            return;
        }
        self.books.committer.try_charge(chunk).unwrap();
        for (id, micros) in (session.first_id()..).zip(charged) {
            self.moves[account].push(Move::Charge { message_id: id, micros });
            self.sent.push(Sent { account, id, micros, refunded: false });
        }
    }

    fn refund(&mut self, message: usize) {
        let Some(at) = message.checked_rem(self.sent.len()) else { return };
        let sent = self.sent[at];
        match self.books.refund(self.accounts[sent.account], sent.id) {
            Ok(changed) => {
                assert!(!sent.refunded, "{sent:?} is given back twice");
                assert_eq!(changed.refunded.micros(), sent.micros);
                self.given_back(at);
            }
            Err(MessageChangeError::AlreadyRefunded) => assert!(sent.refunded),
            Err(error) => assert_eq!((error, sent.refunded), (MessageChangeError::NotFinal, false)),
        }
    }

    fn report(&mut self, message: usize, outcome: ReportedOutcome) {
        let Some(at) = message.checked_rem(self.sent.len()) else { return };
        let sent = self.sent[at];
        let terms = SettlementTerms::default();
        match self.books.report(self.accounts[sent.account], sent.id, outcome, terms) {
            Ok(changed) if changed.changed_now && changed.refunded != Amount::ZERO => {
                assert!(!sent.refunded, "{sent:?} is given back twice");
                self.given_back(at);
            }
            Ok(_) => {}
            Err(error) => assert_eq!(error, MessageChangeError::Final),
        }
    }

    fn given_back(&mut self, at: usize) {
        let Sent { account, id, micros, .. } = self.sent[at];
        self.sent[at].refunded = true;
        self.moves[account].push(Move::Refund { message_id: id, micros });
    }

    fn balances(&self) -> [i64; 2] {
        [0, 1].map(|account: usize| self.moves[account].iter().map(|moved| moved.micros()).sum())
    }

    /// The instant after the last commit is over before the next one can be made.
    fn note(&mut self) {
        let last = self.books.store.commits().next_id().unwrap() - 1;
        let after = UnixMicros(issued_at(last).0 + 1);
        if self.past.last().is_some_and(|(at, _)| *at < after) {
            self.past.push((after, self.balances()));
        }
    }

    pub fn compare(&self) {
        for account in 0..self.accounts.len() {
            self.compare_transactions(account);
            self.compare_balances(account);
        }
        let report = self.books.prove();
        let refunds = self.sent.iter().filter(|sent| sent.refunded).count();
        assert_eq!(report.refunds, u64::try_from(refunds).unwrap());
    }

    /// Newest first, in one page and in pages of two.
    fn compare_transactions(&self, account: usize) {
        let (store, number) = (&self.books.store, self.accounts[account]);
        let mut found = Vec::new();
        store
            .history()
            .transactions_down(number, &IdRanges::all(), |transaction| {
                found.push((transaction.id(), of(&transaction)));
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(found.is_sorted_by(|left, right| left.0 > right.0), "the newest first: {found:?}");
        let moves: Vec<Move> = found.iter().map(|(_, moved)| *moved).collect();
        let expected: Vec<Move> = self.moves[account].iter().rev().copied().collect();
        assert_eq!(moves, expected);

        let (mut paged, mut before) = (Vec::new(), u64::MAX);
        loop {
            let length = paged.len();
            store
                .history()
                .transactions_down(number, &(0..before).into(), |transaction| {
                    paged.push((transaction.id(), of(&transaction)));
                    if paged.len() < length + 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })
                .unwrap();
            match paged.last() {
                Some((id, _)) if paged.len() > length => before = *id,
                _ => break,
            }
        }
        assert_eq!(paged, found);
    }

    fn compare_balances(&self, account: usize) {
        let (store, number) = (&self.books.store, self.accounts[account]);
        for (at, balances) in &self.past {
            assert_eq!(
                store.wallets().balance_at(number, *at).unwrap().micros(),
                i128::from(balances[account]),
                "{at:?}"
            );
            let ids = store.commits().ids_of(&(UnixMicros(0)..*at)).unwrap();
            let mut sum = 0;
            store
                .history()
                .entries_up(number, &ids, |_, entry| {
                    // Some are of a later time.
                    if entry.at < *at {
                        sum += entry.amount.micros();
                    }
                    ControlFlow::Continue(())
                })
                .unwrap();
            store
                .history()
                .charges_up(number, &ids, |cdr, _| {
                    if cdr.header.submitted_at < *at {
                        sum -= cdr.fields.amount.micros();
                    }
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(sum, balances[account], "{at:?}");
        }
        let present = store.wallets().balance_at(number, UnixMicros(u64::MAX)).unwrap();
        assert_eq!(present.micros(), i128::from(self.balances()[account]));
    }
}

fn of(transaction: &Transaction<'_>) -> Move {
    match transaction {
        Transaction::Charge(cdr, _) => {
            Move::Charge { message_id: cdr.message_id, micros: cdr.fields.amount.micros() }
        }
        Transaction::Entry(_, entry) if entry.kind == EntryKind::Refund => {
            let message_id = entry.reference.parse().unwrap();
            Move::Refund { message_id, micros: entry.amount.micros() }
        }
        Transaction::Entry(_, entry) => Move::Entry { kind: entry.kind, micros: entry.amount.micros() },
        Transaction::Below(cdr, _) => panic!("message {} of an account below", cdr.message_id),
    }
}
