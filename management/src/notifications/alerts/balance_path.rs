//! The way of a balance between two looks, and the conditions that held on it, however short.
//!
//! Charges only take. So the balance was lowest right before money came, which each ledger entry tells: the balance after it
//! less its amount. With the balance of now these points are all that a look has to know.

use tollgate_engine::money::Total;

use super::wallets::ConditionState;

/// Times that one look tells of a condition of an account. More are not worth a line each.
const TOLD_MAX: usize = 50;

/// Money that came: the balance right before it, and right after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    pub before: Total,
    pub after: Total,
}

/// The way of a balance since the look before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancePath {
    /// The first balance, where it is known; otherwise nothing held at the look before that was not told.
    pub first: Option<Total>,
    /// In the order of the ledger.
    pub credits: Vec<Credit>,
    /// The balance at the end; `None` if the way goes on.
    pub last: Option<Total>,
}

/// Once that a condition began to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The lowest balance on that part of the way.
    pub balance: Total,
    /// True if the condition was over again.
    pub is_over: bool,
}

/// The news of a condition on a way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// True if the condition that held at the beginning was over.
    pub was_over: bool,
    /// The times that it began to hold.
    pub held: Vec<Held>,
}

impl Told {
    /// True if there is nothing to write down.
    pub fn is_nothing(&self) -> bool {
        !self.was_over && self.held.is_empty()
    }
}

impl BalancePath {
    /// The news of a condition with these states, of which somebody was told or not.
    pub fn tell(&self, state: impl Fn(Total) -> ConditionState, is_told: bool) -> Told {
        // A wallet that is new is low before its first money, and nobody wants to hear of that once the money is there.
        let begins_low = self.first.is_some_and(|first| state(first) == ConditionState::Holds);
        let mut teller = Teller { state, holds: is_told, may_begin: !begins_low, told: Told::default() };
        for credit in &self.credits {
            teller.point(credit.before);
            teller.point(credit.after);
        }
        if let Some(last) = self.last {
            teller.may_begin = true;
            teller.point(last);
        }
        teller.told
    }
}

/// A walk along the way.
struct Teller<S> {
    state: S,
    holds: bool,
    may_begin: bool,
    told: Told,
}

impl<S: Fn(Total) -> ConditionState> Teller<S> {
    fn point(&mut self, balance: Total) {
        match (self.state)(balance) {
            ConditionState::Holds if self.holds => {
                if let Some(held) = self.told.held.last_mut() {
                    held.balance = held.balance.min(balance);
                }
            }
            ConditionState::Holds => {
                if self.may_begin && self.told.held.len() < TOLD_MAX {
                    self.told.held.push(Held { balance, is_over: false });
                    self.holds = true;
                }
            }
            ConditionState::Between => self.may_begin = true,
            ConditionState::Over => {
                if self.holds {
                    match self.told.held.last_mut() {
                        Some(held) => held.is_over = true,
                        None => self.told.was_over = true,
                    }
                }
                (self.holds, self.may_begin) = (false, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// Low below 50, over from 53 on.
    fn state(balance: Total) -> ConditionState {
        match balance.micros() {
            ..50 => ConditionState::Holds,
            50..53 => ConditionState::Between,
            _ => ConditionState::Over,
        }
    }

    fn path(first: Option<i128>, credits: &[(i128, i128)], last: Option<i128>) -> BalancePath {
        let of = Total::from_micros;
        let credits = credits.iter().map(|(before, after)| Credit { before: of(*before), after: of(*after) });
        BalancePath { first: first.map(of), credits: credits.collect(), last: last.map(of) }
    }

    fn told(path: &BalancePath, is_told: bool) -> (bool, Vec<(i128, bool)>) {
        let Told { was_over, held } = path.tell(state, is_told);
        (was_over, held.iter().map(|held| (held.balance.micros(), held.is_over)).collect())
    }

    #[test]
    fn a_dip_between_two_looks_is_told_once() {
        assert_eq!(told(&path(None, &[(49, 90)], Some(90)), false), (false, vec![(49, true)]));
        assert_eq!(told(&path(None, &[(49, 90), (20, 80)], Some(80)), false).1, [(49, true), (20, true)]);
        // Whoever was told of it is told that it is over.
        assert_eq!(told(&path(None, &[(49, 90)], Some(90)), true), (true, vec![]));
        assert_eq!(told(&path(None, &[(49, 90)], Some(10)), true), (true, vec![(10, false)]));
        // The way goes on: nothing is known of its end.
        assert_eq!(told(&path(None, &[(49, 90)], None), false), (false, vec![(49, true)]));
        assert_eq!(told(&path(None, &[(49, 51)], None), false), (false, vec![(49, false)]));
    }

    #[test]
    fn swinging_about_the_threshold_is_one_dip() {
        let swings = [(49, 51), (48, 52), (49, 51)];
        assert_eq!(told(&path(None, &swings, Some(51)), false), (false, vec![(48, false)]));
        assert_eq!(told(&path(None, &swings, Some(51)), true), (false, vec![]));
    }

    #[test]
    fn a_wallet_that_was_never_filled_has_not_dipped() {
        assert_eq!(told(&path(Some(0), &[(0, 90)], Some(90)), false), (false, vec![]));
        assert_eq!(told(&path(Some(0), &[(0, 40), (30, 90), (10, 60)], Some(60)), false).1, [(10, true)]);
        // One that stays low is told of.
        assert_eq!(told(&path(Some(0), &[(0, 40)], Some(40)), false).1, [(40, false)]);
    }

    /// However a way is cut into looks, the same is told of it.
    #[test]
    fn cuts_change_nothing() {
        let mut random = Pcg64Mcg::seed_from_u64(20_261_130);
        for _ in 0..2_000 {
            let mut credits: Vec<(i128, i128)> = Vec::new();
            for _ in 0..random.random_range(1..12) {
                let before = random.random_range(0..120);
                credits.push((before, before + random.random_range(1..120)));
            }
            let (cut, is_told) = (random.random_range(0..=credits.len()), random.random_bool(0.5));
            let (mut was_over, mut held) = told(&path(None, &credits[..cut], None), is_told);
            let holds = held.last().map_or(is_told && !was_over, |(_, is_over)| !is_over);
            let (rest_was_over, rest) = told(&path(None, &credits[cut..], None), holds);
            match held.last_mut() {
                Some(last) => last.1 |= rest_was_over,
                None => was_over |= rest_was_over,
            }
            held.extend(rest);
            let whole = told(&path(None, &credits, None), is_told);
            let ends = |held: &[(i128, bool)]| held.iter().map(|(_, is_over)| *is_over).collect::<Vec<_>>();
            assert_eq!((was_over, ends(&held)), (whole.0, ends(&whole.1)), "{credits:?} cut at {cut}");
        }
    }
}
