//! The limits that an account has from those above it. No account has more than the reseller above it, whoever sets them: a limit
//! that a reseller cannot lift for itself is none if an account below it may go beyond.

use tollgate_api::accounts::{AccountPatch, RateLimit};
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;

use super::record::AccountRecord;

/// The limits of an account as they are in force.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Messages per second, and at once; `None` for any number.
    rate: Option<(u32, u32)>,
    max_binds: u32,
    window: u32,
}

/// The fields of limits that a request sets.
#[derive(Clone, Copy, Debug)]
pub struct SetLimits {
    rate: bool,
    max_binds: bool,
    window: bool,
}

impl SetLimits {
    /// The fields that a patch has.
    pub fn of(patch: &AccountPatch) -> Self {
        // Below another reseller all of its limits hold.
        let is_moved = patch.parent.is_some();
        Self {
            rate: is_moved || patch.rate_limit.is_some(),
            max_binds: is_moved || patch.max_binds.is_some(),
            window: is_moved || patch.window.is_some(),
        }
    }
}

impl Limits {
    fn of(record: &AccountRecord, usual_window: u32) -> Self {
        let rate = |limit: RateLimit| (limit.per_second, limit.burst.unwrap_or(limit.per_second));
        Self {
            rate: record.rate_limit.map(rate),
            max_binds: record.max_binds,
            window: record.window.unwrap_or(usual_window),
        }
    }

    /// The first field in which the limit goes beyond that of the level above, with that limit in words.
    fn beyond(&self, above: &Self, set: SetLimits) -> Option<(&'static str, String)> {
        let rate = above.rate.filter(|(per_second, burst)| {
            set.rate && self.rate.is_none_or(|own| own.0 > *per_second || own.1 > *burst)
        });
        if let Some((per_second, burst)) = rate {
            return Some(("rate_limit", format!("{per_second} messages per second and {burst} at once")));
        }
        if set.max_binds && self.max_binds > above.max_binds {
            return Some(("max_binds", format!("{} binds", above.max_binds)));
        }
        let has_wider_window = set.window && self.window > above.window;
        has_wider_window.then(|| ("window", format!("{} unanswered requests", above.window)))
    }
}

/// Gives a new account the limits of the reseller above it where nothing else was asked for and the usual ones are wider.
pub fn inherit(record: &mut AccountRecord, above: &AccountRecord, set: SetLimits, usual_window: u32) {
    if !set.rate {
        record.rate_limit = above.rate_limit;
    }
    if !set.max_binds {
        record.max_binds = record.max_binds.min(above.max_binds);
    }
    if !set.window && Limits::of(above, usual_window).window < usual_window {
        record.window = above.window;
    }
}

/// Refuses limits beyond those of the reseller above. Only what the request sets is looked at, so that accounts that earlier
/// versions have made can still be changed.
pub fn check_below(
    record: &AccountRecord,
    above: &AccountRecord,
    set: SetLimits,
    usual_window: u32,
) -> Answer<()> {
    let limits = Limits::of(above, usual_window);
    match Limits::of(record, usual_window).beyond(&limits, set) {
        Some((field, most)) => {
            let message = format!("is beyond that of `{}`, the account above, which has {most}", above.id);
            Err(Problem::field(field, message))
        }
        None => Ok(()),
    }
}

/// Refuses limits of a reseller that are less than those of an account right below it.
pub fn check_above(
    record: &AccountRecord,
    below: &AccountRecord,
    set: SetLimits,
    usual_window: u32,
) -> Answer<()> {
    let limits = Limits::of(record, usual_window);
    match Limits::of(below, usual_window).beyond(&limits, set) {
        Some((field, _)) => {
            let message = format!(
                "is less than that of `{}`, an account below, which has to be lowered first",
                below.id
            );
            Err(Problem::field(field, message))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_api::money::CurrencyCode;
    use tollgate_engine::money::Currency;
    use tollgate_provisioning::passwords;

    use super::*;

    const ALL: SetLimits = SetLimits { rate: true, max_binds: true, window: true };
    const NONE: SetLimits = SetLimits { rate: false, max_binds: false, window: false };
    const USUAL: u32 = 1_000;

    fn account(rate: Option<(u32, Option<u32>)>, max_binds: u32, window: Option<u32>) -> AccountRecord {
        let hash = passwords::hash(b"a password").unwrap();
        let currency = CurrencyCode(Currency::new("USD").unwrap());
        let mut record = AccountRecord::new("client", "starter", currency, &hash);
        record.rate_limit = rate.map(|(per_second, burst)| RateLimit { per_second, burst });
        (record.max_binds, record.window) = (max_binds, window);
        record
    }

    #[test]
    fn no_account_has_more_than_the_one_above_it() {
        let above = account(Some((100, Some(200))), 4, Some(50));
        for (below, field) in [
            (account(None, 4, Some(50)), Some("rate_limit")),
            (account(Some((101, None)), 4, Some(50)), Some("rate_limit")),
            (account(Some((100, Some(201))), 4, Some(50)), Some("rate_limit")),
            (account(Some((100, Some(200))), 5, Some(50)), Some("max_binds")),
            (account(Some((1, None)), 4, None), Some("window")),
            (account(Some((1, None)), 4, Some(51)), Some("window")),
            (account(Some((100, Some(200))), 4, Some(50)), None),
        ] {
            let refused = check_below(&below, &above, ALL, USUAL).err();
            assert_eq!(refused.map(|problem| problem.errors[0].field.clone()).as_deref(), field, "{below:?}");
            let refused = check_above(&above, &below, ALL, USUAL).err();
            assert_eq!(refused.map(|problem| problem.errors[0].field.clone()).as_deref(), field, "{below:?}");
        }
        let earlier = account(None, 99, None);
        assert!(check_below(&earlier, &above, NONE, USUAL).is_ok(), "what is not set is not looked at");
        let free = account(None, 4, None);
        assert!(check_below(&free, &free, ALL, USUAL).is_ok());
        assert!(check_below(&account(None, 4, Some(USUAL)), &free, ALL, USUAL).is_ok(), "the usual window");
        assert!(check_below(&account(None, 4, Some(USUAL + 1)), &free, ALL, USUAL).is_err());
    }

    #[test]
    fn a_new_account_has_the_limits_of_the_one_above_it() {
        let above = account(Some((100, None)), 1, Some(50));
        let mut made = account(None, 4, None);
        inherit(&mut made, &above, NONE, USUAL);
        assert_eq!((made.rate_limit, made.max_binds, made.window), (above.rate_limit, 1, Some(50)));
        assert!(check_below(&made, &above, ALL, USUAL).is_ok());
        let wide = account(None, 99, Some(USUAL + 1));
        let mut made = account(None, 4, None);
        inherit(&mut made, &wide, NONE, USUAL);
        assert_eq!(
            (made.rate_limit, made.max_binds, made.window),
            (None, 4, None),
            "the usual ones are enough"
        );
    }
}
