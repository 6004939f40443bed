//! Numbers to send to: a prefix of the numbering plan, filled up with random digits to the usual length.

use std::collections::BTreeMap;
use std::io;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;
use tollgate_engine::number::Number;
use tollgate_engine::number_lengths;

/// Digits that the longest number has (ITU-T E.164 §6).
const DIGITS_MAX: u8 = 15;

/// Networks that four of five messages go to, as (MCC, MNC); without MNC, the country's numbers of unknown
/// network. They make charges by network worth looking at; even traffic over the whole plan would put a
/// message or two on each.
const BUSY_NETWORKS: [(&str, &str); 16] = [
    ("639", "02"),
    ("639", "03"),
    ("639", "06"),
    ("641", "10"),
    ("641", "01"),
    ("640", "04"),
    ("640", "05"),
    ("635", "10"),
    ("635", "13"),
    ("636", "01"),
    ("621", "30"),
    ("621", "20"),
    ("621", "50"),
    ("234", "15"),
    ("234", "10"),
    ("310", ""),
];

/// Digits that most mobile numbers have.
const USUAL_LENGTH: u8 = 12;

/// Digits left for subscribers where a prefix is as long as most numbers.
const SUBSCRIBER_DIGITS_MIN: u8 = 3;

/// Calling codes whose mobile numbers have another length.
const OTHER_LENGTHS: [(&str, u8); 9] = [
    ("1", 11),
    ("7", 11),
    ("234", 13),
    ("49", 13),
    ("55", 13),
    ("62", 13),
    ("86", 13),
    ("33", 11),
    ("65", 10),
];

/// A calling code that the ITU has given to nobody.
const UNASSIGNED_PREFIX: &[u8] = b"999";

/// The digits of a number in international form, or the first of them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Digits {
    octets: [u8; DIGITS_MAX as usize],
    length: u8,
}

impl Digits {
    fn new(digits: &[u8]) -> Option<Self> {
        let mut octets = [0; _];
        octets.get_mut(..digits.len())?.copy_from_slice(digits);
        Some(Self { octets, length: u8::try_from(digits.len()).ok()? })
    }

    /// The digits in ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    fn filled_up_to(mut self, length: u8, random: &mut Pcg64Mcg) -> Self {
        let mut source: u64 = random.random();
        for octet in self.octets.iter_mut().take(usize::from(length)).skip(usize::from(self.length)) {
            *octet = b'0' + u8::try_from(source % 10).unwrap_or_default();
            source /= 10;
        }
        self.length = length;
        self
    }
}

/// Every prefix of a numbering plan, by network.
pub struct Destinations {
    /// Pools by network, the busy networks first. None is empty, and there is at least one.
    pools: Vec<Vec<Prefix>>,
    busy_pools: usize,
}

struct Prefix {
    digits: Digits,
    /// Digits of the whole number.
    number_length: u8,
}

/// The reason for which a file is no numbering plan.
#[derive(Debug, thiserror::Error)]
pub enum DestinationsError {
    /// It cannot be read, or is not CSV with the columns that are needed.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A prefix is empty or too long for a number.
    #[error("{0:?} is no prefix of a number")]
    Prefix(String),
    /// It has no prefix.
    #[error("there is no prefix in it")]
    Empty,
}

#[derive(Deserialize)]
struct Row {
    prefix: String,
    mcc: String,
    mnc: String,
}

impl Destinations {
    /// From a numbering plan in CSV with at least the columns `prefix`, `mcc` and `mnc`.
    pub fn read(numbering_plan: impl io::Read) -> Result<Self, DestinationsError> {
        let mut pools: BTreeMap<(String, String), Vec<Prefix>> = BTreeMap::new();
        for row in
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(numbering_plan).into_deserialize()
        {
            let Row { prefix, mcc, mnc } = row?;
            let parsed = Prefix::parse(&prefix).ok_or(DestinationsError::Prefix(prefix))?;
            pools.entry((mcc, mnc)).or_default().push(parsed);
        }
        if pools.is_empty() {
            return Err(DestinationsError::Empty);
        }
        let is_busy = |(mcc, mnc): &(String, String)| BUSY_NETWORKS.contains(&(mcc.as_str(), mnc.as_str()));
        let (busy, others): (Vec<_>, Vec<_>) = pools.into_iter().partition(|(network, _)| is_busy(network));
        let busy_pools = busy.len();
        Ok(Self { pools: busy.into_iter().chain(others).map(|(_, pool)| pool).collect(), busy_pools })
    }

