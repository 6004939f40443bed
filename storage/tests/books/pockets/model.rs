//! Random traffic over a tree of accounts with bundles, caps, agents, refunds, transfers, expiry and crashes, against a clerk
//! who keeps lists and maps. `BOOKS_MESSAGES` sets the number of messages.

use std::collections::BTreeMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::price_list::Share;
use tollgate_engine::reselling::Earning;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{BundleChange, CommissionPayout, EntryText, TransferChange};
use tollgate_storage::clock::Clock;
use tollgate_storage::rows::{BundleRow, LateRefund};

use super::below::prove_lists;
use crate::support::chain::{LevelAbove, bundle, day_cap};
use crate::support::{Books, Message, SetClock, crash_image};

const DAY: u64 = 86_400_000_000;
const PARENTS: [usize; 13] = [0, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 9];
const NAMES: [&str; 13] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"];

/// Everything that one message moved in one account.
#[derive(Clone, Default)]
struct Part {
    account: usize,
    amount: i128,
    counted: u64,
    takes: Vec<(u64, u64)>,
    commission: i128,
    day: Option<u64>,
}

/// The clerk's books.
#[derive(Default)]
struct Clerk {
    balances: BTreeMap<usize, i128>,
    counted: BTreeMap<usize, u64>,
    commissions: BTreeMap<usize, i128>,
    /// By account and number: what is left and the end.
    bundles: BTreeMap<(usize, u64), (u64, u64)>,
    /// The last day with a message of each account, its messages and its money.
    days: BTreeMap<usize, (u64, u64, i128)>,
    sent: Vec<(u64, usize, Vec<Part>)>,
}

fn chain_of(account: usize) -> Vec<usize> {
    let mut chain = vec![account];
    while chain.last() != Some(&0) {
        chain.push(PARENTS[chain[chain.len() - 1]]);
    }
    chain
}

const fn price_of(account: usize) -> i128 {
    (account as i128 + 3) * 1_000
}

const fn is_agent(account: usize) -> bool {
    account % 3 == 1
}

impl Clerk {
    fn charge(&mut self, account: usize, segments: u64, now: u64) -> Vec<Part> {
        let (mut parts, mut below) = (Vec::new(), 0);
        for (level, of) in chain_of(account).into_iter().enumerate() {
            let counted = self.counted.entry(of).or_default();
            let mut part = Part { account: of, ..Part::default() };
            if level > 0 && is_agent(of) {
                (part.counted, part.commission) = (segments, below / 10);
                *self.commissions.entry(of).or_default() += part.commission;
            } else {
                let mut missing = segments;
                let mut open: Vec<_> =
                    self.bundles.iter_mut().filter(|((owner, _), _)| *owner == of).collect();
                open.sort_by_key(|((_, number), (_, end))| (*end, *number));
                for ((_, number), (left, end)) in open {
                    let units = missing.min(*left);
                    if units > 0 && *end > now {
                        (*left, missing) = (*left - units, missing - units);
                        part.takes.push((*number, units));
                    }
                }
                for position in *counted + 1..=*counted + missing {
                    part.amount += if position <= 20 { price_of(of) } else { price_of(of) * 4 / 5 };
                }
                (part.counted, below) = (missing, part.amount);
                part.day = Some(now / DAY);
                let today = self.days.entry(of).or_default();
                if today.0 != now / DAY {
                    *today = (now / DAY, 0, 0);
                }
                *today = (today.0, today.1 + 1, today.2 + part.amount);
            }
            *counted += part.counted;
            *self.balances.entry(of).or_default() -= part.amount;
            parts.push(part);
        }
        parts
    }

    fn give_back(&mut self, at: usize, now: u64) -> (u64, usize) {
        let (id, account, parts) = self.sent.swap_remove(at);
        for part in parts {
            *self.balances.entry(part.account).or_default() += part.amount;
            *self.counted.entry(part.account).or_default() -= part.counted;
            *self.commissions.entry(part.account).or_default() -= part.commission;
            for (number, units) in part.takes {
                let (left, end) = self.bundles.get_mut(&(part.account, number)).unwrap();
                // Bundles of even accounts are good again for a day, the others keep nothing.
                if *end <= now && part.account % 2 == 0 {
                    *end = now + DAY;
                }
                *left += if *end > now { units } else { 0 };
            }
            let day = self.days.entry(part.account).or_default();
            if part.day == Some(day.0) {
                *day = (day.0, day.1 - 1, day.2 - part.amount);
            }
        }
        (id, account)
    }

    fn compare(&self, books: &Books, accounts: &[AccountNumber]) {
        books.prove();
        for (at, number) in accounts.iter().enumerate() {
            let (wallet, pockets) = (books.durable_wallet(*number), books.store.pockets());
            let paid = wallet.balance.micros() - 1_000_000_000_000;
            assert_eq!(paid, self.balances.get(&at).copied().unwrap_or(0), "account {at}");
            let counted = wallet.counted(crate::support::MONTH);
            assert_eq!(counted, self.counted.get(&at).copied().unwrap_or(0), "account {at}");
            let commission = pockets.commission(*number).unwrap().micros();
            assert_eq!(commission, self.commissions.get(&at).copied().unwrap_or(0), "account {at}");
            for (bundle, row) in pockets.bundles(*number).unwrap() {
                assert_eq!((row.left, row.expires_at.0), self.bundles[&(at, bundle.0)], "account {at}");
            }
            for counter in pockets.caps(*number).unwrap() {
                let kept = (counter.span.start.0 / DAY, counter.messages, counter.amount.micros());
                assert_eq!(kept, self.days[&at], "account {at}");
            }
        }
    }
}

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

