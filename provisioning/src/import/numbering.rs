//! The numbering plan: prefixes of numbers, with the network and the country of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tollgate_engine::network::NetworkCode;

use super::csv_rows::each_row;

/// The meaning of a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPrefix {
    /// The network, or the MCC alone.
    pub code: NetworkCode,
    /// The country by its alpha-2 code; empty where the plan does not say it.
    pub iso2: String,
    /// True if numbers behind it are those of a country or an area and not of a carrier that has no code.
    pub is_of_area: bool,
}

/// The prefixes of the numbering plan, in the order of their digits.
#[derive(Debug, Default)]
pub struct NumberingPlan {
    prefixes: BTreeMap<String, PlanPrefix>,
    count: HashMap<NetworkCode, usize>,
    /// The first code of each operator, so that its codes count as one network.
    first: HashMap<NetworkCode, NetworkCode>,
    /// The prefixes of each first code; of an MCC alone those of areas.
    of_first: HashMap<NetworkCode, Vec<String>>,
}

impl NumberingPlan {
    /// The plan in a file. `aliases` are the other codes of an operator.
    pub fn read(octets: &[u8], aliases: impl Fn(NetworkCode) -> Vec<NetworkCode>) -> Self {
        let mut plan = Self::default();
        each_row(octets, |row| {
            let Some(code) = NetworkCode::new(row.cell("mcc"), row.cell("mnc")) else { return };
            let is_of_area = code.is_mcc_alone() && row.cell("carrier").is_empty();
            let prefix = PlanPrefix { code, iso2: row.cell("country_iso2").to_owned(), is_of_area };
            plan.prefixes.insert(row.cell("prefix").to_owned(), prefix);
            *plan.count.entry(code).or_default() += 1;
        });
        plan.group(aliases);
        plan
    }

    fn group(&mut self, aliases: impl Fn(NetworkCode) -> Vec<NetworkCode>) {
        for (prefix, found) in &self.prefixes {
            if found.code.is_mcc_alone() && !found.is_of_area {
                continue;
            }
            let first = self.first.get(&found.code).copied().unwrap_or_else(|| {
                let same = aliases(found.code).into_iter().filter(|alias| alias.mcc == found.code.mcc);
                same.into_iter().find_map(|alias| self.first.get(&alias)).copied().unwrap_or(found.code)
            });
            self.first.insert(found.code, first);
            self.of_first.entry(first).or_default().push(prefix.clone());
        }
    }

    /// The first code of the operator of a code.
    pub fn first_of(&self, code: NetworkCode) -> NetworkCode {
        self.first.get(&code).copied().unwrap_or(code)
    }

    /// The prefixes of an operator by its first code; of an MCC alone those of areas.
    pub fn prefixes_of(&self, first: NetworkCode) -> &[String] {
        self.of_first.get(&first).map_or(&[], Vec::as_slice)
    }

    /// Every prefix of the plan.
    pub fn prefixes(&self) -> &BTreeMap<String, PlanPrefix> {
        &self.prefixes
    }

    /// The number of prefixes of a code.
    pub fn count_of(&self, code: NetworkCode) -> usize {
        self.count.get(&code).copied().unwrap_or_default()
    }

    /// The longest prefix that these digits begin with.
    pub fn around(&self, digits: &str) -> Option<(&str, &PlanPrefix)> {
        let pieces = (1..=digits.len()).rev().filter_map(|len| digits.get(..len));
        pieces
            .into_iter()
            .find_map(|piece| self.prefixes.get_key_value(piece))
            .map(|(key, found)| (key.as_str(), found))
    }

    /// The prefixes that begin with these digits.
    pub fn behind<'p>(&'p self, digits: &str) -> impl Iterator<Item = (&'p str, &'p PlanPrefix)> + use<'p> {
        let begin = digits.to_owned();
        let from = self.prefixes.range(begin.clone()..);
        from.take_while(move |(prefix, _)| prefix.starts_with(&begin))
            .map(|(prefix, found)| (prefix.as_str(), found))
    }

    /// The places of numbers with these digits: the prefixes behind them, and the one around them.
    pub fn meant_by(&self, digits: &str) -> Vec<&PlanPrefix> {
        let mut meant: Vec<&PlanPrefix> = self.behind(digits).map(|(_, found)| found).collect();
        let has_own = self.prefixes.contains_key(digits);
        meant.extend(self.around(digits).map(|(_, found)| found).filter(|_| !has_own));
        meant
    }

    /// True if a shorter prefix has the same code, so that numbers behind this one would have it all the same.
    pub fn is_within_own(&self, prefix: &str, code: NetworkCode) -> bool {
        let shorter = (1..prefix.len()).filter_map(|len| self.prefixes.get(prefix.get(..len)?));
        shorter.into_iter().any(|found| found.code == code)
    }

    /// The codes that numbers with these digits have.
    pub fn codes_of(&self, digits: &str) -> BTreeSet<NetworkCode> {
        self.meant_by(digits).into_iter().map(|found| found.code).collect()
    }
}
