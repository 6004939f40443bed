//! Random traffic over a tree of accounts in several currencies and time zones, with bundles, caps that refuse, agents, refunds,
//! transfers, expiry and crashes, against a clerk who keeps lists and maps. `BOOKS_MESSAGES` sets the number of messages.

mod calendar;
mod clerk;
mod compare;
mod tree;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::chain::LevelRefusal;
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{BundleChange, CommissionPayout, EntryText, TransferChange};
use tollgate_storage::clock::Clock;
use tollgate_storage::rows::{BundleRow, LateRefund};

use super::below::prove_lists;
use crate::support::chain::bundle;
use crate::support::{Books, Message, SetClock, crash_image};
use clerk::{Clerk, Sent, convert};
use compare::network;
use tree::{ACCOUNTS, Tree, currency_of, parent_of, price_of};

/// A generator of numbers that look random, the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// The books and the clerk's, side by side.
struct Market {
    tree: Tree,
    books: Books,
    accounts: Vec<AccountNumber>,
    clerk: Clerk,
    draw: Draw,
    charged: usize,
    /// Refusals by the position of the cap, at the level that sends and above it.
    refused: [[usize; 2]; 4],
    soft_exceeded: usize,
}

fn text() -> EntryText {
    EntryText::reference("test")
}

impl Market {
    fn buy(&mut self, at: usize, now: UnixMicros) {
        let late_refund = if at.is_multiple_of(2) { LateRefund::ExtendDays(1) } else { LateRefund::Forfeit };
        let end = now.0 + 1 + self.draw.below(200_000_000_000) as u64;
        let (units, price) =
            (1 + self.draw.below(30) as u64, i64::try_from(self.draw.below(2)).unwrap() * 7_000);
        let row = BundleRow { bought_at: now, late_refund, ..bundle(units, price, UnixMicros(end)) };
        let number = self.books.buy(self.accounts[at], row);
        self.clerk.bundles.insert((at, number.0), (units, end));
        *self.clerk.balances.entry(at).or_default() -= i128::from(price);
    }

    /// From an account to the one above it.
    fn transfer(&mut self, at: usize, now: UnixMicros) {
        let to = parent_of(at);
        let given = convert(500_000, currency_of(at), currency_of(to), now.0);
        let wallets = [at, to].map(|account| self.books.wallet(self.accounts[account]));
        let amounts = (Amount::from_micros(500_000), Amount::from_micros(i64::try_from(given).unwrap()));
        let [from_wallet, to_wallet] = wallets;
        let transfer = TransferChange::new(from_wallet, to_wallet, amounts, Amount::ZERO, text());
        if let Ok(transfer) = transfer {
            self.books.change(|change| change.transfers.push(transfer)).unwrap();
            *self.clerk.balances.entry(at).or_default() -= 500_000;
            *self.clerk.balances.entry(to).or_default() += given;
        }
    }

    fn pay_out(&mut self, at: usize) {
        let wallet = self.books.wallet(self.accounts[at]);
        if let Some(payout) = CommissionPayout::new(wallet, Amount::from_micros(900), true, text()) {
            self.books.change(|change| change.payouts.push(payout)).unwrap();
            *self.clerk.commissions.entry(at).or_default() -= 900;
            *self.clerk.balances.entry(at).or_default() += 900;
        }
    }

    fn expire(&mut self, now: UnixMicros) {
        for ((owner, number), (left, end)) in self.clerk.bundles.iter_mut().filter(|(_, (left, _))| *left > 0)
        {
            let wallet = self.books.wallet(self.accounts[*owner]);
            let ended = BundleChange::expire(wallet, BundleNumber(*number), now, text());
            assert_eq!(ended.is_some(), *end <= now.0);
            if let Some(ended) = ended {
                self.books.change(|change| change.bundles.push(ended)).unwrap();
                *left = 0;
            }
        }
    }

