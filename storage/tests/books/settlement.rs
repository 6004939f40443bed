//! Random deliveries on random disks, against a model so simple that it can be checked by reading it: what
//! operators, gateways and clocks do comes in any order, twice, late, in one commit or in many, with crashes
//! and failing writes in between, and after each step the books are the model's.

mod by_hand;
mod compare;
mod events;
mod happenings;
mod model;
mod pair;
mod usage;
mod words;

use proptest::collection::vec;
use proptest::prelude::*;

use happenings::step;
use pair::Pair;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

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