#[test]
fn random_days_of_a_tree_of_resellers_are_those_of_a_clerk() {
    let messages = std::env::var("BOOKS_MESSAGES").map_or(10_000, |count| count.parse().unwrap());
    let (mut dir, clock, mut draw) =
        (tempfile::tempdir().unwrap(), SetClock::new(), Draw(88_172_645_463_325_252));
    let mut books = Books::open_under(dir.path(), &clock);
    let accounts = books.provision(&NAMES, 1_000_000);
    let (mut clerk, mut charged, mut compared) = (Clerk::default(), 0, 0);
    let text = || EntryText::reference("test");
    let caps = [day_cap("day", u64::MAX, true)];
    let share = Earning::CommissionOfCharge(Share::from_percent(10.into()).unwrap());
    while charged < messages {
        clock.step_seconds(i64::try_from(draw.below(3_000)).unwrap());
        let now = clock.now();
        let at = draw.below(NAMES.len());
        let wallet = books.wallet(accounts[at]);
        match draw.below(12) {
            0 => {
                let late_refund = if at % 2 == 0 { LateRefund::ExtendDays(1) } else { LateRefund::Forfeit };
                let end = now.0 + 1 + draw.below(200_000_000_000) as u64;
                let (units, price) =
                    (1 + draw.below(30) as u64, i64::try_from(draw.below(2)).unwrap() * 7_000);
                let row = BundleRow { bought_at: now, late_refund, ..bundle(units, price, UnixMicros(end)) };
                let number = books.buy(accounts[at], row);
                clerk.bundles.insert((at, number.0), (units, end));
                *clerk.balances.entry(at).or_default() -= i128::from(price);
            }
            1 => {
                let (to, amount) = (PARENTS[at], Amount::from_micros(5_000));
                let to_wallet = books.wallet(accounts[to]);
                let transfer = TransferChange::new(wallet, to_wallet, (amount, amount), Amount::ZERO, text());
                if let Ok(transfer) = transfer {
                    books.change(|change| change.transfers.push(transfer)).unwrap();
                    *clerk.balances.entry(at).or_default() -= 5_000;
                    *clerk.balances.entry(to).or_default() += 5_000;
                }
            }
            2 => {
                if let Some(payout) = CommissionPayout::new(wallet, Amount::from_micros(900), true, text()) {
                    books.change(|change| change.payouts.push(payout)).unwrap();
                    *clerk.commissions.entry(at).or_default() -= 900;
                    *clerk.balances.entry(at).or_default() += 900;
                }
            }
            3 => {
                for ((owner, number), (left, end)) in &mut clerk.bundles {
                    let wallet = books.wallet(accounts[*owner]);
                    let ended = BundleChange::expire(wallet, BundleNumber(*number), now, text());
                    assert_eq!(ended.is_some(), *left > 0 && *end <= now.0);
                    if let Some(ended) = ended {
                        books.change(|change| change.bundles.push(ended)).unwrap();
                        *left = 0;
                    }
                }
            }
            4 | 5 if !clerk.sent.is_empty() => {
                let message = draw.below(clerk.sent.len());
                let (id, account) = clerk.give_back(message, now.0);
                books.cancel(accounts[account], id).unwrap();
            }
            _ => {
                let mut session = books.session(accounts[at]);
                let (mut chunk, mut parts) = (session.chunk(), Vec::new());
                let above: Vec<_> = chain_of(at)[1..]
                    .iter()
                    .map(|of| LevelAbove {
                        earning: if is_agent(*of) { share } else { Earning::Wholesale },
                        caps: &caps,
                        ..LevelAbove::paying(books.wallet(accounts[*of]), price_of(*of) as i64)
                    })
                    .collect();
                for _ in 0..=draw.below(20) {
                    let segments = 1 + draw.below(4) as u8;
                    let message = Message { segments, price: price_of(at) as i64, ..Message::default() };
                    session.charge_levels(&mut chunk, &message, (&caps, &above), now).unwrap();
                    parts.push(clerk.charge(at, segments.into(), now.0));
                }
                charged += parts.len();
                books.committer.try_charge(chunk).unwrap();
                let ids = session.first_id()..;
                clerk.sent.extend(ids.zip(parts).map(|(id, parts)| (id, at, parts)));
            }
        }
        if charged - compared > messages / 7 {
            compared = charged;
            clerk.compare(&books, &accounts);
            // The process is killed: what is on disk at this moment is all that is left.
            let image = crash_image(dir.path());
            books.close();
            dir = image;
            books = Books::open_under(dir.path(), &clock);
            clerk.compare(&books, &accounts);
        }
    }
    clerk.compare(&books, &accounts);
    prove_lists(&books, &accounts);
    books.close();
}
