//! The part of an invoice that is to be paid, and what is left of it after payments and credit notes.

use super::rounding::rounded;

/// The part that is due of a gross total: what the wallet's balance could not pay. `balance` is that at the end of the period,
/// after the tax was taken; `paid_in` has come since. What was debited below zero is owed, the latest charges first, so that no
/// more than the total belongs to this invoice: debts of earlier periods are on earlier ones.
pub fn due(gross: i128, balance: i128, paid_in: i128, decimals: u32) -> i128 {
    rounded(-(balance + paid_in), decimals).clamp(0, gross.max(0))
}

/// An amount that was due, and the parts that are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The amount that was due when the invoice was sent.
    pub due: i128,
    /// The part that was paid, never more than what was open.
    pub paid: i128,
    /// The part that credit notes took back, never more than what was open.
    pub credited: i128,
}

impl Settled {
    /// The part that is still to be paid; never below zero.
    pub fn open(self) -> i128 {
        (self.due - self.paid - self.credited).max(0)
    }

    /// After a payment. What is beyond the open part stays in the wallet as credit and is not counted here.
    #[must_use]
    pub fn after_payment(self, amount: i128) -> Self {
        Self { paid: self.paid + amount.clamp(0, self.open()), ..self }
    }

    /// After a credit note. What is beyond the open part was paid before, and stays in the wallet as credit.
    #[must_use]
    pub fn after_credit(self, amount: i128) -> Self {
        Self { credited: self.credited + amount.clamp(0, self.open()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_balance_above_zero_has_paid_is_not_due() {
        for (gross, balance, paid_in, expected) in [
            // Prepaid: the balance never was below zero.
            (80, 20, 0, 0),
            (80, 0, 0, 0),
            // Postpaid: everything, or what is beyond the prepaid part.
            (80, -80, 0, 80),
            (80, -30, 0, 30),
            // Debts of earlier periods are on earlier invoices.
            (80, -130, 0, 80),
            // Paid in since.
            (80, -80, 30, 50),
            (80, -80, 100, 0),
            // More was given back than charged.
            (-5, -10, 0, 0),
            (0, -10, 0, 0),
        ] {
            assert_eq!(due(gross, balance, paid_in, 6), expected, "{gross} with {balance} and {paid_in}");
        }
        // Rounded like the total: 0.105 is billed as 0.10, and so much is due.
        assert_eq!(due(100_000, -105_000, 0, 2), 100_000);
    }

    proptest! {
        #[test]
        fn payments_and_credits_never_come_to_more_than_was_due(
            due in 0_i128..1_000, steps in prop::collection::vec((any::<bool>(), 0_i128..700), 0..12))
        {
            let mut settled = Settled { due, ..Settled::default() };
            let mut given = 0;
            for (is_payment, amount) in steps {
                let before = settled.open();
                settled = if is_payment { settled.after_payment(amount) } else { settled.after_credit(amount) };
                given += amount;
                prop_assert_eq!(settled.open(), (before - amount).max(0));
                prop_assert_eq!(settled.open(), due - settled.paid - settled.credited);
            }
            prop_assert_eq!(settled.open(), (due - given).max(0), "the order does not matter");
        }
    }
}
