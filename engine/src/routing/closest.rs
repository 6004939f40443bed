//! Of several codes the one that stands for a network most exactly.

use std::collections::HashMap;

use crate::network::{NetworkCode, NetworkId, Networks};

/// Values by code; of equal codes the first value is kept.
#[derive(Debug, Default)]
pub(super) struct ByCode(HashMap<NetworkCode, usize>);

impl ByCode {
    /// From codes with the place at which each is named.
    pub(super) fn of(codes: impl IntoIterator<Item = (NetworkCode, usize)>) -> Self {
        let mut by_code = HashMap::new();
        for (code, place) in codes {
            by_code.entry(code).or_insert(place);
        }
        Self(by_code)
    }

    /// The place of the code that stands for the network: the very code, an alias, its MCC, another MCC of
    /// its country.
    pub(super) fn closest(&self, network: NetworkId, networks: &Networks) -> Option<usize> {
        let code = networks.get(network).code;
        let place = |code: NetworkCode| self.0.get(&code).copied();
        let aliases = networks.aliases(network).iter().map(|alias| networks.get(*alias).code);
        let sisters = networks.mccs_of_same_country(code.mcc).iter();
        let sisters = sisters.map(|mcc| NetworkCode { mcc: *mcc, mnc: None });
        place(code)
            .or_else(|| aliases.filter_map(place).min())
            .or_else(|| place(code.mcc_alone()))
            .or_else(|| sisters.filter_map(place).min())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::NetworksBuilder;

    fn code(text: &str) -> NetworkCode {
        NetworkCode::parse_joined(text).unwrap()
    }

    fn networks() -> Networks {
        let mut builder = NetworksBuilder::new();
        for network in ["310/260", "311/480", "311/490", "639/02"] {
            builder.intern(code(network)).unwrap();
        }
        builder.add_country("US", "United States", "1", &["310", "311"].map(code)).unwrap();
        builder.add_aliases(&["310/260", "311/490"].map(code)).unwrap();
        builder.build()
    }

    #[test]
    fn a_code_stands_for_its_aliases_and_an_mcc_for_its_country() {
        let networks = networks();
        for (listed, due) in [
            ("310/260", "310/260 311/490"),
            ("311/480", "311/480"),
            ("310", "310/260 311/480 311/490 310 311"),
            ("639", "639/02 639"),
            ("639/02", "639/02"),
        ] {
            let by_code = ByCode::of([(code(listed), 0)]);
            for (id, network) in networks.iter() {
                let is_due = due.split(' ').any(|text| code(text) == network.code);
                assert_eq!(by_code.closest(id, &networks).is_some(), is_due, "{listed} {}", network.code);
            }
        }
    }

    #[test]
    fn the_most_exact_code_wins_and_then_the_first() {
        let networks = networks();
        let listed = ["311", "310", "311/490", "310/260", "311"];
        let by_code = ByCode::of(listed.map(code).into_iter().zip(0..));
        for (network, place) in [
            ("310/260", Some(3)),
            ("311/490", Some(2)),
            ("311/480", Some(0)),
            ("310", Some(1)),
            ("639", None),
        ] {
            assert_eq!(by_code.closest(networks.id(code(network)).unwrap(), &networks), place, "{network}");
        }
        let by_alias = ByCode::of(["310", "311/490"].map(code).into_iter().zip(0..));
        assert_eq!(by_alias.closest(networks.id(code("310/260")).unwrap(), &networks), Some(1));
    }
}
