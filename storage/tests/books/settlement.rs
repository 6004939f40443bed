//! Random deliveries on random disks, against a model so simple that it can be checked by reading it: what
//! operators, gateways and clocks do comes in any order, twice, late, in one commit or in many, with crashes
//! and failing writes in between, and after each step the books are the model's.

mod by_hand;
mod compare;
mod crash;
mod events;
mod happenings;
mod model;
mod pair;
mod usage;
mod words;

use proptest::collection::vec;
use proptest::prelude::*;
use tollgate_engine::settlement::{Outcome, SettlementTerms};

use happenings::{Happening, Step, Wanted, WantedRoute, step};
use pair::Pair;

use crate::support::{Fate, cases};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(12)))]

    #[test]
    fn the_books_are_those_of_a_simple_model(steps in vec(step(), 1..60)) {
        let mut pair = Pair::open();
        for step in steps {
            pair = pair.take(step);
            pair.compare();
        }
        pair.close();
    }
}

/// An operator's answer, a final refusal and a lease on their way to disk when the process is killed, all of messages
/// whose text was replaced after they had been read.
#[test]
fn what_was_replaced_before_a_crash_is_sent_as_it_is_on_disk() {
    let route = WantedRoute {
        first_choice: 0,
        class: 0,
        scheduled_at: None,
        expires_at: None,
        terms: SettlementTerms::default(),
        registered_delivery: 1,
    };
    let wanted = Wanted { segments: 1, price: 50_000, network: 0, dispatch: None, route: Some(route) };
    let charge =
        Step::Charge { account: 0, short_ids: false, month: 0, quarter: 0, messages: vec![wanted; 4] };
    let replacements = (0..4).map(|message| Step::Replace { message, text: 7 });
    let meanwhile = vec![
        Happening::Accept { message: 0, operator: 0, id: 1, for_good: false },
        Happening::Fail { message: 1, outcome: Outcome::Rejected },
        Happening::Lease { messages: vec![2], operator: 1 },
    ];
    // The write of them is lost; then it may come in time.
    let lost = Step::Trouble { fates: vec![Fate::LostInDoubt], failing_recoveries: 0 };
    let crashes = [lost, Step::Crash { meanwhile: meanwhile.clone() }, Step::Crash { meanwhile }];
    let mut pair = Pair::open();
    for step in std::iter::once(charge).chain(replacements).chain(crashes) {
        pair = pair.take(step);
        pair.compare();
    }
    pair.close();
}
