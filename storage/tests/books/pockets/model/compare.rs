//! The comparison of the books with the clerk's.

use std::collections::BTreeMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::posting::LevelPostings;
use tollgate_engine::time::Month;
use tollgate_storage::schema::{Family, volume_key};

use super::clerk::{Clerk, Counter, Part, Sale, Sent};
use super::tree::caps_of;
use crate::support::Books;

/// The networks of messages.
pub fn network(position: usize) -> NetworkCode {
    NetworkCode::new("639", ["02", "03"][position]).unwrap()
}

impl Clerk {
    pub fn compare(&self, books: &Books, accounts: &[AccountNumber]) {
        books.prove();
        for (at, number) in accounts.iter().enumerate() {
            let (wallet, pockets) = (books.durable_wallet(*number), books.store.pockets());
            let paid = wallet.balance.micros() - 1_000_000_000_000;
            assert_eq!(paid, self.balances.get(&at).copied().unwrap_or(0), "account {at}");
            let commission = pockets.commission(*number).unwrap().micros();
            assert_eq!(commission, self.commissions.get(&at).copied().unwrap_or(0), "account {at}");
            let bundles: BTreeMap<_, _> = pockets.bundles(*number).unwrap().into_iter().collect();
            let kept = bundles.iter().map(|(bundle, row)| ((at, bundle.0), (row.left, row.expires_at.0)));
            let expected = self.bundles.iter().filter(|((owner, _), _)| *owner == at);
            assert!(kept.eq(expected.map(|(key, row)| (*key, *row))), "bundles of account {at}");
            self.compare_caps(books, at, *number);
        }
        for ((account, month), counted) in &self.counted {
            let row = books.store.get(Family::Volumes, &volume_key(accounts[*account], Month(*month)));
            let kept = row.unwrap().map_or(0, |row| u64::from_be_bytes(row.try_into().unwrap()));
            assert_eq!(kept, *counted, "account {account} in month {month}");
        }
        self.compare_sales(books, accounts);
        self.unread.iter().for_each(|sent| compare_cdr(books, accounts, sent));
    }

    fn compare_caps(&self, books: &Books, at: usize, number: AccountNumber) {
        let counters = books.store.pockets().caps(number).unwrap();
        for (position, cap) in caps_of(at).iter().enumerate() {
            let kept = counters.iter().find(|counter| counter.cap == cap.cap().number());
            let kept = kept.map(|counter| Counter {
                span: (counter.span.start.0, counter.span.end.0),
                messages: counter.messages,
                amount: counter.amount.micros(),
            });
            let expected = self.counters.get(&(at, position)).copied();
            assert_eq!(kept, expected, "cap {} of account {at}", cap.name);
        }
        assert!(counters.len() <= caps_of(at).len());
    }

    fn compare_sales(&self, books: &Books, accounts: &[AccountNumber]) {
        let position = |number| accounts.iter().position(|account| *account == number).unwrap();
        let mut kept: BTreeMap<Sale, [i128; 6]> = BTreeMap::new();
        for seller in accounts {
            let every = Month(0)..=Month(u32::MAX);
            for (key, row) in books.store.pockets().resales(*seller, every).unwrap() {
                let at = usize::from(key.network != network(0));
                let sums = [row.sold, row.bought, row.billed, row.commission].map(Total::micros);
                let [sold, bought, billed, commission] = sums;
                let counted = [row.messages.into(), row.segments.into(), sold, bought, billed, commission];
                kept.insert((position(key.seller), key.month.0, position(key.child), at), counted);
            }
        }
        let expected = self.sales.iter().filter(|(_, row)| row[0] > 0);
        assert_eq!(kept, expected.map(|(key, row)| (*key, *row)).collect());
    }
}

/// The CDR says what every level moved, whether it was given back since or not.
fn compare_cdr(books: &Books, accounts: &[AccountNumber], sent: &Sent) {
    let read = books.store.messages().cdr(accounts[sent.account], sent.id, |cdr| {
        let beside = cdr.beside().expect("a message of a chain");
        assert_eq!(
            (cdr.fields.amount, cdr.fields.network),
            (beside.own.posting.amount, network(sent.network))
        );
        let mut levels = vec![(beside.own, 0, false)];
        for level in beside.above {
            assert_eq!((level.network, u64::from(level.segments)), (network(sent.network), sent.segments));
            levels.push((level.postings, level.sold.micros(), level.is_agent));
        }
        levels
    });
    let levels = read.unwrap().expect("a CDR");
    assert_eq!(levels.len(), sent.parts.len());
    for ((postings, sold, is_agent), part) in levels.iter().zip(&sent.parts) {
        assert_eq!((i128::from(*sold), *is_agent), (part.sold, part.is_agent), "{sent:?}");
        compare_level(postings, accounts[part.account], part);
    }
}

fn compare_level(postings: &LevelPostings, account: AccountNumber, part: &Part) {
    let posting = postings.posting;
    assert_eq!(
        (posting.account, posting.month.0, posting.counted_before, u64::from(posting.segments)),
        (account, part.month, part.counted_before, part.counted),
        "{part:?}"
    );
    let money = (posting.amount, postings.commission);
    assert_eq!(
        (money.0.micros().into(), money.1.micros().into()),
        (part.amount, part.commission),
        "{part:?}"
    );
    let takes: Vec<_> = postings.takes.iter().map(|take| (take.bundle.0, take.units)).collect();
    assert_eq!((u64::from(postings.covered), &takes), (part.covered, &part.takes), "{part:?}");
    let counted = postings.caps.iter().map(|count| (count.cap, count.span.start.0, count.span.end.0));
    let caps = caps_of(part.account);
    let expected = caps.iter().zip(&part.spans).map(|(cap, (start, end))| (cap.cap().number(), *start, *end));
    assert!(counted.eq(expected), "{:?}, {part:?}", postings.caps);
}
