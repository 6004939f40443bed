//! Chains against a reference ledger: the same random traffic over random trees of accounts, with price lists, currencies,
//! commissions, tiers, bundles and caps, must leave what a naive bookkeeper writes down. The bookkeeper uses plain maps and
//! decimal arithmetic, prices every segment by itself, and shares no code with the engine.
//!
//! `TOLLGATE_CHAIN_MESSAGES` sets the number of messages; a failure names the seed of its market.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod bookkeeper;
mod draw;
mod engine_side;
mod market;

use bookkeeper::Bookkeeper;
use draw::Draw;
use engine_side::EngineSide;
use market::{Market, Step};

/// Steps in one market.
const STEPS: usize = 250;

#[test]
fn random_traffic_leaves_what_a_bookkeeper_writes_down() {
    let messages = std::env::var("TOLLGATE_CHAIN_MESSAGES").ok().and_then(|count| count.parse().ok());
    let markets: usize = messages.unwrap_or(20_000_usize).div_ceil(STEPS);
    let mut seen = Seen::default();
    for seed in 0..markets as u64 {
        run(seed, &mut seen);
    }
    assert!(seen.levels[7] > 0 || markets < 40, "no chain of eight: {seen:?}");
    for (what, count) in [
        ("charges", seen.charged),
        ("refusals for funds", seen.funds),
        ("refusals above for funds", seen.funds_above),
        ("refusals by a cap", seen.caps),
        ("messages covered in part", seen.partly_covered),
        ("commissions", seen.commissions),
        ("messages covered without a rate", seen.without_rate * 10),
    ] {
        assert!(count * 2 >= markets, "hardly any {what}: {seen:?}");
    }
}

/// Counts of what happened, so that a test in which nothing happens fails.
#[derive(Debug, Default)]
struct Seen {
    charged: usize,
    funds: usize,
    funds_above: usize,
    caps: usize,
    partly_covered: usize,
    commissions: usize,
    /// Levels without a rate whose bundles covered the message. Another level may have refused it.
    without_rate: usize,
    levels: [usize; 8],
}

fn run(seed: u64, seen: &mut Seen) {
    let mut draw = Draw::new(seed);
    let market = Market::random(&mut draw);
    let mut engine = EngineSide::new(&market);
    let mut books = Bookkeeper::new(&market);
    let (mut now, mut due) = (market.start, market.start);
    for at in 0..STEPS {
        now += draw.below(4) * draw.below(9 * 60_000_000);
        // Deadlines stand still for as long as the clock is in doubt, now and then.
        if draw.below(4) > 0 {
            due = now;
        }
        let step = market.step(&mut draw);
        let place = || format!("seed {seed}, step {at}: {step:?} at {now}, deadlines at {due}");
        match &step {
            Step::Send(message) => {
                let owed = books.send(&market, message, (now, due));
                let happened = engine.send(message, (now, due));
                assert_eq!(happened, owed, "{}", place());
                seen.note(&owed, message.segments);
            }
            Step::TakeBack(which) => {
                if engine.standing() > 0 {
                    let which = usize::try_from(*which).unwrap() % engine.standing();
                    engine.take_back(which);
                    books.take_back(which);
                }
            }
            Step::TopUp(account, micros) => {
                engine.top_up(*account, *micros);
                books.top_up(*account, *micros);
            }
            Step::Bundle(account, bundle) => {
                let ends = now + bundle.lasts;
                engine.bundle(*account, bundle, ends);
                books.bundle(*account, bundle, ends);
            }
        }
        assert_eq!(engine.state(&market, now), books.state(&market, now), "{}", place());
    }
    seen.without_rate += books.without_rate;
}

impl Seen {
    fn note(&mut self, due: &bookkeeper::Due, segments: u32) {
        match due {
            Ok(levels) => {
                self.charged += 1;
                self.levels[levels.len() - 1] += 1;
                self.partly_covered +=
                    usize::from(levels.iter().any(|level| (1..segments).contains(&level.covered)));
                self.commissions += usize::from(levels.iter().any(|level| level.commission > 0));
            }
            Err((0, "insufficient_funds")) => self.funds += 1,
            Err((_, "insufficient_funds")) => self.funds_above += 1,
            Err((_, "spending_cap")) => self.caps += 1,
            Err(_) => {}
        }
    }
}
