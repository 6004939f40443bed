//! Chance: percentages, and the seeded dice that decide.

use std::str::FromStr;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// A share of messages, from none to all, to a ten-thousandth of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percent {
    per_million: u32,
}

const MILLION: u32 = 1_000_000;

impl FromStr for Percent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a percentage from 0 to 100, with at most 4 decimals";
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || whole.len() > 3 || decimals.len() > 4 {
            return Err(wrong);
        }
        let per_million: u32 = format!("{whole}{decimals:0<4}").parse().map_err(|_| wrong)?;
        if per_million > MILLION { Err(wrong) } else { Ok(Self { per_million }) }
    }
}

/// Dice of one session. Equal seeds and equal sessions throw the same.
#[derive(Debug)]
pub struct Dice(Pcg64Mcg);

impl Dice {
    /// The dice of one session.
    pub fn new(seed: u64, session: u64) -> Self {
        Self(Pcg64Mcg::new((u128::from(seed) << 64) | u128::from(session)))
    }

    /// True if this time is one of the share. None and all are decided without a throw.
    pub fn hit(&mut self, share: Percent) -> bool {
        match share.per_million {
            0 => false,
            MILLION => true,
            per_million => self.0.random_range(0..MILLION) < per_million,
        }
    }

    /// A number from zero to `most`.
    pub fn up_to(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.0.random_range(0..=most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_to_the_last_decimal() {
        for (text, per_million) in
            [("0", 0), ("5", 50_000), ("0.5", 5_000), ("0.0001", 1), ("12.34", 123_400), ("100.0", MILLION)]
        {
            assert_eq!(text.parse(), Ok(Percent { per_million }), "{text}");
        }
        for text in ["", "-1", "100.0001", "101", "1000", "5%", ".5", "5.", "0.00001", "1e1", "+1"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_hit_about_as_often_as_it_says() {
        let mut dice = Dice::new(1, 1);
        let mut hits = |share: &str| {
            let share = share.parse().unwrap();
            (0..100_000).filter(|_| dice.hit(share)).count()
        };
        assert_eq!((hits("0"), hits("100")), (0, 100_000));
        assert!((9_500..10_500).contains(&hits("10")));
    }

    #[test]
    fn equal_seeds_throw_the_same() {
        let throws = |seed, session| {
            let mut dice = Dice::new(seed, session);
            (0..100).map(|_| dice.up_to(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7, 1), throws(7, 1));
        assert_ne!(throws(7, 1), throws(8, 1));
        assert_ne!(throws(7, 1), throws(7, 2));
    }
}
