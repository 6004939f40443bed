//! The hook between rating and debit, which finds the message's operator.

use std::cell::Cell;

use tollgate_engine::charging::{Charge, Payer, Rated, charge};
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;

use crate::setup::Setup;
use crate::worksheet::Submitted;

const SETUP: &str = "network 639/02 KE Safaricom\nprefix 25470 639/02\nprefix 25473 639/03\n\
                     plan p USD UTC base none\nrate p 639/02 0.05\ntier p 1-2 discount 0\ntier p 3+ discount 50\n\
                     account rich p balance 1.00 counted 1 in 2026-07\naccount poor p balance 0.01\n\
                     account slow p balance 1.00 limit 1/1\naccount gone p balance 1.00 suspended\n";

/// Charges a message of two segments, with what the hook saw of its price.
fn charged<R>(
    setup: &Setup,
    account: &str,
    to: &str,
    verdict: impl FnOnce(&Rated) -> Result<R, Refusal>,
) -> (Result<(Charge, R), Refusal>, Option<Amount>) {
    let tables = setup.tables().unwrap();
    let (wallet, throttle) = setup.wallet(account).unwrap();
    let (terms, submitted) = (tables.terms(account).unwrap(), Submitted::read(to, "2").unwrap());
    let (now, seen) = (UnixMicros::parse("2026-07-01").unwrap(), Cell::new(None));
    let hook = |rated: &Rated, expected: &dyn Fn() -> Amount| {
        seen.set(Some(expected()));
        verdict(rated)
    };
    let payer = Payer { terms, throttle, wallet, above: &[] };
    let result = charge(&tables, &payer, &submitted.message(), now.into(), None, hook);
    (result.map_err(|refused| refused.refusal), seen.get())
}

#[test]
fn the_hook_sees_the_price_at_the_wallets_volume_and_its_answer_comes_back() {
    let setup = Setup::of(SETUP);
    for due in [75_000, 50_000] {
        let (result, seen) = charged(&setup, "rich", "254700000001", |rated| Ok(rated.segments));
        let (charge, answer) = result.unwrap();
        assert_eq!(answer, 2);
        assert_eq!((charge.posting.amount, seen), (Amount::from_micros(due), Some(charge.posting.amount)));
    }
}

#[test]
fn what_the_hook_refuses_is_not_debited() {
    let setup = Setup::of(SETUP);
    let before = ["rich", "poor"].map(|account| setup.wallet(account).unwrap().0.state());
    for refusal in [Refusal::NoRoute, Refusal::AbovePrice] {
        for account in ["rich", "poor"] {
            let (result, seen) = charged(&setup, account, "254700000001", |_| Err::<(), _>(refusal));
            assert_eq!(result, Err(refusal), "before any lack of funds");
            assert!(seen.is_some());
        }
    }
    assert_eq!(["rich", "poor"].map(|account| setup.wallet(account).unwrap().0.state()), before);
}

#[test]
fn the_hook_is_asked_only_where_nothing_came_before_and_funds_come_behind() {
    let setup = Setup::of(SETUP);
    assert!(charged(&setup, "slow", "254700000001", |_| Ok(())).0.is_ok());
    for (account, to, refusal, is_asked) in [
        ("gone", "254700000001", Refusal::Suspended, false),
        ("slow", "254700000001", Refusal::Throttled, false),
        ("rich", "447000000001", Refusal::UnknownDestination, false),
        ("rich", "254730000001", Refusal::NoRate, false),
        ("poor", "254700000001", Refusal::InsufficientFunds, true),
    ] {
        let (result, seen) = charged(&setup, account, to, |_| Ok(()));
        assert_eq!((result.unwrap_err(), seen.is_some()), (refusal, is_asked));
    }
    let rank = |refusal| Refusal::ALL.iter().position(|one| *one == refusal);
    assert!(rank(Refusal::NoRate) < rank(Refusal::NoRoute));
    assert!(rank(Refusal::NoRoute) < rank(Refusal::AbovePrice));
    assert!(rank(Refusal::AbovePrice) < rank(Refusal::InsufficientFunds));
}
