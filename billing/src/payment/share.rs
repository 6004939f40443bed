//! The share of a payment that an account above the payer has for it, and what is left of that once money has gone back.

use tollgate_engine::money::Amount;

/// The part of a share that is left where `left` is left of the amount that was received: in proportion, rounded down to a
/// millionth. All of it is left where nothing has gone back, and nothing where everything has.
pub fn left_of(share: Amount, received: Amount, left: Amount) -> Amount {
    let [share, received, left] = [share, received, left].map(|amount| i128::from(amount.micros()));
    if received <= 0 {
        return Amount::ZERO;
    }
    let part = share * left.clamp(0, received) / received;
    Amount::from_micros(i64::try_from(part).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(micros: i64) -> Amount {
        Amount::from_micros(micros)
    }

    #[test]
    fn a_share_goes_back_in_proportion() {
        let left = |share, received, left| left_of(micros(share), micros(received), micros(left)).micros();
        assert_eq!(left(10, 10, 10), 10);
        assert_eq!(left(10, 10, 4), 4);
        // In another currency, rounded down.
        assert_eq!((left(1_000, 3, 3), left(1_000, 3, 2), left(1_000, 3, 0)), (1_000, 666, 0));
        assert_eq!((left(5, 0, 0), left(5, 10, -1), left(5, 10, 11)), (0, 0, 5));
    }

    proptest! {
        /// However a payment goes back and comes again, what has moved of a share is the difference of its ends.
        #[test]
        fn what_moves_is_what_is_left_in_the_end(
            share in 1_i64..1_000_000_000_000, received in 1_i64..1_000_000_000_000, parts in prop::collection::vec(0_i64..1_000, 1..9))
        {
            let (mut held, mut before) = (share, received);
            for part in parts {
                let now = i64::try_from(i128::from(received) * i128::from(part) / 1_000).unwrap();
                let of = |left| left_of(micros(share), micros(received), micros(left)).micros();
                held += of(now) - of(before);
                before = now;
                prop_assert_eq!(held, of(now));
                prop_assert!((0..=share).contains(&held));
            }
        }
    }
}
