//! The accounts that have a detector of traffic pumping now, and the bound on what all of their detectors take.
//!
//! Whoever looks at detectors asks here for the accounts, so that those without one cost a look nothing, however many they are.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

/// Octets that the detectors of all accounts take at most, beyond what they grow by between two looks.
pub const DETECTOR_OCTETS_MAX: usize = 256 << 20;

/// The accounts that have a detector.
#[derive(Debug, Default)]
pub struct Detectors(Mutex<BTreeSet<AccountNumber>>);

/// The size of one detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DetectorSize {
    /// The time of the latest message.
    pub latest_at: UnixMicros,
    /// The account whose traffic it looks at.
    pub account: AccountNumber,
    /// Octets that it takes.
    pub octets: usize,
}

impl Detectors {
    /// The accounts, in the order of their numbers.
    pub fn accounts(&self) -> Vec<AccountNumber> {
        self.0.lock().iter().copied().collect()
    }

    pub(crate) fn enter(&self, account: AccountNumber) {
        self.0.lock().insert(account);
    }

    pub(crate) fn leave(&self, account: AccountNumber) {
        self.0.lock().remove(&account);
    }
}

/// The accounts whose detectors have to go so that the others take no more than `most`: those that have sent nothing for
/// longest.
pub fn beyond(mut sizes: Vec<DetectorSize>, most: usize) -> Vec<AccountNumber> {
    let mut taken: usize = sizes.iter().map(|size| size.octets).sum();
    if taken <= most {
        return Vec::new();
    }
    sizes.sort_unstable();
    let mut gone = Vec::new();
    for size in sizes {
        if taken <= most {
            break;
        }
        taken -= size.octets;
        gone.push(size.account);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_have_sent_nothing_for_longest_go_first_and_no_more_than_need_to() {
        let size = |number, latest_at, octets| DetectorSize {
            account: AccountNumber(number),
            latest_at: UnixMicros(latest_at),
            octets,
        };
        let sizes = vec![size(1, 30, 40), size(2, 10, 20), size(3, 20, 50), size(4, 40, 30)];
        assert_eq!(beyond(sizes.clone(), 140), []);
        assert_eq!(beyond(sizes.clone(), 139), [AccountNumber(2)]);
        assert_eq!(beyond(sizes.clone(), 100), [AccountNumber(2), AccountNumber(3)]);
        assert_eq!(beyond(sizes, 0).len(), 4);
    }
}
