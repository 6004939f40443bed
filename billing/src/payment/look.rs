//! The schedule by which providers are asked about payments that are not at their end.

use super::state::PaymentState;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Pauses before each look at a payment whose outcome the provider has not told.
const NOT_KNOWN: &[u64] = &[5, 15, MINUTE, MINUTE, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY];
/// Pauses before each look at a payment that the provider or its payer is at.
const OPEN: &[u64] =
    &[MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, 5 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY];

/// Looks after which a payment that is neither unknown nor processed is left to webhooks and to who asks for it.
const LOOKS_MAX: u32 = 40;

/// Seconds until the next look at a payment in this state that was looked at so often since it came into it; `None` where
/// there is nothing to look for.
pub fn pause(state: PaymentState, looks: u32) -> Option<u64> {
    let pauses = match state {
        PaymentState::Succeeded | PaymentState::Cancelled => return None,
        PaymentState::Created | PaymentState::Unknown => NOT_KNOWN,
        PaymentState::RequiresAction | PaymentState::Failed if looks >= LOOKS_MAX => return None,
        PaymentState::Processing | PaymentState::RequiresAction | PaymentState::Failed => OPEN,
    };
    let at = usize::try_from(looks).unwrap_or(usize::MAX).min(pauses.len().saturating_sub(1));
    pauses.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_payment_is_asked_for_soon_and_for_ever() {
        assert_eq!(pause(PaymentState::Unknown, 0), Some(5));
        assert_eq!(pause(PaymentState::Unknown, u32::MAX), Some(DAY));
        assert_eq!(pause(PaymentState::Processing, 3), Some(MINUTE));
    }

    #[test]
    fn pauses_only_grow_and_ends_are_left_alone() {
        for state in PaymentState::ALL {
            let pauses: Vec<u64> = (0..LOOKS_MAX).map_while(|looks| pause(state, looks)).collect();
            assert!(pauses.is_sorted(), "{state:?}: {pauses:?}");
            assert_eq!(pauses.is_empty(), state.is_final(), "{state:?}");
        }
        assert_eq!(pause(PaymentState::Failed, LOOKS_MAX), None);
        assert_eq!(pause(PaymentState::RequiresAction, LOOKS_MAX), None);
    }
}
