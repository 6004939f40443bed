//! Remedies: the way to have a refused message go through, for whoever looks into it.

use crate::refusal::Refusal;

impl Refusal {
    /// The meaning of the refusal, and what would mend it, in a sentence or two.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::UnknownAccount => {
                "The account is not provisioned any more. Provision it again, or let the gateway bind with another account."
            }
            Self::Suspended => "The account is suspended. Whoever suspended it, or an admin, resumes it.",
            Self::Throttled => {
                "The account sent more messages in a second than its rate_limit allows. Send them more slowly, or raise the limit."
            }
            Self::Malformed => {
                "The request contradicts itself or has a parameter that cannot be read. Its sender has to mend it."
            }
            Self::InvalidSchedule => {
                "The schedule is no time of SMPP 3.4, or later than a message may wait (delivery.max_validity_hours)."
            }
            Self::InvalidValidity => "The validity period is no time of SMPP 3.4, or has passed.",
            Self::SenderNotAllowed => {
                "The account may not send from this sender. Have the sender ID approved, or use one that is."
            }
            Self::TemplateNotAllowed => {
                "The text matches no approved template of the account. Have one approved, or keep to those that are."
            }
            Self::UnknownDestination => {
                "The destination is no number that the numbering plan knows. Send it in international form, or add its prefix to the \
                 plan."
            }
            Self::TooLong => "The text has more segments than one message may have. Shorten or divide it.",
            Self::KeyReused => {
                "The idempotency key was used before for another message. Use a new key for each message."
            }
            Self::NoRate => {
                "The account's plan has no rate for this network and no base price. Add a rate, or move the account to another plan."
            }
            Self::TrafficPumping => {
                "Traffic to this range of numbers looks pumped, so that its rate is stepped down. Look at the finding, and dismiss it \
                 if the traffic is wanted."
            }
            Self::NoRoute => {
                "No operator takes messages to this network at present. Add a cost and a route for it, or resume an operator that has \
                 one."
            }
            Self::AbovePrice => {
                "Every operator asks more for this network than the message's price. Raise the price, find a cheaper operator, or \
                 relax the margin guard."
            }
            Self::InsufficientFunds => {
                "Balance and credit limit do not cover the price. Top the wallet up, or raise the credit limit."
            }
            Self::SpendingCap => {
                "A hard cap of the account is reached. Wait until its span ends, or raise the cap."
            }
            Self::ParentInsufficientFunds => {
                "An account above this one cannot pay for its part. It has to be funded by whoever runs it."
            }
            Self::ParentRefused => {
                "An account above this one does not let the message through. Whoever runs it can say why."
            }
            Self::Overloaded => {
                "The queue in front of the disk stayed full. Send the message again, later or more slowly."
            }
            Self::StorageUnavailable => {
                "The disk could not be written at that time. Send the message again; nothing was taken for it."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_would_mend_it() {
        for refusal in Refusal::ALL {
            let remedy = refusal.remedy();
            assert!(remedy.ends_with('.') && !remedy.contains("  "), "{refusal}: {remedy}");
        }
    }
}
