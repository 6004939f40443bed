//! The word of a provider about a payment, and what that changes.
//!
//! There is one function for all that tells of a payment: a webhook, the customer who comes back, the look at what is open.
//! None of them is believed; each has the provider asked, and its answer is the observation. Answers may come twice, late, in
//! another order, or not at all.

use tollgate_engine::money::Amount;

use super::state::PaymentState;

/// The object of a provider as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Whoever pays has to do something.
    RequiresAction,
    /// The provider is at it.
    Processing,
    /// The money was taken.
    Succeeded {
        /// The amount that came in.
        received: Amount,
    },
    /// The last try was declined.
    Failed,
    /// It has ended without a payment.
    Cancelled,
    /// There was no answer, or one that says nothing.
    Unknown,
}

/// The change of a payment that an observation brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Nothing of it changes.
    Stays,
    /// It goes over into another state; `credit` is more than zero exactly where that state is `Succeeded`.
    Moves {
        /// The new state.
        to: PaymentState,
        /// The money that comes in with it.
        credit: Amount,
    },
    /// The provider says what cannot be: money for a payment that was cancelled, or less than nothing. A person has to look.
    Contradiction,
}

impl Observation {
    /// The state that it is about.
    pub fn state(self) -> PaymentState {
        match self {
            Self::RequiresAction => PaymentState::RequiresAction,
            Self::Processing => PaymentState::Processing,
            Self::Succeeded { .. } => PaymentState::Succeeded,
            Self::Failed => PaymentState::Failed,
            Self::Cancelled => PaymentState::Cancelled,
            Self::Unknown => PaymentState::Unknown,
        }
    }
}

/// The change that an observation brings to a payment in this state.
pub fn apply(before: PaymentState, observed: Observation) -> Transition {
    let to = observed.state();
    let credit = match observed {
        Observation::Succeeded { received } if received <= Amount::ZERO => return Transition::Contradiction,
        Observation::Succeeded { received } => received,
        _ => Amount::ZERO,
    };
    if before == to {
        return Transition::Stays;
    }
    if before.leads_to(to) {
        return Transition::Moves { to, credit };
    }
    if before == PaymentState::Cancelled && to == PaymentState::Succeeded {
        return Transition::Contradiction;
    }
    // An answer from before, which came late.
    Transition::Stays
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PRICE: Amount = Amount::from_micros(10_000_000);

    fn succeeded() -> Observation {
        Observation::Succeeded { received: PRICE }
    }

    /// Payment and wallet as the books keep them.
    #[derive(Debug)]
    struct Books {
        state: PaymentState,
        credited: Vec<Amount>,
    }

    impl Books {
        fn new() -> Self {
            Self { state: PaymentState::Created, credited: Vec::new() }
        }

        fn observe(&mut self, observed: Observation) {
            if let Transition::Moves { to, credit } = apply(self.state, observed) {
                assert!(self.state.leads_to(to), "{:?} to {to:?}", self.state);
                assert_eq!(to == PaymentState::Succeeded, credit > Amount::ZERO);
                self.state = to;
                self.credited.extend(Some(credit).filter(|credit| *credit > Amount::ZERO));
            }
        }
    }

    /// The life of a provider's object: declined and tried again as often as it likes, and an end.
    fn life() -> impl Strategy<Value = Vec<Observation>> {
        let open = prop_oneof![
            Just(Observation::RequiresAction),
            Just(Observation::Processing),
            Just(Observation::Failed),
        ];
        let end = prop_oneof![Just(Some(succeeded())), Just(Some(Observation::Cancelled)), Just(None)];
        (prop::collection::vec(open, 0..6), end).prop_map(|(mut life, end)| {
            life.extend(end);
            life
        })
    }

    proptest! {
        #[test]
        fn money_is_credited_once_whatever_is_repeated_lost_or_late(
            life in life(),
            seen in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..30),
        ) {
            let mut books = Books::new();
            // Answers of any time, in any order, any of them as often as it likes, and none at all in between.
            for (at, is_lost) in seen {
                let observed = if is_lost || life.is_empty() { Observation::Unknown } else { *at.get(&life) };
                let before = books.state;
                books.observe(observed);
                prop_assert!(!before.is_final() || books.state == before, "{before:?} is final");
            }
            // The last look tells how it is.
            if let Some(last) = life.last() {
                books.observe(*last);
            }
            let is_paid = life.last() == Some(&succeeded());
            prop_assert_eq!(books.credited.len(), usize::from(is_paid));
            prop_assert_eq!(books.state == PaymentState::Succeeded, is_paid);
        }

        #[test]
        fn nothing_changes_a_final_state(
            is_paid in any::<bool>(),
            more in prop::collection::vec(0_usize..6, 1..20),
        ) {
            let mut books = Books::new();
            books.observe(if is_paid { succeeded() } else { Observation::Cancelled });
            let (state, credited) = (books.state, books.credited.clone());
            let all = [
                Observation::RequiresAction, Observation::Processing, succeeded(), Observation::Failed,
                Observation::Cancelled, Observation::Unknown,
            ];
            for at in more {
                books.observe(all[at]);
            }
            prop_assert_eq!((books.state, books.credited), (state, credited));
        }
    }

    #[test]
    fn a_declined_card_is_not_the_end() {
        let mut books = Books::new();
        for observed in [Observation::RequiresAction, Observation::Failed, succeeded(), succeeded()] {
            books.observe(observed);
        }
        assert_eq!((books.state, books.credited), (PaymentState::Succeeded, vec![PRICE]));
    }

    #[test]
    fn what_cannot_be_is_told() {
        assert_eq!(apply(PaymentState::Cancelled, succeeded()), Transition::Contradiction);
        for received in [Amount::ZERO, Amount::from_micros(-1)] {
            let observed = Observation::Succeeded { received };
            assert_eq!(apply(PaymentState::Processing, observed), Transition::Contradiction);
        }
        assert_eq!(apply(PaymentState::Succeeded, Observation::Cancelled), Transition::Stays);
    }
}
