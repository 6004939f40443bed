//! Rate rows made ready for look-up: by network one array step to a short list, of which the first row that
//! holds now is the rate.
//!
//! A row for one of an operator's codes holds for its other codes too, and a row for an MCC holds for the
//! whole country. So the list of a network is put together when the tariff is loaded, in the order in which
//! rows win: the exact code, an alias of it, the exact MCC, another MCC of the country; within each the plan's
//! own rows before those of every plan, and the latest `effective_from` first. A row that does not hold now is
//! passed over and hides nothing. Networks with the same list share it.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::money::Amount;
use crate::network::{NetworkCode, NetworkId, Networks};
use crate::tariff::{RateRow, RowOrigin};
use crate::time::UnixMicros;

/// The closeness of a row's network to the message's; the closest wins.
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
    /// True if the row is one of every plan, which one of the plan's own comes before.
    is_common: bool,
    price: Amount,
    from: UnixMicros,
    to: UnixMicros,
    row: u32,
}

/// A rate that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRate<'a> {
    /// The price of a segment.
    pub price: Amount,
    /// The closeness of the row.
    pub scope: RateScope,
    /// The network that the row names.
    pub network: NetworkCode,
    /// The file and line of the row.
    pub origin: &'a RowOrigin,
}

/// The rates of one plan, or of one account, by network.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    /// By `NetworkId`, shared lists as positions in `lists`; networks without any rate point at the empty
    /// list.
    by_network: Box<[u32]>,
    /// The place in `entries` at which each list begins; one more than there are lists.
    lists: Box<[u32]>,
    entries: Box<[Entry]>,
    rows: Box<[(NetworkCode, RowOrigin)]>,
}

impl PriceTable {
    /// From rows whose networks are all in the catalogue; rows of others hold for nothing.
    pub fn build(rows: &[RateRow], networks: &Networks) -> Self {
        Self::build_with_common(rows, &[], networks)
    }

    /// The same with rows of every plan, which hold where no row of the plan's own with the same closeness is in force.
    pub fn build_with_common(own: &[RateRow], common: &[RateRow], networks: &Networks) -> Self {
        if own.is_empty() && common.is_empty() {
            return Self::default();
        }
        let rows: Vec<&RateRow> = own.iter().chain(common).collect();
        let rows = RowList { by_code: rows_by_code(&rows), all: rows, own: own.len() };
        let mut by_network = Vec::with_capacity(networks.len());
        let (mut lists, mut entries) = (vec![0, 0], Vec::new());
        let mut known: HashMap<Vec<Entry>, u32> = HashMap::from([(Vec::new(), 0)]);
        for (id, _) in networks.iter() {
            let list = list_of(id, &rows, networks);
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
            rows: rows.all.iter().map(|row| (row.network, row.origin.clone())).collect(),
        }
    }

    /// True if there is no rate at all.
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

/// The rows that a table is made from: those of its own first, then those of every plan.
struct RowList<'a> {
    all: Vec<&'a RateRow>,
    own: usize,
    by_code: RowsByCode,
}

type RowsByCode = HashMap<NetworkCode, Vec<u32>>;

/// The rows of each code, in the order of the file.
fn rows_by_code(rows: &[&RateRow]) -> RowsByCode {
    let mut by_code = RowsByCode::new();
    for (index, row) in rows.iter().enumerate() {
        by_code.entry(row.network).or_default().push(narrow(index));
    }
    by_code
}

/// The rows that hold for a network, in the order in which they win. An operator's other codes are equals,
/// and so are a country's other MCCs: among them rows of the plan's own come before those of every plan, then
/// the latest `effective_from`, then the order of the file.
fn list_of(id: NetworkId, rows: &RowList<'_>, networks: &Networks) -> Vec<Entry> {
    let code = networks.get(id).code;
    let aliases = networks.aliases(id).iter().map(|alias| (RateScope::Alias, networks.get(*alias).code));
    let sisters = networks
        .mccs_of_same_country(code.mcc)
        .iter()
        .map(|mcc| (RateScope::CountryAlias, NetworkCode { mcc: *mcc, mnc: None }));
    let exact = code.mnc.map(|_| (RateScope::Network, code));
    let mut list: Vec<Entry> = exact
        .into_iter()
        .chain(aliases)
        .chain([(RateScope::Country, NetworkCode { mcc: code.mcc, mnc: None })])
        .chain(sisters)
        .flat_map(|(scope, code)| rows.by_code.get(&code).into_iter().flatten().map(move |row| (scope, *row)))
        .map(|(scope, row)| rows.entry(scope, row))
        .collect();
    list.sort_by_key(|entry| (entry.scope, entry.is_common, Reverse(entry.from), entry.row));
    list
}

impl RowList<'_> {
    fn entry(&self, scope: RateScope, index: u32) -> Entry {
        let row = self.all[index as usize];
        Entry {
            scope,
            is_common: index as usize >= self.own,
            price: row.price,
            from: row.effective_from,
            to: row.effective_to.unwrap_or(UnixMicros(u64::MAX)),
            row: index,
        }
    }
}