    /// A number inside the plan.
    pub fn pick(&self, random: &mut Pcg64Mcg) -> Digits {
        let rather_busy = random.random_range(0..5) < 4;
        let pools = if rather_busy && self.busy_pools > 0 { self.busy_pools } else { self.pools.len() };
        let pool = &self.pools[random.random_range(0..pools)];
        let prefix = &pool[random.random_range(0..pool.len())];
        prefix.digits.filled_up_to(prefix.number_length, random)
    }
}

/// A number that no numbering plan holds.
pub fn unassigned(random: &mut Pcg64Mcg) -> Digits {
    Digits::new(UNASSIGNED_PREFIX).unwrap_or_default().filled_up_to(USUAL_LENGTH, random)
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
        let digits = Digits::new(text.as_bytes()).filter(|_| is_number)?;
        let other = OTHER_LENGTHS.iter().find(|(code, _)| text.starts_with(code));
        let usual = other.map_or(USUAL_LENGTH, |(_, length)| *length);
        let usual = usual.max(digits.length + SUBSCRIBER_DIGITS_MIN).min(DIGITS_MAX);
        Some(Self { digits, number_length: possible_length(digits, usual).unwrap_or(usual) })
    }
}

/// The length nearest to the usual one that numbers with this prefix may have; `None` where there is none.
fn possible_length(prefix: Digits, usual: u8) -> Option<u8> {
    let is_possible = |length: &u8| {
        let mut digits = prefix.as_bytes().to_vec();
        digits.resize(usize::from(*length), b'0');
        Number::from_digits(&digits).is_some_and(|number| number_lengths::is_possible(&number))
    };
    (prefix.length + 1..=DIGITS_MAX).filter(is_possible).min_by_key(|length| length.abs_diff(usual))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const PLAN: &str =
        "prefix,mcc,mnc,carrier\n254722,639,02,Safaricom\n1212,310,,\n3706123456,246,01,Longer\n";

    fn picks(plan: &str, seed: u64) -> Vec<String> {
        let destinations = Destinations::read(plan.as_bytes()).unwrap();
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let text = |digits: Digits| String::from_utf8(digits.as_bytes().to_vec()).unwrap();
        (0..1000).map(|_| text(destinations.pick(&mut random))).collect()
    }

    #[test]
    fn numbers_lie_inside_the_plan_and_have_their_length() {
        let picks = picks(PLAN, 1);
        for number in &picks {
            assert!(number.bytes().all(|octet| octet.is_ascii_digit()));
            let expected = match number.as_bytes() {
                [b'2', b'5', b'4', b'7', b'2', b'2', ..] => 12,
                // Lithuanian numbers have 11 digits, however long the prefix is.
                _ => 11,
            };
            assert_eq!(number.len(), expected, "{number}");
        }
        for prefix in ["254722", "1212", "3706123456"] {
            assert!(picks.iter().any(|number| number.starts_with(prefix)), "nothing was sent to {prefix}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        assert_eq!(picks(PLAN, 7), picks(PLAN, 7));
        assert_ne!(picks(PLAN, 7), picks(PLAN, 8));
    }

    #[test]
    fn a_plan_without_busy_networks_serves_too() {
        assert!(picks("prefix,mcc,mnc\n3706,246,01\n", 1).iter().all(|number| number.starts_with("3706")));
    }

    #[test]
    fn what_is_no_plan_is_an_error() {
        let error = |plan: &str| Destinations::read(plan.as_bytes()).err().unwrap().to_string();
        assert_eq!(error("prefix,mcc,mnc\n"), "there is no prefix in it");
        assert_eq!(error("prefix,mcc,mnc\n25x,639,02\n"), "\"25x\" is no prefix of a number");
        assert!(error("prefix,mcc\n254,639\n").contains("missing field `mnc`"));
    }
}
