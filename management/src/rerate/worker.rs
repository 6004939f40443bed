//! One thread that rates accounts again, CDR by CDR. Nothing is allocated for a CDR that is as it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::prices::PriceTable;
use tollgate_engine::time::Month;
use tollgate_storage::cdr::{BlockReader, Cdr};
use tollgate_storage::rows::AccountRow;
use tollgate_storage::schema::{Family, account_id_key, parse_account_id_key};
use tollgate_storage::store::{Store, Unavailable};

use super::again::BlockTerms;
use super::difference::{Difference, others};
use super::levels::{ChainTerms, Names};
use super::tariffs::Tariffs;
use super::version::{Archived, Version};

/// Segments that may have been counted before a message and are on no earlier CDR: those of messages on their way to disk,
/// or never to come there. No queue has room for as many messages.
const ON_THEIR_WAY: u64 = 1 << 22;

/// The counts of one thread.
#[derive(Debug, Default)]
pub struct Counts {
    /// CDRs that were rated again.
    pub rated_again: u64,
    /// CDRs that could not be.
    pub not_rated_again: u64,
    /// CDRs that differ.
    pub differing: u64,
    /// The first of them.
    pub first: Option<Difference>,
}

impl Counts {
    /// Adds those of another thread.
    pub fn add(&mut self, other: Self) {
        self.rated_again += other.rated_again;
        self.not_rated_again += other.not_rated_again;
        self.differing += other.differing;
        let firsts = [self.first.take(), other.first].into_iter().flatten();
        self.first = firsts.min_by_key(|difference| difference.place);
    }

    fn differ(&mut self, difference: impl FnOnce() -> Difference) {
        self.rated_again += 1;
        self.differing += 1;
        // A thread goes from account to account and from CDR to CDR in their order.
        self.first.get_or_insert_with(difference);
    }
}

/// A thread at its work.
#[derive(Debug)]
pub struct Worker<'s> {
    store: &'s Store,
    tariffs: &'s Tariffs<'s>,
    names: &'s Names,
    counts: Counts,
    /// The version of the last block.
    version: Option<(u32, Arc<Archived>)>,
    /// The own rates of the account, by version.
    own_prices: Vec<(u32, Arc<PriceTable>)>,
    /// Segments on the account's CDRs so far.
    volumes: Vec<(Month, u64)>,
}

impl<'s> Worker<'s> {
    /// A thread that has done nothing yet.
    pub fn new(store: &'s Store, tariffs: &'s Tariffs<'s>, names: &'s Names) -> Self {
        let (own_prices, volumes) = (Vec::new(), Vec::new());
        Self { store, tariffs, names, counts: Counts::default(), version: None, own_prices, volumes }
    }

    /// Takes account after account until there is none left.
    pub fn rate_all(
        mut self,
        accounts: &[(AccountNumber, AccountRow)],
        next: &AtomicUsize,
    ) -> Result<Counts, Unavailable> {
        while let Some((number, row)) = accounts.get(next.fetch_add(1, Ordering::Relaxed)) {
            self.rate_account(*number, row)?;
        }
        Ok(self.counts)
    }

    fn rate_account(&mut self, number: AccountNumber, row: &AccountRow) -> Result<(), Unavailable> {
        self.own_prices.clear();
        self.volumes.clear();
        let mut result = Ok(());
        self.store.scan(
            Family::Cdrs,
            &account_id_key(number, 0),
            |key, value| match parse_account_id_key(key) {
                Some((owner, first)) if owner == number => {
                    result = match BlockReader::new(number, first, value) {
                        Some(block) => self.rate_block(row, block),
                        None => Err(damaged()),
                    };
                    result.is_ok()
                }
                _ => false,
            },
        )?;
        result
    }

    fn rate_block(&mut self, account: &AccountRow, mut block: BlockReader<'_>) -> Result<(), Unavailable> {
        let header = block.header();
        let archived = self.version_of(header.tariff)?;
        match &*archived {
            Archived::Readable(version) => self.rate_by(account, &mut block, version)?,
            Archived::Altered(why) => self.all_differ(account, &mut block, why),
            Archived::Unreadable(_) => {
                self.counts.not_rated_again += u64::from(block.left());
                block.by_ref().for_each(drop);
            }
        }
        if block.is_sound() { Ok(()) } else { Err(damaged()) }
    }

