//! Disputes: payments whose payer asks the bank for the money back.

use super::refund::Effect;

/// The state of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisputeState {
    /// It is not decided.
    Opened,
    /// The money stays.
    Won,
    /// The money is gone, and taken from the wallet.
    Lost,
}

use DisputeState::{Lost, Opened, Won};

/// Every step that there is. A bank may take a decision back, which gives the money back to the wallet.
pub const TRANSITIONS: &[(DisputeState, &[DisputeState])] = &[(Opened, &[Won, Lost]), (Lost, &[Won])];

/// The state after a provider's word, and the money that moves with it; `None` where nothing changes.
pub fn apply(before: Option<DisputeState>, seen: DisputeState) -> Option<(DisputeState, Effect)> {
    let effect = match (before, seen) {
        (Some(Lost), Won) => Effect::GiveBack,
        (_, Lost) => Effect::Take,
        _ => Effect::None,
    };
    let leads = |before| TRANSITIONS.iter().any(|(from, next)| *from == before && next.contains(&seen));
    before.is_none_or(leads).then_some((seen, effect))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_a_lost_dispute_has_taken_money_and_only_once(
            seen in prop::collection::vec(prop_oneof![Just(Opened), Just(Won), Just(Lost)], 1..20),
        ) {
            let (mut state, mut taken) = (None, 0);
            for seen in seen {
                let Some((to, effect)) = apply(state, seen) else { continue };
                state = Some(to);
                match effect {
                    Effect::Take => taken += 1,
                    Effect::GiveBack => taken -= 1,
                    Effect::None => {}
                }
            }
            prop_assert_eq!(taken, i32::from(state == Some(Lost)));
        }
    }
}
