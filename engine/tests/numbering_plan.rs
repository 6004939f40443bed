//! The shipped numbering data: what it says, how compactly, and that the trie agrees with a plain map.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use tollgate_engine::network::{NetworkCode, NetworkId, Networks, NetworksBuilder};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{Match, NumberingPlan, NumberingPlanBuilder};

/// Everything that the shipped files say, and their prefixes as a plain map.
struct Shipped {
    networks: Networks,
    plan: NumberingPlan,
    prefixes: HashMap<String, NetworkId>,
}

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| {
    let mut networks = NetworksBuilder::new();
    for row in rows("countries.csv") {
        let mccs: Vec<_> = std::iter::once(row["primary_mcc"].as_str())
            .chain(row["all_mccs"].split('|').filter(|mcc| *mcc != row["primary_mcc"]))
            .map(code)
            .collect();
        networks
            .add_country(&row["country_iso2"], &row["country_name"], &row["calling_code"], &mccs)
            .unwrap();
    }
    for row in rows("networks.csv") {
        let code = NetworkCode::new(&row["mcc"], &row["mnc"]).unwrap();
        networks.add_network(code, &row["country_iso2"], &row["brand"]).unwrap();
    }
    let (mut plan, mut prefixes) = (NumberingPlanBuilder::new(), HashMap::new());
    for row in rows("numbering.csv") {
        let network = networks.intern(NetworkCode::new(&row["mcc"], &row["mnc"]).unwrap()).unwrap();
        plan.add(&row["prefix"], network).unwrap();
        // Numbers of international networks are of no country.
        if !row["country_iso2"].is_empty() {
            networks.add_number_country(&row["prefix"], network, &row["country_iso2"]).unwrap();
        }
        prefixes.insert(row["prefix"].clone(), network);
        if !row["mnc_all"].is_empty() {
            let codes: Vec<_> = row["mnc_all"].split('|').map(code).collect();
            networks.add_aliases(&codes).unwrap();
        }
    }
    Shipped { networks: networks.build(), plan: plan.build(), prefixes }
});

fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/numbering").join(file);
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn code(text: &str) -> NetworkCode {
    NetworkCode::parse_joined(text).unwrap_or_else(|| panic!("{text:?} is no network code"))
}

fn number(digits: &str) -> Number {
    Number::from_digits(digits.as_bytes()).unwrap_or_else(|| panic!("{digits:?} is no number"))
}

/// The longest prefix, by trying every one.
fn longest_prefix(number: &Number) -> Option<Match> {
    (1..=number.as_str().len()).rev().find_map(|len| {
        let network = *SHIPPED.prefixes.get(&number.as_str()[..len])?;
        Some(Match { network, prefix_len: u8::try_from(len).unwrap() })
    })
}

#[test]
fn well_known_numbers_lead_to_their_networks() {
    for (digits, network, country) in [
        ("254722000001", "639/02", "Kenya"),
        ("254733000001", "639/03", "Kenya"),
        ("998901234567", "434/04", "Uzbekistan"),
        ("998931234567", "434/05", "Uzbekistan"),
        ("998941234567", "434/05", "Uzbekistan"),
        ("2348031234567", "621/30", "Nigeria"),
        ("256772123456", "641/10", "Uganda"),
        ("251911234567", "636/01", "Ethiopia"),
        ("12125550100", "310", "United States of America"),
    ] {
        let found = SHIPPED.plan.lookup(&number(digits)).unwrap().network;
        assert_eq!(SHIPPED.networks.get(found).code, code(network), "{digits}");
        assert_eq!(&*SHIPPED.networks.country_of(found).unwrap().name, country);
    }
    assert_eq!(SHIPPED.plan.lookup(&number("999123456789")), None);
}

#[test]
fn every_row_is_in_the_plan_and_the_plan_is_small() {
    assert_eq!(SHIPPED.plan.len(), 29_930);
    for (prefix, network) in &SHIPPED.prefixes {
        let padded = format!("{prefix:0<5}");
        let found = SHIPPED.plan.lookup(&number(&padded)).unwrap();
        assert_eq!(Some(found), longest_prefix(&number(&padded)), "{prefix}");
        assert!(padded.len() > prefix.len() || found.network == *network, "{prefix}");
    }
    let bytes = SHIPPED.plan.heap_bytes();
    assert!(bytes < 6 * SHIPPED.plan.len(), "{bytes} bytes for the plan");
}