    fn give_back(&mut self, now: UnixMicros) {
        let message = self.draw.below(self.clerk.sent.len());
        let (account, id) = self.clerk.give_back(message, now.0);
        self.books.cancel(self.accounts[account], id).unwrap();
    }

    /// Some messages of one account, of which caps of its own or of a level above may refuse some.
    fn charge(&mut self, at: usize, now: UnixMicros) {
        let mut session = self.books.session(self.accounts[at]);
        let levels = self.tree.levels(&self.books, &self.accounts, at, now);
        let (mut chunk, first) = (session.chunk(), self.clerk.sent.len());
        for _ in 0..=self.draw.below(20) {
            let (segments, of_network) = (1 + self.draw.below(4) as u8, self.draw.below(2));
            let price = i64::try_from(price_of(at)).unwrap();
            let (month, network) = (levels[0].month, network(of_network));
            let message = Message { segments, price, month, network, ..Message::default() };
            let charged = session.charge_at(&mut chunk, &message, &levels, now);
            match self.clerk.price(at, segments.into(), now.0) {
                Ok((parts, exceeded)) => {
                    assert_eq!(charged.unwrap().exceeded, exceeded);
                    self.soft_exceeded += exceeded.len();
                    let (id, segments) = (0, segments.into());
                    self.clerk.enter(Sent { id, account: at, segments, network: of_network, parts });
                }
                Err((level, cap)) => {
                    let refusal =
                        LevelRefusal { cap: Some(cap), ..LevelRefusal::at(level, Refusal::SpendingCap) };
                    assert_eq!(charged.unwrap_err(), refusal);
                    self.refused[cap][level.min(1)] += 1;
                }
            }
        }
        let count = self.clerk.sent.len() - first;
        if count == 0 {
            return;
        }
        self.charged += count;
        self.books.committer.try_charge(chunk).unwrap();
        let id = session.first_id();
        let unread = self.clerk.unread.len() - count;
        for list in [&mut self.clerk.sent[first..], &mut self.clerk.unread[unread..]] {
            list.iter_mut().zip(id..).for_each(|(sent, id)| sent.id = id);
        }
    }

    fn step(&mut self, now: UnixMicros) {
        let at = self.draw.below(ACCOUNTS);
        match self.draw.below(12) {
            0 => self.buy(at, now),
            1 => self.transfer(at, now),
            2 => self.pay_out(at),
            3 => self.expire(now),
            4 | 5 if !self.clerk.sent.is_empty() => self.give_back(now),
            _ => self.charge(at, now),
        }
    }
}

#[test]
fn random_days_of_a_tree_of_resellers_are_those_of_a_clerk() {
    let messages = std::env::var("BOOKS_MESSAGES").map_or(10_000, |count| count.parse().unwrap());
    let (mut dir, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let books = Books::open_under(dir.path(), &clock);
    let accounts = Tree::provision(&books);
    let mut market = Market {
        tree: Tree::new(),
        books,
        accounts,
        clerk: Clerk::default(),
        draw: Draw(88_172_645_463_325_252),
        charged: 0,
        refused: [[0; 2]; 4],
        soft_exceeded: 0,
    };
    let mut compared = 0;
    while market.charged < messages {
        clock.step_seconds(i64::try_from(market.draw.below(3_000)).unwrap());
        market.step(clock.now());
        if market.charged - compared > messages / 5 {
            compared = market.charged;
            market.clerk.compare(&market.books, &market.accounts);
            // The process is killed: what is on disk at this moment is all that is left.
            let image = crash_image(dir.path());
            market.books.close();
            dir = image;
            market.books = Books::open_under(dir.path(), &clock);
            market.clerk.compare(&market.books, &market.accounts);
            market.clerk.unread.clear();
        }
    }
    market.clerk.compare(&market.books, &market.accounts);
    prove_lists(&market.books, &market.accounts);
    let Market { refused, soft_exceeded, .. } = market;
    assert!(refused[..3].iter().flatten().all(|count| *count > messages / 1_000), "{refused:?}");
    assert!(soft_exceeded > messages / 1_000);
    market.books.close();
}
