//! Settings that are one of a few words.

use tollgate_engine::account::{DefaultCoding, DeliveryMode, NumberLengths, TextPolicy};
use tollgate_engine::operator::OperatorStatus;
use tollgate_engine::pumping::PumpingMode;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::routing::MarginGuard;
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn};

use crate::receipt_ids::Smpp33ReceiptIds;

/// A setting that is one of a few words. Files, stored records and the management API have the same words for
/// it.
pub trait Choice: Copy + 'static {
    /// Every choice, in the order in which messages and documents name them.
    const ALL: &'static [Self];

    /// The word for the choice.
    fn word(self) -> &'static str;

    /// The choice that has this word.
    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.word() == word)
    }
}

impl Choice for DeliveryMode {
    const ALL: &'static [Self] = &[Self::Routed, Self::Operators, Self::ChargeOnly];

    fn word(self) -> &'static str {
        match self {
            Self::Routed => "routed",
            Self::Operators => "operators",
            Self::ChargeOnly => "charge_only",
        }
    }
}

impl Choice for TextPolicy {
    const ALL: &'static [Self] = &[Self::Any, Self::Approved];

    fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Approved => "approved",
        }
    }
}

impl Choice for DefaultCoding {
    const ALL: &'static [Self] = &[Self::Gsm7, Self::Latin1];

    fn word(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Latin1 => "latin1",
        }
    }
}

impl Choice for Smpp33ReceiptIds {
    const ALL: &'static [Self] = &[Self::Hexadecimal, Self::Decimal];

    fn word(self) -> &'static str {
        match self {
            Self::Hexadecimal => "hexadecimal",
            Self::Decimal => "decimal",
        }
    }
}

impl Choice for NumberLengths {
    const ALL: &'static [Self] = &[Self::Refuse, Self::Warn];

    fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Warn => "warn",
        }
    }
}

impl Choice for OperatorStatus {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Choice for PumpingMode {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Choice for MarginGuard {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Choice for ChargeOn {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

/// The outcomes that a plan may refund.
impl Choice for Outcome {
    const ALL: &'static [Self] = &RefundOn::CHOICES;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Choice for ReceiptIdFormat {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Choice for ReceiptState {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Choice + PartialEq + std::fmt::Debug>() {
        for choice in T::ALL {
            assert_eq!(T::of_word(choice.word()), Some(*choice));
        }
        assert_eq!(T::of_word("no word"), None);
    }

    #[test]
    fn every_word_stands_for_one_choice() {
        check::<DeliveryMode>();
        check::<TextPolicy>();
        check::<DefaultCoding>();
        check::<NumberLengths>();
        check::<Smpp33ReceiptIds>();
        check::<OperatorStatus>();
        check::<PumpingMode>();
        check::<MarginGuard>();
        check::<ChargeOn>();
        check::<Outcome>();
        check::<ReceiptIdFormat>();
        check::<ReceiptState>();
        assert_eq!(Outcome::of_word("delivered"), None, "nobody refunds what was delivered");
    }
}
