//! A plan's terms for the price of a message that is not delivered.

use super::Outcome;

/// The event that has to happen for the price to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChargeOn {
    /// The message was submitted; only what [`RefundOn`] names gives the price back.
    #[default]
    Submit,
    /// An operator accepted it.
    Acceptance,
    /// It was delivered.
    Delivery,
}

impl ChargeOn {
    /// Every event there is.
    pub const ALL: [Self; 3] = [Self::Submit, Self::Acceptance, Self::Delivery];

    /// The name in files, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Acceptance => "acceptance",
            Self::Delivery => "delivery",
        }
    }

    /// The one that a file names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|charge_on| charge_on.name() == name)
    }
}

/// The outcomes that give the price back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefundOn(u8);

impl RefundOn {
    /// The set of no outcome.
    pub const NONE: Self = Self(0);

    /// The outcomes that a plan may choose from. A delivered message is never given back, and a cancelled one
    /// always.
    pub const CHOICES: [Outcome; 4] =
        [Outcome::Rejected, Outcome::Expired, Outcome::Undelivered, Outcome::Unknown];

    /// These outcomes; others than [`Self::CHOICES`] are no choice and change nothing.
    pub fn of(outcomes: &[Outcome]) -> Self {
        Self(outcomes.iter().fold(0, |bits, outcome| bits | bit(*outcome)))
    }

    /// True if the outcome is among them.
    pub fn contains(self, outcome: Outcome) -> bool {
        self.0 & bit(outcome) != 0
    }

    /// The outcomes, in the order of [`Self::CHOICES`].
    pub fn outcomes(self) -> impl Iterator<Item = Outcome> {
        Self::CHOICES.into_iter().filter(move |outcome| self.contains(*outcome))
    }
}

/// Rejected and expired messages were never an operator's to deliver.
impl Default for RefundOn {
    fn default() -> Self {
        Self::of(&[Outcome::Rejected, Outcome::Expired])
    }
}

const fn bit(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Rejected => 1,
        Outcome::Expired => 2,
        Outcome::Undelivered => 4,
        Outcome::Unknown => 8,
        Outcome::Delivered | Outcome::Cancelled => 0,
    }
}

/// The conditions under which a plan's price is kept or given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SettlementTerms {
    /// The event that has to happen for the price to be kept.
    pub charge_on: ChargeOn,
    /// The outcomes that give it back all the same.
    pub refund_on: RefundOn,
}

const REFUND_BITS: u32 = 4;

impl SettlementTerms {
    /// As a number below 64, for storing.
    pub const fn to_bits(self) -> u8 {
        let charge_on = match self.charge_on {
            ChargeOn::Submit => 0,
            ChargeOn::Acceptance => 1,
            ChargeOn::Delivery => 2,
        };
        charge_on << REFUND_BITS | self.refund_on.0
    }

    /// The terms that [`Self::to_bits`] made; `None` where no terms have these bits.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        let charge_on = match bits >> REFUND_BITS {
            0 => ChargeOn::Submit,
            1 => ChargeOn::Acceptance,
            2 => ChargeOn::Delivery,
            _ => return None,
        };
        Some(Self { charge_on, refund_on: RefundOn(bits & ((1 << REFUND_BITS) - 1)) })
    }

    /// True if a message that ends so gets its price back; `was_accepted` says that an operator is known to
    /// have taken it.
    pub fn refunds(self, outcome: Outcome, was_accepted: bool) -> bool {
        let is_earned = match self.charge_on {
            ChargeOn::Submit => true,
            ChargeOn::Acceptance => was_accepted,
            ChargeOn::Delivery => outcome == Outcome::Delivered,
        };
        outcome == Outcome::Cancelled || !is_earned || self.refund_on.contains(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_back() {
        let read: Vec<SettlementTerms> = (0..=u8::MAX).filter_map(SettlementTerms::from_bits).collect();
        assert_eq!(read.len(), 3 * 16);
        for (terms, bits) in read.iter().zip(0..) {
            assert_eq!(terms.to_bits(), bits);
            let outcomes: Vec<Outcome> = terms.refund_on.outcomes().collect();
            assert_eq!(RefundOn::of(&outcomes), terms.refund_on);
        }
    }

    /// The default's bits stand in rows on disk; another default must not change what they mean.
    #[test]
    fn the_default_charges_on_submit_and_refunds_what_no_operator_took() {
        let terms = SettlementTerms::default();
        assert_eq!(terms.to_bits(), 0b11);
        let refunded = Outcome::ALL.map(|outcome| terms.refunds(outcome, true));
        assert_eq!(refunded, [false, false, true, true, true, false]);
    }

    #[test]
    fn what_is_no_choice_changes_nothing() {
        assert_eq!(RefundOn::of(&[Outcome::Delivered, Outcome::Cancelled]), RefundOn::NONE);
        for charge_on in ChargeOn::ALL {
            assert_eq!(ChargeOn::from_name(charge_on.name()), Some(charge_on));
            let terms = SettlementTerms { charge_on, refund_on: RefundOn::of(&Outcome::ALL) };
            assert!(!terms.refunds(Outcome::Delivered, true));
            assert!(terms.refunds(Outcome::Cancelled, false));
        }
    }
}
