//! Rate rows made ready for look-up: by network one array step to a short list, of which the first row that holds
//! now is the rate.
//!
//! A row for one of an operator's codes holds for its other codes too, and a row for an MCC holds for the whole
//! country. So the list of a network is put together when the tariff is loaded, in the order in which rows win:
//! the exact code, an alias of it, the exact MCC, another MCC of the country; within each the latest `effective_from`
//! first. Networks with the same list share it.

use std::collections::HashMap;

use crate::money::Amount;
use crate::network::{NetworkCode, NetworkId, Networks};
use crate::tariff::{RateRow, RowOrigin};
use crate::time::UnixMicros;

/// How close a row's network is to the message's; the closest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateScope {
    /// The very code.
    Network,
    /// Another code of the same operator.
    Alias,
    /// The whole MCC.
    Country,
    /// Another MCC of the same country.
    CountryAlias,
}

/// One row as it holds for one network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    scope: RateScope,
    price: Amount,
    from: UnixMicros,
    to: UnixMicros,
    row: u32,
}

/// A rate that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRate<'a> {
    /// Per segment.
    pub price: Amount,
    /// How close the row is.
    pub scope: RateScope,
    /// The network that the row names.
    pub network: NetworkCode,
    /// Where the row stands.
    pub origin: &'a RowOrigin,
}

/// The rates of one plan, or of one account, by network.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    /// By `NetworkId`, shared lists as positions in `lists`; networks without any rate point at the empty list.
    by_network: Box<[u32]>,
    /// Where each list begins in `entries`; one more than there are lists.
    lists: Box<[u32]>,
    entries: Box<[Entry]>,
    rows: Box<[(NetworkCode, RowOrigin)]>,
}

impl PriceTable {
    /// From rows whose networks are all in the catalogue; rows of others hold for nothing.
    pub fn build(rows: &[RateRow], networks: &Networks) -> Self {
        if rows.is_empty() {
            return Self::default();
        }
        let by_code = rows_by_code(rows);
        let mut by_network = Vec::with_capacity(networks.len());
        let (mut lists, mut entries) = (vec![0, 0], Vec::new());
        let mut known: HashMap<Vec<Entry>, u32> = HashMap::from([(Vec::new(), 0)]);
        for (id, _) in networks.iter() {
            let list = list_of(id, rows, &by_code, networks);
            let position = *known.entry(list).or_insert_with_key(|list| {
                entries.extend_from_slice(list);
                lists.push(narrow(entries.len()));
                narrow(lists.len() - 2)
            });
            by_network.push(position);
        }
        Self {
            by_network: by_network.into(),
            lists: lists.into(),
            entries: entries.into(),
            rows: rows.iter().map(|row| (row.network, row.origin.clone())).collect(),
        }
    }

    /// Whether there is no rate at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes on the heap, for the figure of memory per rate row.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.by_network)
            + size_of_val(&*self.lists)
            + size_of_val(&*self.entries)
            + size_of_val(&*self.rows)
    }

    /// The price that holds for `network` at `now`.
    pub fn price(&self, network: NetworkId, now: UnixMicros) -> Option<Amount> {
        self.entry(network, now).map(|entry| entry.price)
    }

    /// The same, with where it comes from.
    pub fn find(&self, network: NetworkId, now: UnixMicros) -> Option<FoundRate<'_>> {
        let entry = self.entry(network, now)?;
        let (code, origin) = self.rows.get(entry.row as usize)?;
        Some(FoundRate { price: entry.price, scope: entry.scope, network: *code, origin })
    }

    fn entry(&self, network: NetworkId, now: UnixMicros) -> Option<&Entry> {
        let list = *self.by_network.get(usize::from(network.0))? as usize;
        let (start, end) = (*self.lists.get(list)? as usize, *self.lists.get(list + 1)? as usize);
        self.entries.get(start..end)?.iter().find(|entry| entry.from <= now && now < entry.to)
    }
}

type RowsByCode = HashMap<NetworkCode, Vec<u32>>;

/// The rows of each code, latest `effective_from` first; of equal ones the first in the file.
fn rows_by_code(rows: &[RateRow]) -> RowsByCode {
    let mut by_code = RowsByCode::new();
    for (index, row) in rows.iter().enumerate() {
        by_code.entry(row.network).or_default().push(narrow(index));
    }
    for list in by_code.values_mut() {
        list.sort_by_key(|index| std::cmp::Reverse(rows[*index as usize].effective_from));
    }
    by_code
}

fn list_of(id: NetworkId, rows: &[RateRow], by_code: &RowsByCode, networks: &Networks) -> Vec<Entry> {
    let code = networks.get(id).code;
    let aliases = networks.aliases(id).iter().map(|alias| (RateScope::Alias, networks.get(*alias).code));
    let sisters = networks
        .mccs_of_same_country(code.mcc)
        .iter()
        .map(|mcc| (RateScope::CountryAlias, NetworkCode { mcc: *mcc, mnc: None }));
    let exact = code.mnc.map(|_| (RateScope::Network, code));
    exact
        .into_iter()
        .chain(aliases)
        .chain([(RateScope::Country, NetworkCode { mcc: code.mcc, mnc: None })])
        .chain(sisters)
        .flat_map(|(scope, code)| by_code.get(&code).into_iter().flatten().map(move |row| (scope, *row)))
        .map(|(scope, row)| entry_of(scope, row, &rows[row as usize]))
        .collect()
}

fn entry_of(scope: RateScope, index: u32, row: &RateRow) -> Entry {
    Entry {
        scope,
        price: row.price,
        from: row.effective_from,
        to: row.effective_to.unwrap_or(UnixMicros(u64::MAX)),
        row: index,
    }
}

/// Counts here are bounded by the rows of a file, far below four thousand million.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
