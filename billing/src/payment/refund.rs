//! Refunds of payments: their states, and the money of the wallet that each step moves.

/// The state of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundState {
    /// The money is out of the wallet, and on its way back to who paid it.
    Pending,
    /// The provider has given it back.
    Succeeded,
    /// The provider could not give it back, and it is in the wallet again.
    Failed,
}

use RefundState::{Failed, Pending, Succeeded};

/// Every step that there is. A provider may find out late that a bank does not take the money.
pub const TRANSITIONS: &[(RefundState, &[RefundState])] =
    &[(Pending, &[Succeeded, Failed]), (Succeeded, &[Failed])];

/// The money of the wallet that a step moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is moved.
    None,
    /// The amount is taken from the wallet.
    Take,
    /// The amount that was taken goes back into the wallet.
    GiveBack,
}

/// The state after a provider's word, and what moves with it; `None` where nothing changes. `before` is `None` for one that was
/// not known, such as one that was made on the provider's own pages.
pub fn apply(before: Option<RefundState>, seen: RefundState) -> Option<(RefundState, Effect)> {
    match before {
        None if seen == Failed => Some((seen, Effect::None)),
        None => Some((seen, Effect::Take)),
        Some(before) => {
            let leads = TRANSITIONS.iter().any(|(from, next)| *from == before && next.contains(&seen));
            let effect = if seen == Failed { Effect::GiveBack } else { Effect::None };
            leads.then_some((seen, effect))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_wallet_has_paid_for_a_refund_once_unless_it_failed(
            seen in prop::collection::vec(prop_oneof![Just(Pending), Just(Succeeded), Just(Failed)], 1..20),
        ) {
            let (mut state, mut taken) = (None, 0);
            for seen in &seen {
                let Some((to, effect)) = apply(state, *seen) else { continue };
                state = Some(to);
                match effect {
                    Effect::Take => taken += 1,
                    Effect::GiveBack => taken -= 1,
                    Effect::None => {}
                }
            }
            prop_assert_eq!(taken, i32::from(state != Some(Failed)));
            prop_assert_eq!(state == Some(Failed), seen.contains(&Failed));
        }
    }
}