#[test]
fn an_operators_codes_are_aliases() {
    for (of, expected) in [
        ("639/02", "639/01"),
        ("639/01", "639/02"),
        ("440/50", "440/51 440/52 440/53 440/78"),
        ("440/78", "440/50 440/51 440/52 440/53"),
        ("639/03", "639/05"),
        ("636/01", ""),
        ("639", ""),
    ] {
        let aliases = SHIPPED.networks.aliases(SHIPPED.networks.id(code(of)).unwrap());
        let found: Vec<_> = aliases.iter().map(|id| SHIPPED.networks.get(*id).code.to_string()).collect();
        assert_eq!(found.join(" "), expected, "aliases of {of}");
    }
}

/// Aliases are a relation between pairs; in the shipped data it happens to be transitive, which shows that no
/// list ties two operators together by a code that both hold.
#[test]
fn no_two_operators_share_a_code() {
    for (id, network) in SHIPPED.networks.iter() {
        let group = |id: NetworkId| {
            let mut group = SHIPPED.networks.aliases(id).to_vec();
            group.push(id);
            group.sort_unstable();
            group
        };
        for alias in SHIPPED.networks.aliases(id) {
            assert_eq!(group(id), group(*alias), "{}", network.code);
        }
    }
}

#[test]
fn mccs_of_one_country_belong_together() {
    for (mcc, expected) in [
        (310, &[311, 312, 313, 314, 315, 316][..]),
        (313, &[310, 311, 312, 314, 315, 316]),
        (234, &[235]),
        (235, &[234]),
        (404, &[405]),
        (441, &[440]),
        (282, &[289]),
        // Shared by several countries, which makes none of their other MCCs the same country's.
        (338, &[]),
        (350, &[]),
        (330, &[]),
        (340, &[]),
        (250, &[]),
        (255, &[]),
        (639, &[]),
    ] {
        assert_eq!(SHIPPED.networks.mccs_of_same_country(mcc), expected, "{mcc}");
    }
}

/// Numbers inside prefixes, one digit off them, and anywhere.
fn numbers() -> impl Strategy<Value = String> {
    let prefixes: Vec<_> = SHIPPED.prefixes.keys().cloned().collect();
    let inside = (prop::sample::select(prefixes), "[0-9]{5,15}").prop_map(|(prefix, rest)| prefix + &rest);
    let off = (inside.clone(), 0..6usize, "[0-9]").prop_map(|(mut digits, at, digit)| {
        digits.replace_range(at..=at, &digit);
        digits
    });
    prop_oneof![inside, off, "[1-9][0-9]{4,14}"].prop_map(|digits| digits.chars().take(15).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn the_trie_is_the_longest_prefix_of_a_map(digits in numbers()) {
        // A digit off the first one may be zero, with which no number begins.
        if let Some(number) = Number::from_digits(digits.as_bytes()) {
            prop_assert_eq!(SHIPPED.plan.lookup(&number), longest_prefix(&number));
        }
    }
}

#[test]
fn every_country_has_a_name_of_its_own_which_is_the_same_in_both_files() {
    let mut names = HashMap::new();
    for row in rows("countries.csv") {
        let (code, name) = (row["country_iso2"].clone(), row["country_name"].clone());
        assert!(!names.values().any(|other| *other == name), "{code} has the name of another: {name}");
        names.insert(code, name);
    }
    for row in rows("networks.csv").iter().filter(|row| names.contains_key(&row["country_iso2"])) {
        let (code, name) = (&row["country_iso2"], &row["country_name"]);
        // Networks of Abkhazia stand under the code of Georgia.
        assert!(names[code] == *name || name == "Abkhazia", "{code} is {} and {name}", names[code]);
    }
}

#[test]
fn countries_that_share_an_mcc_share_its_networks_as_far_as_their_numbers_lead_there() {
    let networks = &SHIPPED.networks;
    let orange = networks.id(code("340/01")).unwrap();
    for (number, iso2) in [("596696000000", "MQ"), ("590690300000", "GP"), ("594694200000", "GF")] {
        let number = Number::from_digits(number.as_bytes()).unwrap();
        assert_eq!(networks.country_of_number(&number).map(|country| &*country.iso2), Some(iso2));
        assert_eq!(SHIPPED.plan.lookup(&number).map(|found| networks.get(found.network).code.mcc), Some(340));
        assert!(networks.serves(orange, iso2), "{iso2}");
    }
    assert!(!networks.serves(orange, "FR"));
}
