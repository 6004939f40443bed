//! Books of a chain in which one level alone is off: the account is named, and what is wrong there.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::cap::CapCounts;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::price_list::Share;
use tollgate_engine::reselling::Earning;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::{BlockReader, BlockWriter, CdrFields, PostingsEncoder};
use tollgate_storage::rows::{
    BundleRow, CapRow, CommissionRow, EntryKind, LateRefund, LedgerEntry, ResaleRow,
};
use tollgate_storage::schema::{Family, account_key, bundle_key};

use super::{Closed, edit, edit_block, entry};
use crate::support::chain::{LevelAbove, bundle, day_cap};
use crate::support::{Books, Message, Raw};

const NEVER: UnixMicros = UnixMicros(4_000_000_000_000_000);
const NOW: UnixMicros = UnixMicros(1_790_000_000_000_000);

/// A customer, its agent and its reseller: two messages, the second given back.
struct Chain {
    closed: Closed,
    accounts: [AccountNumber; 3],
    bundle: BundleNumber,
    first: u64,
}

impl Chain {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let accounts: [_; 3] = books.provision(&["customer", "agent", "reseller"], 10).try_into().unwrap();
        let bundle = books.buy(accounts[0], bundle(5, 0, NEVER));
        let [agent, reseller] = [accounts[1], accounts[2]].map(|account| books.wallet(account));
        let earning = Earning::CommissionOfCharge(Share::from_percent(10.into()).unwrap());
        let agent = LevelAbove { earning, ..LevelAbove::paying(agent, 45_000) };
        let above = [agent, LevelAbove::paying(Arc::clone(&reseller), 40_000)];
        let mut session = books.session(accounts[0]);
        let mut chunk = session.chunk();
        let message = Message { segments: 4, ..Message::default() };
        let caps = [day_cap("day", 100, false)];
        for _ in 0..2 {
            session.charge_levels(&mut chunk, &message, (&caps, &above), NOW).unwrap();
        }
        books.committer.try_charge(chunk).unwrap();
        let first = session.first_id();
        books.cancel(accounts[0], first + 1).unwrap();
        books.prove();
        drop((session, above, reseller));
        books.close();
        Self { closed: Closed(dir), accounts, bundle, first }
    }

    #[track_caller]
    fn expect(&self, message: &str, change: impl FnOnce(&Raw)) {
        self.closed.expect(message, change);
    }

    /// Changes what the CDR of the first message says of its levels.
    #[track_caller]
    fn expect_of_cdr(&self, message: &str, change: impl FnOnce(&mut Beside)) {
        let [customer, ..] = self.accounts;
        let (key, value) = self.closed.rows(Family::Cdrs).remove(0);
        let block = BlockReader::new(customer, self.first, &value).unwrap();
        let (header, cdrs): (_, Vec<_>) = (block.header(), block.collect());
        let (mut writer, mut encoder) = (BlockWriter::default(), PostingsEncoder::default());
        let mut changed = Vec::new();
        let mut beside = cdrs[0].beside().unwrap();
        change(&mut beside);
        let beside = Some(encoder.encode(&beside));
        writer.push(&CdrFields { beside, ..cdrs[0].fields });
        cdrs[1..].iter().for_each(|cdr| writer.push(&cdr.fields));
        writer.write_to(&header, &mut changed);
        self.expect(message, |raw| raw.put(Family::Cdrs, key, changed));
    }
}

#[test]
fn a_level_that_is_off_in_a_cdr_is_named() {
    let chain = Chain::new();
    chain.expect_of_cdr("account reseller", |beside| {
        beside.above[1].postings.posting.amount = Amount::from_micros(1);
    });
    chain.expect_of_cdr("account agent: its commission balance is", |beside| {
        beside.above[0].postings.commission = Amount::from_micros(1);
    });
    chain.expect_of_cdr("account 3 in", |beside| drop(beside.above.pop()));
    chain.expect_of_cdr("account 3 in", |beside| beside.above[1].postings.posting.segments = 3);
    chain.expect_of_cdr("account customer: bundle", |beside| beside.own.takes[0].units = 3);
    chain.expect_of_cdr("account customer: cap", |beside| beside.own.caps = CapCounts::default());
    chain.expect_of_cdr("covers or counts more than its 4 segments", |beside| beside.own.covered = 5);
    chain.expect_of_cdr("account agent in", |beside| beside.above[0].sold = Amount::from_micros(1));
    // Covered segments do not count for the customer's tiers.
    chain.expect("account 1 in", |raw| {
        edit_block(raw, chain.accounts[0], chain.first, |cdr| cdr.beside = None);
    });
}

