//! The shipped numbering data, and prices as they are on the market: cheap at home, ten times as much elsewhere.

use std::collections::HashMap;
use std::path::Path;

use tollgate_engine::network::{NetworkCode, Networks, NetworksBuilder};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlan, NumberingPlanBuilder};

use crate::random::Random;

/// Prefixes of networks at home in Kenya, with the digits that follow them.
pub const HOME: [&str; 6] = ["254722", "254710", "254733", "254701", "254790", "254115"];
/// Prefixes where much of the world's inflated traffic goes, with as many open digits as their numbers have.
pub const EXPENSIVE: [(&str, usize); 12] = [
    ("22376", 6),
    ("22462", 7),
    ("99290", 7),
    ("99450", 7),
    ("25261", 7),
    ("535", 7),
    ("67571", 6),
    ("26134", 7),
    ("23566", 6),
    ("99897", 7),
    ("8801711", 6),
    ("628123", 7),
];
/// Prefixes of customers all over the world.
pub const WORLD: [(&str, usize); 24] = [
    ("4915112", 7),
    ("447700", 6),
    ("33612", 7),
    ("346123", 6),
    ("393331", 6),
    ("316123", 6),
    ("12045", 6),
    ("13105", 6),
    ("551196", 7),
    ("5215512", 6),
    ("917012", 6),
    ("8613812", 6),
    ("819012", 6),
    ("61412", 6),
    ("27721", 6),
    ("2348031", 6),
    ("233241", 6),
    ("256772", 6),
    ("255754", 6),
    ("250788", 6),
    ("971501", 6),
    ("966501", 6),
    ("905321", 6),
    ("48601", 6),
];

/// Numbers, networks and prices.
pub struct Numbering {
    networks: Networks,
    plan: NumberingPlan,
}

impl Numbering {
    /// The numbering data as shipped.
    pub fn shipped() -> Self {
        let mut networks = NetworksBuilder::new();
        for row in rows("countries.csv") {
            let mccs: Vec<_> = std::iter::once(row["primary_mcc"].as_str())
                .chain(row["all_mccs"].split('|').filter(|mcc| *mcc != row["primary_mcc"]))
                .map(|mcc| NetworkCode::parse_joined(mcc).unwrap())
                .collect();
            networks
                .add_country(&row["country_iso2"], &row["country_name"], &row["calling_code"], &mccs)
                .unwrap();
        }
        for row in rows("networks.csv") {
            let code = NetworkCode::new(&row["mcc"], &row["mnc"]).unwrap();
            networks.add_network(code, &row["country_iso2"], &row["brand"]).unwrap();
        }
        let mut plan = NumberingPlanBuilder::new();
        for row in rows("numbering.csv") {
            let network = networks.intern(NetworkCode::new(&row["mcc"], &row["mnc"]).unwrap()).unwrap();
            plan.add(&row["prefix"], network).unwrap();
        }
        Self { networks: networks.build(), plan: plan.build() }
    }

    /// The network of a number.
    pub fn network(&self, number: u64) -> NetworkCode {
        let known = Number::from_u64(number).unwrap();
        let found = self.plan.lookup(&known).unwrap_or_else(|| panic!("{number} has no network"));
        self.networks.get(found.network).code
    }

    /// The price of a segment, in millionths: of a country, with a little difference between its networks.
    pub fn price(network: NetworkCode) -> u64 {
        let of_country = match network.mcc {
            639 => 20_000,
            310..=316 | 404 | 405 => 8_000,
            621 | 620 | 640 | 641 | 635 | 655 => 22_000,
            234 | 208 | 214 | 222 | 204 | 262 | 260 => 35_000,
            724 | 334 | 460 | 440 | 505 | 424 | 420 | 286 => 28_000,
            470 | 510 => 110_000,
            _ => 140_000,
        };
        of_country + u64::from(network.to_bits() % 7) * 300
    }
}

fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/numbering").join(file);
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// A number with this prefix and so many more digits.
pub fn number(prefix: &str, digits: usize, rest: u64) -> u64 {
    format!("{prefix}{:0digits$}", rest % 10u64.pow(u32::try_from(digits).unwrap())).parse().unwrap()
}

/// Any number at home.
pub fn at_home(random: &mut Random) -> u64 {
    number(random.of_all(&HOME), 6, random.next() >> 8)
}

/// Any number of the world.
pub fn abroad(random: &mut Random) -> u64 {
    let (prefix, digits) = random.of_all(&WORLD);
    number(prefix, digits, random.next() >> 8)
}
