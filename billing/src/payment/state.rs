//! The states of a payment, and the one table of the steps between them.

/// The state of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentState {
    /// It is written down, and no answer of its provider is known.
    Created,
    /// Whoever pays has to do something: enter a card, confirm at the bank, transfer the money.
    RequiresAction,
    /// The provider is at it.
    Processing,
    /// The money is there, and is in the wallet.
    Succeeded,
    /// The last try to pay was declined. Another may still succeed.
    Failed,
    /// The provider gave no answer, so that it may have taken the money or not.
    Unknown,
    /// It has ended, and nothing was paid.
    Cancelled,
}

use PaymentState::{Cancelled, Created, Failed, Processing, RequiresAction, Succeeded, Unknown};

/// Every step that there is: from a state, to these. A state without a line is final.
pub const TRANSITIONS: &[(PaymentState, &[PaymentState])] = &[
    (Created, &[RequiresAction, Processing, Succeeded, Failed, Unknown, Cancelled]),
    (RequiresAction, &[Processing, Succeeded, Failed, Unknown, Cancelled]),
    (Processing, &[RequiresAction, Succeeded, Failed, Unknown, Cancelled]),
    (Failed, &[RequiresAction, Processing, Succeeded, Unknown, Cancelled]),
    (Unknown, &[RequiresAction, Processing, Succeeded, Failed, Cancelled]),
];

impl PaymentState {
    /// Every state there is.
    pub const ALL: [Self; 7] = [Created, RequiresAction, Processing, Succeeded, Failed, Unknown, Cancelled];

    /// The states that follow this one.
    pub fn next(self) -> &'static [Self] {
        TRANSITIONS.iter().find(|(from, _)| *from == self).map_or(&[], |(_, next)| next)
    }

    /// True if there is a step from this state to the other.
    pub fn leads_to(self, other: Self) -> bool {
        self.next().contains(&other)
    }

    /// True if nothing changes it any more.
    pub fn is_final(self) -> bool {
        self.next().is_empty()
    }

    /// True if money may come of it without anybody beginning anew, so that it counts as money on its way.
    pub fn is_pending(self) -> bool {
        matches!(self, Created | Processing | Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_final_states_are_the_two_that_end_a_payment() {
        let finals: Vec<_> = PaymentState::ALL.into_iter().filter(|state| state.is_final()).collect();
        assert_eq!(finals, [Succeeded, Cancelled]);
    }

    #[test]
    fn what_failed_or_is_unknown_may_still_succeed_and_nothing_begins_anew() {
        assert!(Failed.leads_to(Succeeded) && Unknown.leads_to(Succeeded));
        assert!(Unknown.leads_to(Failed) && !Failed.leads_to(Created));
        assert!(PaymentState::ALL.iter().all(|state| !state.leads_to(Created) && !state.leads_to(*state)));
        // Every state but the first is reached, and from every open one both ends.
        for state in PaymentState::ALL.into_iter().filter(|state| *state != Created) {
            assert!(TRANSITIONS.iter().any(|(_, next)| next.contains(&state)), "{state:?}");
        }
        for state in PaymentState::ALL.into_iter().filter(|state| !state.is_final()) {
            assert!(state.leads_to(Succeeded) && state.leads_to(Cancelled), "{state:?}");
        }
    }
}
