//! From the rows of a price list to its rates: prefixes become networks, and each network and time has one price.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;

use super::bounds::{RATES_MAX, SPLIT_IT};
use super::field::Field;
use super::listed::{ClosedNetwork, ListedRate};
use super::prefixes::{ReachedNetwork, reached, shown_left_out};
use super::reading::Reading;
use super::row::ReadRow;
use super::row_place::RowPlace;
use super::status::RowStatus;
use crate::read::Problems;

/// Lines that one message names.
const LINES_SHOWN: usize = 5;

impl Reading<'_, '_> {
    /// Brings the rows to rates: prefixes to networks, and each network and time to one price.
    pub fn settle(&mut self, problems: &mut Problems) {
        let rows = std::mem::take(&mut self.rows);
        let mut listed: Vec<(NetworkCode, usize)> = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            if let RowPlace::Networks(networks) = &row.place {
                listed.extend(networks.iter().map(|network| (*network, place)));
            }
            if self.has_too_many(&listed, row.line, problems) {
                return;
            }
        }
        self.settle_prefixes(&rows, &mut listed, problems);
        if self.has_too_many(&listed, 0, problems) {
            return;
        }
        listed.sort_by_key(|(network, place)| (rows.get(*place).map(|row| row.line), *network));
        let repeated = self.settle_networks(&rows, &listed, problems);
        if repeated > 0 {
            self.warnings.add(0, format!("{repeated} rows repeat a network with the same price"));
        }
        self.check_closed(problems);
        if self.rates.is_empty() && self.closed.is_empty() && problems.is_empty() {
            problems.add(self.file, 0, "", "has no rates");
        }
    }

    /// Notes that the list comes to more rates than there may be.
    fn has_too_many(&self, listed: &[(NetworkCode, usize)], line: u32, problems: &mut Problems) -> bool {
        let is_too_long = listed.len() > RATES_MAX;
        if is_too_long {
            let message = format!("the list comes to more than {RATES_MAX} rates; {SPLIT_IT}");
            problems.add(self.file, line, "", message);
        }
        is_too_long
    }

    /// Gives each network and time one price; the number of rows that repeat one.
    fn settle_networks(
        &mut self,
        rows: &[ReadRow],
        listed: &[(NetworkCode, usize)],
        problems: &mut Problems,
    ) -> usize {
        let mut taken: BTreeMap<(NetworkCode, UnixMicros), usize> = BTreeMap::new();
        let mut conflicts: BTreeMap<(NetworkCode, u32), Vec<u32>> = BTreeMap::new();
        let mut repeated = 0_usize;
        for &(network, place) in listed {
            let Some(row) = rows.get(place) else { continue };
            let Some(price) = row.price.filter(|_| row.status != RowStatus::Closed) else {
                let at = row.is_dated.then_some(row.from).or(self.options.effective);
                self.closed.push(ClosedNetwork { network, at, line: row.line });
                continue;
            };
            if let Some(earlier) = taken.get(&(network, row.from)).and_then(|place| rows.get(*place)) {
                if (earlier.price, earlier.to) == (row.price, row.to) {
                    repeated += 1;
                } else {
                    conflicts.entry((network, earlier.line)).or_default().push(row.line);
                }
                continue;
            }
            taken.insert((network, row.from), place);
            let (from, is_dated, to, status) = (row.from, row.is_dated, row.to, row.status);
            self.rates.push(ListedRate {
                network,
                price,
                from,
                is_dated,
                to,
                status,
                note: row.note.clone(),
                line: row.line,
            });
        }
        for ((network, line), others) in conflicts {
            self.tell_conflict(network, line, &others, problems);
        }
        repeated
    }

    /// Names every line that gives a network another price than an earlier one, each once.
    fn tell_conflict(&self, network: NetworkCode, line: u32, others: &[u32], problems: &mut Problems) {
        let name = self.header.name_of(Field::Price);
        let mut tell = |at: u32, lines: &[u32]| {
            let shown: Vec<String> = lines.iter().take(LINES_SHOWN).map(u32::to_string).collect();
            let more = if lines.len() > LINES_SHOWN { " and more" } else { "" };
            let word = if lines.len() > 1 { "lines" } else { "line" };
            let message = format!(
                "{network} has another price from this time on, in {word} {}{more}",
                shown.join(", ")
            );
            problems.add(self.file, at, name.clone(), message);
        };
        tell(line, others);
        for other in others {
            tell(*other, &[line]);
        }
    }

    /// Gives networks the prices of the prefixes that reach them, for each time by itself.
    fn settle_prefixes(
        &mut self,
        rows: &[ReadRow],
        listed: &mut Vec<(NetworkCode, usize)>,
        problems: &mut Problems,
    ) {
        let mut by_time: BTreeMap<UnixMicros, BTreeMap<String, usize>> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            let RowPlace::Prefixes(prefixes) = &row.place else { continue };
            for prefix in prefixes {
                let earlier = by_time.entry(row.from).or_default().insert(prefix.clone(), place);
                if let Some(earlier) = earlier.and_then(|earlier| rows.get(earlier))
                    && (earlier.price, earlier.to, earlier.status) != (row.price, row.to, row.status)
                {
                    let message = format!("{prefix} has another price in line {}", earlier.line);
                    problems.add(self.file, row.line, self.header.name_of(Field::Prefix), message);
                }
            }
        }
        for prefixes in by_time.values() {
            let mut used = BTreeSet::new();
            for network in reached(prefixes, self.directory) {
                used.extend(&network.rows);
                self.settle_reached(rows, &network, listed, problems);
            }
            for (prefix, place) in prefixes {
                let Some(row) = rows.get(*place).filter(|_| !used.contains(place)) else { continue };
                let message = format!("no network of the numbering plan has numbers behind {prefix}");
                problems.add(self.file, row.line, self.header.name_of(Field::Prefix), message);
                used.insert(*place);
            }
        }
    }

    fn settle_reached(
        &mut self,
        rows: &[ReadRow],
        reached: &ReachedNetwork,
        listed: &mut Vec<(NetworkCode, usize)>,
        problems: &mut Problems,
    ) {
        let at = |place: &usize| rows.get(*place);
        let Some(first) = reached.rows.first().and_then(at) else { return };
        let (network, label) = (reached.network, self.directory.label(reached.network));
        let differs = |row: &&ReadRow| (row.price, row.to) != (first.price, first.to);
        let different: Vec<&ReadRow> = reached.rows.iter().filter_map(at).filter(differs).collect();
        if !different.is_empty() {
            let name = self.header.name_of(Field::Prefix);
            for row in std::iter::once(first).chain(different) {
                let message =
                    format!("gives {network} ({label}) a price that other prefixes of it do not have");
                problems.add(self.file, row.line, name.clone(), message);
            }
            return;
        }
        if !reached.left_out.is_empty() {
            let left_out = shown_left_out(&reached.left_out);
            self.warnings.add(
                first.line,
                format!("{network} ({label}) gets this price as a whole; the list does not name its prefixes {left_out}"),
            );
        } else if reached.is_cut {
            self.warnings.add(
                first.line,
                format!("{network} ({label}) gets this price as a whole, of which the list names a part"),
            );
        }
        listed.extend(reached.rows.first().map(|place| (network, *place)));
    }

    /// A network is either open or closed in one list.
    fn check_closed(&self, problems: &mut Problems) {
        let open: BTreeMap<NetworkCode, u32> =
            self.rates.iter().map(|rate| (rate.network, rate.line)).collect();
        for closed in &self.closed {
            if let Some(line) = open.get(&closed.network) {
                let message = format!("closes {}, which has a price in line {line}", closed.network);
                problems.add(self.file, closed.line, self.header.name_of(Field::Status), message);
            }
        }
    }
}
