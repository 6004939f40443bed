//! Events that can happen. Messages, receipts and leases are named by their position among those there are,
//! wrapped around.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_storage::message_change::ReportedOutcome;

use crate::support::Fate;

/// One thing that is done, and what the disk does meanwhile.
#[derive(Clone, Debug)]
pub enum Step {
    Charge {
        account: usize,
        short_ids: bool,
        month: u32,
        quarter: u32,
        messages: Vec<Wanted>,
    },
    Events(Vec<Happening>),
    /// Events of an earlier step once more.
    Again {
        step: usize,
    },
    Cancel {
        message: usize,
    },
    Replace {
        message: usize,
        text: u8,
    },
    /// A charge is given back by hand.
    Refund {
        message: usize,
    },
    /// A gateway says what became of a message; it may do so of one that is not its own to deliver.
    Report {
        message: usize,
        outcome: ReportedOutcome,
        terms: SettlementTerms,
    },
    /// The next writes end like this, and so many attempts to recover fail.
    Trouble {
        fates: Vec<Fate>,
        failing_recoveries: u32,
    },
    /// The process is killed while events are on their way to disk, and started again.
    Crash {
        meanwhile: Vec<Happening>,
    },
}

/// A message to be charged.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub segments: u8,
    pub price: i64,
    pub network: usize,
    pub dispatch: Option<usize>,
    pub route: Option<WantedRoute>,
}

#[derive(Clone, Copy, Debug)]
pub struct WantedRoute {
    pub first_choice: usize,
    pub class: u8,
    pub scheduled_at: Option<u64>,
    pub expires_at: Option<u64>,
    pub terms: SettlementTerms,
    pub registered_delivery: u8,
}

/// One event of any kind.
#[derive(Clone, Debug)]
pub enum Happening {
    Lease { messages: Vec<usize>, operator: usize },
    Release { lease: usize },
    Accept { message: usize, operator: usize, id: u8, for_good: bool },
    Fail { message: usize, outcome: Outcome },
    Expire { message: usize },
    Receipt { operator: usize, ids: Vec<u8>, state: ReceiptState, intermediate: bool },
    MatchedByAddress { message: usize, unmatched: usize },
    TimeOut { operator: usize, id: u8 },
    Due { until: u64, at_most: u32 },
    Done { account: usize, receipts: Vec<usize> },
}

/// Few ids, so that they are given again.
fn id() -> impl Strategy<Value = u8> {
    1..13_u8
}

fn terms() -> impl Strategy<Value = SettlementTerms> {
    let charge_on = prop_oneof![Just(ChargeOn::Submit), Just(ChargeOn::Acceptance), Just(ChargeOn::Delivery)];
    let refund_on = proptest::sample::subsequence(&RefundOn::CHOICES[..], 0..=4);
    (charge_on, refund_on)
        .prop_map(|(charge_on, outcomes)| SettlementTerms { charge_on, refund_on: RefundOn::of(&outcomes) })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let route =
        (0..2_usize, 0..4_u8, weighted(0.2, 1..50_u64), weighted(0.3, 1..50_u64), terms(), 0..0x20_u8)
            .prop_map(|(first_choice, class, scheduled_at, expires_at, terms, registered_delivery)| {
                WantedRoute { first_choice, class, scheduled_at, expires_at, terms, registered_delivery }
            });
    let price = prop_oneof![9 => Just(50_000_i64), 1 => Just(0_i64)];
    (1..4_u8, price, 0..3_usize, of(0..2_usize), weighted(0.8, route)).prop_map(
        |(segments, price, network, dispatch, route)| Wanted { segments, price, network, dispatch, route },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    let message = any::<usize>;
    let failure = prop_oneof![Just(Outcome::Rejected), Just(Outcome::Expired), Just(Outcome::Unknown)];
    let state = proptest::sample::select(&ReceiptState::ALL[..]);
    prop_oneof![
        4 => (vec(message(), 1..4), 0..2_usize)
            .prop_map(|(messages, operator)| Happening::Lease { messages, operator }),
        2 => any::<usize>().prop_map(|lease| Happening::Release { lease }),
        8 => (message(), 0..2_usize, id(), weighted(0.1, Just(())))
            .prop_map(|(message, operator, id, for_good)| Happening::Accept {
                message,
                operator,
                id,
                for_good: for_good.is_some()
            }),
        2 => (message(), failure).prop_map(|(message, outcome)| Happening::Fail { message, outcome }),
        2 => message().prop_map(|message| Happening::Expire { message }),
        8 => (0..2_usize, vec(id(), 1..4), state, weighted(0.1, Just(()))).prop_map(
            |(operator, ids, state, intermediate)| Happening::Receipt {
                operator,
                ids,
                state,
                intermediate: intermediate.is_some()
            }
        ),
        1 => (message(), any::<usize>())
            .prop_map(|(message, unmatched)| Happening::MatchedByAddress { message, unmatched }),
        1 => (0..2_usize, id()).prop_map(|(operator, id)| Happening::TimeOut { operator, id }),
        1 => (1..60_u64, 1..4_u32).prop_map(|(until, at_most)| Happening::Due { until, at_most }),
        1 => (0..2_usize, vec(any::<usize>(), 1..4))
            .prop_map(|(account, receipts)| Happening::Done { account, receipts }),
    ]
}

fn trouble() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        1 => Just(Fate::Full),
        2 => Just(Fate::LostInDoubt),
        4 => Just(Fate::WrittenInDoubt)
    ];
    // Thirty attempts are more than a batch in doubt is waited for.
    let failing = prop_oneof![2 => Just(0), 1 => 1..4_u32, 2 => Just(30)];
    (vec(fate, 1..3), failing)
        .prop_map(|(fates, failing_recoveries)| Step::Trouble { fates, failing_recoveries })
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..2_usize, any::<bool>(), 0..2_u32, 0..3_u32, vec(wanted(), 1..5)).prop_map(
            |(account, short_ids, month, quarter, messages)| Step::Charge {
                account,
                short_ids,
                month,
                quarter,
                messages
            }
        ),
        12 => vec(happening(), 1..6).prop_map(Step::Events),
        3 => any::<usize>().prop_map(|step| Step::Again { step }),
        2 => any::<usize>().prop_map(|message| Step::Cancel { message }),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(message, text)| Step::Replace { message, text }),
        3 => any::<usize>().prop_map(|message| Step::Refund { message }),
        2 => (any::<usize>(), proptest::sample::select(&ReportedOutcome::ALL[..]), terms())
            .prop_map(|(message, outcome, terms)| Step::Report { message, outcome, terms }),
        2 => trouble(),
        1 => vec(happening(), 0..4).prop_map(|meanwhile| Step::Crash { meanwhile }),
    ]
}
