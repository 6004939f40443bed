//! The part of an invoice that is to be paid, and what is left of it after payments and credit notes.

use super::rounding::rounded;

/// The part that is due of a gross total: what the wallet's balance could not pay. `balance` is that at the end of the period,
/// after the tax was taken; `paid_in` has come since. What was debited below zero is owed, the latest charges first, so that no
/// more than the total belongs to this invoice: debts of earlier periods are on earlier ones.
pub fn due(gross: i128, balance: i128, paid_in: i128, decimals: u32) -> i128 {
    rounded(-(balance + paid_in), decimals).clamp(0, gross.max(0))
}

/// An amount that was due, and the parts that are settled. What comes beyond the open part stays in the wallet as credit; it is
/// remembered, as it settles what a payment that goes back opens again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The amount that was due when the invoice was sent.
    pub due: i128,
    /// The part that was paid, never more than what was open.
    pub paid: i128,
    /// The part that credit notes took back, never more than what was open.
    pub credited: i128,
    /// The part of its payments that was more than what was open.
    pub paid_beyond: i128,
    /// The part of its credit notes that was more than what was open.
    pub credited_beyond: i128,
}

impl Settled {
    /// The part that is still to be paid; never below zero.
    pub fn open(self) -> i128 {
        (self.due - self.paid - self.credited).max(0)
    }

    /// After a payment.
    #[must_use]
    pub fn after_payment(self, amount: i128) -> Self {
        let (amount, part) = (amount.max(0), amount.clamp(0, self.open()));
        Self { paid: self.paid + part, paid_beyond: self.paid_beyond + amount - part, ..self }
    }

    /// After a credit note.
    #[must_use]
    pub fn after_credit(self, amount: i128) -> Self {
        let (amount, part) = (amount.max(0), amount.clamp(0, self.open()));
        Self { credited: self.credited + part, credited_beyond: self.credited_beyond + amount - part, ..self }
    }

    /// After money of a payment has gone back to who paid it: first what was more than open, then what had paid. What that opens
    /// again is settled by credit notes that were more than open.
    #[must_use]
    pub fn after_return(self, amount: i128) -> Self {
        let amount = amount.max(0);
        let of_beyond = amount.min(self.paid_beyond);
        let of_paid = (amount - of_beyond).min(self.paid);
        let left = Self { paid: self.paid - of_paid, paid_beyond: self.paid_beyond - of_beyond, ..self };
        let credit = left.credited_beyond.min(left.open());
        Self { credited: left.credited + credit, credited_beyond: left.credited_beyond - credit, ..left }
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
        /// Payments, credit notes and money that goes back, in any order and of any amounts: what is open follows from their sums
        /// alone, and each of them is in the parts.
        #[test]
        fn what_is_open_follows_from_the_sums_whatever_the_order(
            due in 0_i128..1_000, steps in prop::collection::vec((0_u8..3, 0_i128..700), 0..24))
        {
            let mut settled = Settled { due, ..Settled::default() };
            let (mut paid, mut credited) = (0, 0);
            for (kind, amount) in steps {
                settled = match kind {
                    0 => {
                        paid += amount;
                        settled.after_payment(amount)
                    }
                    1 => {
                        credited += amount;
                        settled.after_credit(amount)
                    }
                    // No more goes back than has come.
                    _ => {
                        let amount = amount.min(paid);
                        paid -= amount;
                        settled.after_return(amount)
                    }
                };
                prop_assert_eq!(settled.open(), (due - paid - credited).max(0));
                prop_assert_eq!(settled.open(), due - settled.paid - settled.credited);
                prop_assert_eq!(settled.paid + settled.paid_beyond, paid, "payments are the sum of their entries");
                prop_assert_eq!(settled.credited + settled.credited_beyond, credited);
                let parts = [settled.paid, settled.credited, settled.paid_beyond, settled.credited_beyond];
                prop_assert!(parts.iter().all(|part| *part >= 0));
            }
        }
    }
}
