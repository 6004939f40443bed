//! A change to another plan, line by line: what is given back of the period that ends, and what the new one costs.

use tollgate_engine::money::{Amount, Total};

use super::proration::{Unused, Use};

/// A change of plan at an instant.
#[derive(Clone, Copy, Debug)]
pub struct PlanChange {
    /// The whole price that was paid for the present period; zero in a trial.
    pub old_price: Amount,
    /// The use of the present period.
    pub used: Use,
    /// The price of the first period of the new plan.
    pub new_price: Amount,
}

/// The meaning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The price of the period that ends, given back.
    OldPrice,
    /// The part of it that was used, and stays paid.
    Used,
    /// The price of the period that begins.
    NewPrice,
}

/// A line of the explanation. More than zero is to be paid, less is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeLine {
    /// The meaning of it.
    pub kind: LineKind,
    /// The amount, exact to the millionth.
    pub amount: Amount,
}

impl PlanChange {
    /// The price of the present period, taken apart.
    pub fn unused(&self) -> Unused {
        self.used.unused(self.old_price)
    }

    /// The lines, which add up to [`Self::total`].
    pub fn lines(&self) -> [ChangeLine; 3] {
        let old_price = self.old_price.max(Amount::ZERO);
        [
            ChangeLine { kind: LineKind::OldPrice, amount: old_price.negated() },
            ChangeLine { kind: LineKind::Used, amount: self.unused().used },
            ChangeLine { kind: LineKind::NewPrice, amount: self.new_price },
        ]
    }

    /// The amount to be paid now; less than zero is given back. `None` where no amount can hold it.
    pub fn total(&self) -> Option<Amount> {
        self.lines().iter().fold(Total::ZERO, |total, line| total.plus(line.amount)).amount()
    }
}