    fn rate_by(
        &mut self,
        account: &AccountRow,
        block: &mut BlockReader<'_>,
        version: &Version,
    ) -> Result<(), Unavailable> {
        let header = block.header();
        let name = version.terms.plan(&account.id).unwrap_or(header.plan);
        let Some(plan) = version.plans.get(name) else {
            self.all_differ(account, block, &format!("plan {name} is not in the tariff version"));
            return Ok(());
        };
        let own_prices = self.own_prices_of(account, header.tariff, version);
        let tables = version.tables.as_ref();
        let chain = tables.and_then(|tables| ChainTerms::of(tables, self.names, &account.id));
        let terms = BlockTerms::of(&version.catalogue, plan, (&own_prices, chain.as_ref()), &header);
        self.rate_cdrs(account, block, &terms)
    }

    fn rate_cdrs(
        &mut self,
        account: &AccountRow,
        block: &mut BlockReader<'_>,
        terms: &BlockTerms<'_>,
    ) -> Result<(), Unavailable> {
        let header = block.header();
        let is_sound = header.plan == &*terms.plan.plan.name
            && account.currency == terms.plan.plan.currency.as_str()
            && header.month == terms.month;
        let mut counted = self.counted(header.month);
        for cdr in block {
            let (fields, again) = (&cdr.fields, terms.rate(&cdr));
            let is_beyond = fields.counted_before > counted.saturating_add(ON_THEIR_WAY)
                && !self.counts_others_too(cdr.account, header.month)?;
            counted = counted.saturating_add(u64::from(fields.segments));
            if is_sound && !is_beyond && again.agrees_with(fields) {
                let is_whole = again.is_network_known;
                let count =
                    if is_whole { &mut self.counts.rated_again } else { &mut self.counts.not_rated_again };
                *count += 1;
                continue;
            }
            self.counts.differ(|| {
                let mut others = others(&cdr, terms, &again, &account.currency);
                if is_beyond {
                    others.push(format!("{} segments before it, which no CDRs have", fields.counted_before));
                }
                Difference { would_be: again.amount, ..difference(account, &cdr, others) }
            });
        }
        self.count_up_to(header.month, counted);
        Ok(())
    }

    /// True if messages of accounts below were counted in the month too, which are on the CDRs of those accounts.
    fn counts_others_too(&self, account: AccountNumber, month: Month) -> Result<bool, Unavailable> {
        Ok(!self.store.pockets().resales(account, month..=month)?.is_empty())
    }

    fn all_differ(&mut self, account: &AccountRow, block: &mut BlockReader<'_>, why: &str) {
        for cdr in block {
            self.counts.differ(|| difference(account, &cdr, vec![why.to_owned()]));
        }
    }

    fn version_of(&mut self, number: u32) -> Result<Arc<Archived>, Unavailable> {
        if let Some((known, version)) = &self.version
            && *known == number
        {
            return Ok(Arc::clone(version));
        }
        let version = self.tariffs.version(number)?;
        self.version = Some((number, Arc::clone(&version)));
        Ok(version)
    }

    fn own_prices_of(&mut self, account: &AccountRow, tariff: u32, version: &Version) -> Arc<PriceTable> {
        if let Some((_, prices)) = self.own_prices.iter().rev().find(|(known, _)| *known == tariff) {
            return Arc::clone(prices);
        }
        let prices = Arc::new(version.own_prices(&account.id));
        self.own_prices.push((tariff, Arc::clone(&prices)));
        prices
    }

    /// Segments on the account's CDRs of a month so far.
    fn counted(&self, month: Month) -> u64 {
        let volume = self.volumes.iter().rev().find(|(known, _)| *known == month);
        volume.map_or(0, |(_, counted)| *counted)
    }

    fn count_up_to(&mut self, month: Month, counted: u64) {
        match self.volumes.iter_mut().rev().find(|(known, _)| *known == month) {
            Some(volume) => volume.1 = counted,
            None => self.volumes.push((month, counted)),
        }
    }
}

/// A difference of which no price can be said.
fn difference(account: &AccountRow, cdr: &Cdr<'_>, others: Vec<String>) -> Difference {
    Difference {
        place: (cdr.account.0, cdr.message_id),
        account: account.id.clone(),
        currency: account.currency.clone(),
        charged: cdr.fields.amount,
        would_be: None,
        others,
    }
}

fn damaged() -> Unavailable {
    Unavailable(format!("a damaged row in {}", Family::Cdrs.name()))
}
