//! The rows that an owner of prices has once an imported list is taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::RowOrigin;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::WrittenRate;
use tollgate_provisioning::import::{ClosedNetwork, ListContent, ListedRate};

/// The content of a list, as it was read.
#[derive(Clone, Copy, Debug)]
pub struct ListedPrices<'a> {
    /// The name of the list.
    pub name: &'a str,
    /// The rates of the list.
    pub rates: &'a [ListedRate],
    /// The networks that it closes.
    pub closed: &'a [ClosedNetwork],
    /// The networks that it has: all, or those that change.
    pub content: ListContent,
}

impl ListedPrices<'_> {
    /// The first instant of a full list of which no rate has begun yet: until then the present rows hold.
    fn start(&self, now: UnixMicros) -> Option<UnixMicros> {
        let first = self.rates.iter().map(|rate| rate.from).min()?;
        (first > now).then_some(first)
    }
}

/// The rows after the list. Of a network of the list, rows that began before the list's first price stay, as they hold until
/// then; later ones give way. A network that a full list does not have ends when the list begins.
pub fn rows_after(
    old: &[WrittenRate],
    list: &ListedPrices<'_>,
    plan: &Arc<str>,
    now: UnixMicros,
    label: impl Fn(NetworkCode) -> String,
) -> Vec<WrittenRate> {
    let mut first: BTreeMap<NetworkCode, UnixMicros> = BTreeMap::new();
    for rate in list.rates {
        let begins = first.entry(rate.network).or_insert(rate.from);
        *begins = rate.from.min(*begins);
    }
    let closed: BTreeMap<NetworkCode, Option<UnixMicros>> =
        list.closed.iter().map(|closed| (closed.network, closed.at)).collect();
    let start = list.start(now);
    let after = |row: &WrittenRate| match (first.get(&row.network), closed.get(&row.network)) {
        (Some(first), _) => (row.effective_from < *first).then(|| row.clone()),
        (None, Some(at)) => at.filter(|at| *at > now).and_then(|at| ended(row, at)),
        (None, None) if list.content == ListContent::Changes => Some(row.clone()),
        (None, None) => start.and_then(|start| ended(row, start)),
    };
    let mut rows: Vec<WrittenRate> = old.iter().filter_map(after).collect();
    let notes: BTreeMap<NetworkCode, &str> = old.iter().map(|row| (row.network, row.note.as_str())).collect();
    let file: Arc<str> = list.name.into();
    rows.extend(list.rates.iter().map(|rate| WrittenRate {
        plan: Arc::clone(plan),
        network: rate.network,
        price: rate.price,
        effective_from: rate.from,
        effective_to: rate.to,
        note: match (rate.note.as_str(), notes.get(&rate.network)) {
            ("", Some(note)) => (*note).to_owned(),
            ("", None) => label(rate.network),
            (note, _) => note.to_owned(),
        },
        origin: RowOrigin { file: Arc::clone(&file), line: rate.line },
    }));
    rows
}

/// A row that holds until an instant at most; `None` if it would begin later.
fn ended(row: &WrittenRate, at: UnixMicros) -> Option<WrittenRate> {
    let effective_to = Some(row.effective_to.map_or(at, |to| to.min(at)));
    (row.effective_from < at).then(|| WrittenRate { effective_to, ..row.clone() })
}

#[cfg(test)]
mod tests {
    use tollgate_provisioning::import::RowStatus;

    use super::*;

    const NOW: UnixMicros = UnixMicros(1_000);

    fn row(network: &str, price: &str, from: u64, to: Option<u64>) -> WrittenRate {
        WrittenRate {
            plan: "*".into(),
            network: NetworkCode::parse_joined(network).unwrap(),
            price: price.parse().unwrap(),
            effective_from: UnixMicros(from),
            effective_to: to.map(UnixMicros),
            note: String::new(),
            origin: RowOrigin { file: "a.csv".into(), line: 1 },
        }
    }

    fn rate(network: &str, price: &str, from: u64) -> ListedRate {
        ListedRate {
            network: NetworkCode::parse_joined(network).unwrap(),
            price: price.parse().unwrap(),
            from: UnixMicros(from),
            is_dated: from > 0,
            to: None,
            status: RowStatus::Open,
            note: String::new(),
            line: 2,
        }
    }

    fn shown(
        old: &[WrittenRate],
        rates: &[ListedRate],
        closed: &[ClosedNetwork],
        content: ListContent,
    ) -> Vec<String> {
        let list = ListedPrices { name: "list", rates, closed, content };
        let rows = rows_after(old, &list, &"*".into(), NOW, |_| String::new());
        let shown = rows.iter().map(|row| {
            let to = row.effective_to.map(|to| format!("-{}", to.0)).unwrap_or_default();
            format!("{} {} {}{to}", row.network, row.price, row.effective_from.0)
        });
        shown.collect()
    }

    #[test]
    fn a_full_list_without_dates_takes_the_place_of_all() {
        let old = [row("639/02", "0.02", 0, None), row("639/03", "0.03", 5, None)];
        assert_eq!(shown(&old, &[rate("639/02", "0.04", 0)], &[], ListContent::Full), ["639/02 0.04 0"]);
    }

    #[test]
    fn what_holds_until_a_later_price_begins_stays() {
        let old = [
            row("639/02", "0.02", 0, None),
            row("639/02", "0.03", 3_000, None),
            row("639/03", "0.03", 5, None),
        ];
        let full = shown(&old, &[rate("639/02", "0.04", 2_000)], &[], ListContent::Full);
        assert_eq!(full, ["639/02 0.02 0", "639/03 0.03 5-2000", "639/02 0.04 2000"]);
        let changes = shown(&old, &[rate("639/02", "0.04", 2_000)], &[], ListContent::Changes);
        assert_eq!(changes, ["639/02 0.02 0", "639/03 0.03 5", "639/02 0.04 2000"]);
    }

    #[test]
    fn closed_networks_end_when_the_list_says() {
        let old = [
            row("639/02", "0.02", 0, None),
            row("639/02", "0.03", 3_000, None),
            row("639/03", "0.03", 5, None),
        ];
        let close = |network: &str, at: Option<u64>| ClosedNetwork {
            network: NetworkCode::parse_joined(network).unwrap(),
            at: at.map(UnixMicros),
            line: 3,
        };
        let closed = [close("639/02", Some(2_000)), close("639/03", None)];
        assert_eq!(shown(&old, &[], &closed, ListContent::Changes), ["639/02 0.02 0-2000"]);
    }
}