#[test]
fn a_row_that_is_off_at_one_level_is_named() {
    let chain = Chain::new();
    let [customer, agent, _] = chain.accounts;
    let key = bundle_key(customer, chain.bundle);
    chain.expect("account customer: bundle", |raw| {
        edit(raw, Family::Bundles, key, |row: &mut BundleRow| row.left += 1);
    });
    chain.expect("is said to be of 9 units", |raw| {
        edit(raw, Family::Bundles, key, |row: &mut BundleRow| row.units = 9);
    });
    chain.expect("no ledger entry gave bundle 7", |raw| {
        raw.put(Family::Bundles, bundle_key(customer, BundleNumber(7)), raw.get(Family::Bundles, key));
    });
    chain.expect("account customer: bundle", |raw| raw.delete(Family::Bundles, key));
    let (cap, _) = chain.closed.rows(Family::Caps)[0].clone();
    chain.expect("account customer: cap", |raw| {
        edit(raw, Family::Caps, &cap, |row: &mut CapRow| row.messages -= 1);
    });
    chain.expect("account customer: the counter of cap", |raw| raw.delete(Family::Caps, &cap));
    chain.expect("account agent: its commission balance is 1", |raw| {
        let one = CommissionRow(Total::from_micros(1_000_000));
        edit(raw, Family::Commissions, account_key(agent), |row: &mut CommissionRow| *row = one);
    });
    // All of it was given back, so that no rule asks for the row.
    chain.expect("commissions, account 2", |raw| {
        raw.delete(Family::Commissions, account_key(agent));
    });
    for (key, _) in chain.closed.rows(Family::Resales) {
        chain.expect("sold to", |raw| {
            edit(raw, Family::Resales, &key, |row: &mut ResaleRow| row.segments += 1);
        });
        chain.expect("the row of what it sold to", |raw| raw.delete(Family::Resales, &key));
    }
    chain.closed.check_that_no_row_can_go_missing(&[
        Family::Bundles,
        Family::Caps,
        Family::Commissions,
        Family::Resales,
        Family::Wallets,
    ]);
}

#[test]
fn a_refund_that_is_missing_or_off_at_one_level_is_named() {
    let chain = Chain::new();
    let names = ["customer", "agent", "reseller"];
    for (account, name) in chain.accounts.into_iter().zip(names) {
        chain.expect(&format!("but the ledger of account {name} has no entry"), |raw| {
            let (key, _) = entry(raw, account, EntryKind::Refund);
            raw.delete(Family::Ledger, &key);
        });
    }
    let changed = |account, change: fn(&mut LedgerEntry)| {
        move |raw: &Raw| {
            let (key, _) = entry(raw, account, EntryKind::Refund);
            edit(raw, Family::Ledger, key, change);
        }
    };
    let [customer, agent, reseller] = chain.accounts;
    chain.expect("account customer: ledger entry", changed(customer, |entry| entry.units.clear()));
    chain.expect("forfeits units of bundle", |raw| {
        let key = bundle_key(customer, chain.bundle);
        edit(raw, Family::Bundles, key, |row: &mut BundleRow| row.late_refund = LateRefund::ExtendDays(1));
        changed(customer, |entry| entry.units[0].1 = 0)(raw);
    });
    chain.expect("account customer: bundle", changed(customer, |entry| entry.units[0].1 = 0));
    chain.expect("account agent: ledger entry", changed(agent, |entry| entry.commission = Amount::ZERO));
    chain.expect("account reseller: ledger entry", changed(reseller, |entry| entry.amount = Amount::ZERO));
}
