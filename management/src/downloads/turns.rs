//! The turns of exports, which occupy a thread for as long as their reader takes: a few for each account's callers, and none of
//! theirs is the house's.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::problem::Problem;

/// Exports at once of the callers of one account, and of the house.
const OF_ONE_MAX: usize = 2;
/// Exports at once of all accounts.
const OF_ACCOUNTS_MAX: usize = 8;

/// The exports under way by account; those of the house have no account.
type UnderWay = HashMap<Option<String>, usize>;

/// Gives out turns.
#[derive(Debug, Default)]
pub struct Turns(Arc<Mutex<UnderWay>>);

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    under_way: Arc<Mutex<UnderWay>>,
    of: Option<String>,
}

impl Turns {
    /// A turn for this caller, if one is free.
    pub fn take(&self, caller: &Caller) -> Answer<Turn> {
        let of = match &caller.reach {
            Reach::All => None,
            Reach::Subtree(account) | Reach::Account(account) => Some(account.clone()),
        };
        let mut under_way = self.0.lock();
        let of_accounts: usize =
            under_way.iter().filter(|(of, _)| of.is_some()).map(|(_, count)| count).sum();
        if of.is_some() && of_accounts >= OF_ACCOUNTS_MAX {
            return Err(full(&format!("{OF_ACCOUNTS_MAX} exports are under way")));
        }
        let count = under_way.entry(of.clone()).or_default();
        if *count >= OF_ONE_MAX {
            return Err(full(&format!("{OF_ONE_MAX} exports of yours are under way")));
        }
        *count += 1;
        Ok(Turn { under_way: Arc::clone(&self.0), of })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        let left = under_way.get(&self.of).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            under_way.remove(&self.of);
        } else {
            under_way.insert(self.of.take(), left);
        }
    }
}

fn full(detail: &str) -> Problem {
    Problem::too_many_requests(format!("{detail}; try again when one is done")).retry_after(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(number: usize) -> Caller {
        Caller { reach: Reach::Account(format!("account {number}")), ..Caller::system() }
    }

    #[test]
    fn no_account_takes_the_turns_of_another_nor_of_the_house() {
        let turns = Turns::default();
        let of_first: Vec<_> = (0..OF_ONE_MAX).map(|_| turns.take(&customer(0)).unwrap()).collect();
        assert_eq!(turns.take(&customer(0)).unwrap_err().status, 429);
        let of_others: Vec<_> = (0..OF_ACCOUNTS_MAX - OF_ONE_MAX)
            .map(|number| turns.take(&customer(1 + number / OF_ONE_MAX)).unwrap())
            .collect();
        assert_eq!(turns.take(&customer(99)).unwrap_err().status, 429);
        let of_house: Vec<_> = (0..OF_ONE_MAX).map(|_| turns.take(&Caller::system()).unwrap()).collect();
        assert_eq!(turns.take(&Caller::system()).unwrap_err().status, 429);
        drop(of_first);
        let again = turns.take(&customer(99)).unwrap();
        drop((of_others, of_house, again));
        assert!(turns.0.lock().is_empty(), "nothing is kept of those that are done");
    }
}