/// Counts here are bounded by the rows of a file, far below four thousand million.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::network::NetworksBuilder;

    fn code(text: &str) -> NetworkCode {
        NetworkCode::parse_joined(text).unwrap()
    }

    fn networks() -> Networks {
        let mut builder = NetworksBuilder::new();
        for (network, iso2) in [("310/260", "US"), ("311/480", "US"), ("311/490", "US"), ("639/02", "KE")] {
            builder.add_network(code(network), iso2, "").unwrap();
        }
        builder.add_country("US", "United States", "1", &["310", "311"].map(code)).unwrap();
        builder.add_aliases(&["310/260", "311/490"].map(code)).unwrap();
        builder.build()
    }

    /// Rows in the order of lines; the price tells them apart.
    fn rows(rows: &[(&str, u64)]) -> Vec<RateRow> {
        let file: Arc<str> = Arc::from("rates.csv");
        let row = |((network, from), line): (&(&str, u64), u32)| RateRow {
            network: code(network),
            price: Amount::from_micros(i64::from(line)),
            effective_from: UnixMicros(*from),
            effective_to: None,
            origin: RowOrigin { file: Arc::clone(&file), line },
        };
        rows.iter().zip(1..).map(row).collect()
    }

    #[test]
    fn the_closest_row_wins_and_names_its_line() {
        let networks = networks();
        let rows = rows(&[("311", 0), ("310", 0), ("311/490", 0), ("310/260", 5)]);
        let table = PriceTable::build(&rows, &networks);
        for (network, now, scope, line) in [
            ("310/260", 4, RateScope::Alias, 3),
            ("310/260", 5, RateScope::Network, 4),
            ("311/490", 5, RateScope::Network, 3),
            ("311/480", 5, RateScope::Country, 1),
            ("310", 5, RateScope::Country, 2),
        ] {
            let network = networks.id(code(network)).unwrap();
            let found = table.find(network, UnixMicros(now)).unwrap();
            assert_eq!((found.scope, found.origin.line), (scope, line));
            assert_eq!(table.price(network, UnixMicros(now)), Some(found.price));
        }
        assert_eq!(table.find(networks.id(code("639/02")).unwrap(), UnixMicros(5)), None);
    }

    #[test]
    fn of_equal_rows_the_first_in_the_file_wins() {
        let networks = networks();
        let table = PriceTable::build(&rows(&[("310/260", 7), ("310/260", 7), ("310/260", 6)]), &networks);
        let network = networks.id(code("310/260")).unwrap();
        assert_eq!(table.find(network, UnixMicros(7)).unwrap().origin.line, 1);
        assert_eq!(table.find(network, UnixMicros(6)).unwrap().origin.line, 3);
        assert_eq!(table.price(network, UnixMicros(5)), None);
    }

    #[test]
    fn a_row_that_does_not_hold_hides_nothing() {
        let networks = networks();
        // Lines 1 and 2 hold from 10 to 20: for the network, and for its country.
        let mut own = rows(&[("311/490", 10), ("311", 10)]);
        for row in &mut own {
            row.effective_to = Some(UnixMicros(20));
        }
        let mut common = rows(&[("311/490", 0), ("311", 0), ("310/260", 15), ("310", 15)]);
        for (row, line) in common.iter_mut().zip(3..) {
            row.origin.line = line;
        }
        let table = PriceTable::build_with_common(&own, &common, &networks);
        let line = |network: &str, now: u64| {
            let network = networks.id(code(network)).unwrap();
            table.find(network, UnixMicros(now)).map(|found| found.origin.line)
        };
        for (network, lines) in [
            ("311/490", [Some(3), Some(1), Some(1), Some(3)]),
            ("311/480", [Some(4), Some(2), Some(2), Some(4)]),
            // An alias of the first: the plan's own row comes before that of every plan for the exact code's alias.
            ("310/260", [Some(3), Some(1), Some(5), Some(5)]),
            ("310", [Some(4), Some(2), Some(6), Some(6)]),
        ] {
            assert_eq!([9, 10, 19, 20].map(|now| line(network, now)), lines, "{network}");
        }
        let only_later = PriceTable::build_with_common(&own, &[], &networks);
        let network = networks.id(code("311/490")).unwrap();
        assert_eq!([9, 20].map(|now| only_later.price(network, UnixMicros(now))), [None, None]);
    }

    #[test]
    fn networks_with_the_same_rows_share_one_list() {
        let networks = networks();
        let table = PriceTable::build(&rows(&[("311", 0)]), &networks);
        // All of 311, all of 310, and Kenya without any.
        assert_eq!(table.lists.len(), 4);
        assert_eq!(table.entries.len(), 2);
        assert!(PriceTable::build(&[], &networks).is_empty());
    }
}
