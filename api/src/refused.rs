//! A refusal of the engine as a problem: its name is the code.

use tollgate_engine::refusal::Refusal;

use crate::problem::Problem;

impl Problem {
    /// A message that is not charged.
    pub fn refused(refusal: Refusal) -> Self {
        let (status, title, detail) = match refusal {
            Refusal::UnknownAccount => (404, "No such account", "the account is no longer provisioned"),
            Refusal::Suspended => {
                (403, "The account is suspended", "its messages are refused until it is resumed")
            }
            Refusal::InsufficientFunds => {
                (402, "Not enough money", "balance and credit limit do not cover the price")
            }
            Refusal::KeyReused => (
                409,
                "The Idempotency-Key was used for another request",
                "the key was used before for a message with another text, sender or destination",
            ),
            Refusal::Throttled => (429, "Throttled", "the account's messages per second are used up"),
            Refusal::Overloaded => {
                (503, "Overloaded", "too many messages are waiting to be written; try again")
            }
            Refusal::StorageUnavailable => (
                503,
                "Storage is unavailable",
                "the charge could not be made durable; repeat it with its Idempotency-Key",
            ),
            other => (422, "The message is refused", detail_of(other)),
        };
        let problem = Self::new(status, refusal.name(), title, detail);
        if matches!(status, 429 | 503) { problem.retry_after(1) } else { problem }
    }
}

fn detail_of(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SenderNotAllowed => "the sender is not one that the account may use",
        Refusal::TemplateNotAllowed => "the text matches no template that is approved for the account",
        Refusal::UnknownDestination => {
            "the destination is not a number, or no prefix of the numbering plan matches it"
        }
        Refusal::TooLong => "the message has more segments than one message may have",
        Refusal::SpendingCap => "a cap of the account does not let the message through",
        Refusal::ParentInsufficientFunds => "the account that yours buys from cannot pay for the message",
        Refusal::ParentRefused => "the account that yours buys from does not take the message",
        Refusal::NoRate => "the plan has no rate for the network, and no base price",
        Refusal::TrafficPumping => {
            "the rate of the destination's range is stepped down, as traffic to it looks pumped"
        }
        Refusal::NoRoute => "no operator takes the message",
        Refusal::AbovePrice => "operators ask more for the message than its price",
        Refusal::InvalidSchedule => "the schedule is not a time that can be kept",
        Refusal::InvalidValidity => "the validity is over before it begins",
        _ => "the message is malformed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::CODES;

    /// Every status is one that the document has, and a code that is an API's own has the API's own status.
    #[test]
    fn every_refusal_is_an_answer_that_is_documented() {
        for refusal in Refusal::ALL {
            let problem = Problem::refused(*refusal);
            assert_eq!(problem.code, refusal.name());
            assert!(CODES.iter().any(|(_, status, _)| *status == problem.status), "{refusal}");
            let known = CODES.iter().find(|(code, ..)| *code == problem.code);
            assert!(known.is_none_or(|(_, status, _)| *status == problem.status), "{refusal}");
        }
    }
}
