//! The answers to messages: the options, and the outcome that they give one message.

use std::str::FromStr;

use super::chance::{Dice, Percent};
use super::ids::IdFormat;

/// Status ESME_RTHROTTLED. (SMPP 3.4 §5.1.3)
const THROTTLED: u32 = 0x58;
/// Status ESME_RMSGQFUL (SMPP 3.4 §5.1.3)
const QUEUE_FULL: u32 = 0x14;

/// The options for answers.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Answers")]
pub struct AnswerOptions {
    /// Time that each answer takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3_600_000))]
    pub latency_ms: u32,
    /// Longest time added to it by chance, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3_600_000))]
    pub latency_jitter_ms: u32,
    /// Percentage of messages that are refused with --error-status
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub error_percent: Percent,
    /// The status of those, such as 0x08 or 8
    #[arg(long, value_name = "STATUS", default_value = "0x08")]
    pub error_status: Status,
    /// Percentage of messages that are refused with ESME_RMSGQFUL (0x14)
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub queue_full_percent: Percent,
    /// Messages per second of all binds together; further ones are refused with ESME_RTHROTTLED (0x58)
    #[arg(long, value_name = "MESSAGES", value_parser = clap::value_parser!(u32).range(1..))]
    pub throttle_per_second: Option<u32>,
    /// Refuse destinations that begin with these digits, such as 99=0x0B; may be given more than once
    #[arg(long, value_name = "DIGITS=STATUS")]
    pub reject_prefix: Vec<Rejection>,
    /// Percentage of messages that are accepted and never answered
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub lost_response_percent: Percent,
    /// Cut the connection after every so many accepted messages, the answers to the last of them unsent
    #[arg(long, value_name = "MESSAGES", value_parser = clap::value_parser!(u64).range(1..))]
    pub disconnect_every: Option<u64>,
    /// Format of message ids in responses
    #[arg(long, value_enum, default_value_t)]
    pub id_format: IdFormat,
    /// The number of the first message id [default: the time in microseconds since 1970]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=999_999_999_999_999_999))]
    pub first_id: Option<u64>,
}

/// The outcome of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is above the rate.
    Throttled(u32),
    /// There is no room for it.
    QueueFull(u32),
    /// Its destination is not taken.
    Rejected(u32),
    /// It is refused by chance.
    Failed(u32),
    /// It is taken.
    Accepted {
        /// The sender never hears of it.
        response_lost: bool,
    },
}

impl AnswerOptions {
    /// The outcome of a message to `destination`; `admitted` says that it is within the rate.
    pub fn outcome(&self, dice: &mut Dice, admitted: bool, destination: &[u8]) -> Outcome {
        if !admitted {
            return Outcome::Throttled(THROTTLED);
        }
        if let Some(rejection) = self.reject_prefix.iter().find(|rule| destination.starts_with(&rule.prefix))
        {
            return Outcome::Rejected(rejection.status.0);
        }
        if dice.hit(self.queue_full_percent) {
            return Outcome::QueueFull(QUEUE_FULL);
        }
        if dice.hit(self.error_percent) {
            return Outcome::Failed(self.error_status.0);
        }
        Outcome::Accepted { response_lost: dice.hit(self.lost_response_percent) }
    }

    /// Time that the next answer takes, in milliseconds.
    pub fn latency_ms(&self, dice: &mut Dice) -> u64 {
        u64::from(self.latency_ms) + dice.up_to(self.latency_jitter_ms.into())
    }
}

/// A `command_status` other than ESME_ROK, decimal or hexadecimal behind `0x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u32);

impl FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
        let is_number = !digits.starts_with('+');
        let status = u32::from_str_radix(digits, radix).ok().filter(|status| is_number && *status != 0);
        status.map(Self).ok_or("not a status such as 0x08 or 8")
    }
}

/// Destinations that are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    prefix: Vec<u8>,
    status: Status,
}

impl FromStr for Rejection {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not DIGITS=STATUS such as 99=0x0B";
        let (digits, status) = text.split_once('=').ok_or(wrong)?;
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong);
        }
        Ok(Self { prefix: digits.into(), status: status.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::tests::options;

    #[test]
    fn statuses_and_prefixes_are_read() {
        assert_eq!("0x0B".parse(), Ok(Status(0x0B)));
        assert_eq!("1025".parse(), Ok(Status(0x401)));
        let rejection = Rejection { prefix: b"99".to_vec(), status: Status(0x0B) };
        assert_eq!("99=0x0B".parse(), Ok(rejection));
        for text in ["", "0", "0x0", "0x", "-1", "+1", "0x100000000", "ESME_RSYSERR"] {
            assert!(text.parse::<Status>().is_err(), "{text}");
        }
        for text in ["99", "=8", "+99=8", "99=", "99=0"] {
            assert!(text.parse::<Rejection>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_thing_that_is_wrong_decides() {
        let answers = options(&[
            "--reject-prefix=99=0x0B",
            "--reject-prefix=9=0x0C",
            "--queue-full-percent=100",
            "--error-percent=100",
        ])
        .answers;
        let dice = &mut Dice::new(1, 1);
        assert_eq!(answers.outcome(dice, false, b"99123"), Outcome::Throttled(0x58));
        assert_eq!(answers.outcome(dice, true, b"99123"), Outcome::Rejected(0x0B));
        assert_eq!(answers.outcome(dice, true, b"98123"), Outcome::Rejected(0x0C));
        assert_eq!(answers.outcome(dice, true, b"44123"), Outcome::QueueFull(0x14));
        let answers = options(&["--error-percent=100", "--error-status=0x45"]).answers;
        assert_eq!(answers.outcome(dice, true, b"44123"), Outcome::Failed(0x45));
        let answers = options(&[]).answers;
        assert_eq!(answers.outcome(dice, true, b"44123"), Outcome::Accepted { response_lost: false });
    }

    #[test]
    fn latency_is_between_its_bounds() {
        let answers = options(&["--latency-ms=10", "--latency-jitter-ms=5"]).answers;
        let dice = &mut Dice::new(1, 1);
        let seen: Vec<u64> = (0..1_000).map(|_| answers.latency_ms(dice)).collect();
        assert_eq!((seen.iter().min(), seen.iter().max()), (Some(&10), Some(&15)));
    }
}
