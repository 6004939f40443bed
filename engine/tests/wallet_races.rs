//! Many threads at the same wallets: nothing is overspent, nothing lost, and nobody waits for ever.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use tollgate_engine::account::{AccountNumber, DeliveryMode};
use tollgate_engine::beside::Beside;
use tollgate_engine::bundle::{Bundle, BundleNumber, BundleUnit};
use tollgate_engine::calendar::{Calendar, SpanUnit};
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::chain::{self, LevelLeg};
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::tariff::{Plan, UnitPrice, VolumeTier};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::traffic::{Destination, TrafficScope};
use tollgate_engine::wallet::{Leg, Posting, Wallet, WalletState, Wallets};

const NETWORK: NetworkCode = NetworkCode { mcc: 639, mnc: None };
const THREADS: usize = 8;
const ROUNDS: usize = 100;
const MONTH: Month = Month(24_322);

/// Of one segment, in millionths; no round number, so that a lost one shows.
const PRICE: i64 = 50_001;

/// Long enough for any machine; only a deadlock takes longer.
const DEADLINE: Duration = Duration::from_mins(2);

fn plan(tiers: Vec<VolumeTier>) -> Plan {
    Plan {
        name: Arc::from("racing"),
        currency: Currency::new("USD").unwrap(),
        time_zone: "UTC".to_owned(),
        base_price: None,
        tiers,
        rates: Vec::new(),
        common_rates: Vec::new(),
        settlement: SettlementTerms::default(),
        bundle_segments_count: false,
        delivery: DeliveryMode::Routed,
        pumping: PumpingOverrides::default(),
    }
}

fn wallet(number: u32, micros: i64) -> Wallet {
    let balance = Amount::from_micros(micros);
    Wallet::new(AccountNumber(number), WalletState { balance: balance.into(), ..WalletState::default() })
}

fn leg<'a>(wallet: &'a Wallet, plan: &'a Plan, segments: u32, credit_limit: i64) -> Leg<'a> {
    let unit = UnitPrice { price: Amount::from_micros(PRICE), is_base: true };
    Leg {
        wallet,
        credit_limit: Amount::from_micros(credit_limit),
        plan,
        unit,
        has_rate: true,
        month: MONTH,
        segments,
    }
}

/// Runs `work` in every thread at once and gives back what each of them came to.
fn race<T: Send + 'static>(work: impl Fn(usize) -> T + Send + Sync + 'static) -> Vec<T> {
    let (work, start) = (Arc::new(work), Arc::new(Barrier::new(THREADS)));
    let (done, results) = channel();
    for thread in 0..THREADS {
        let (work, start, done) = (Arc::clone(&work), Arc::clone(&start), done.clone());
        thread::spawn(move || {
            start.wait();
            done.send(work(thread))
        });
    }
    // Were this sender kept, a thread that fails would look like one that is stuck.
    drop(done);
    (0..THREADS).map(|_| results.recv_timeout(DEADLINE).expect("a thread is stuck or has failed")).collect()
}

#[test]
fn credit_for_k_messages_pays_for_k() {
    for round in 0..ROUNDS {
        let accepted_due = 1 + round * 7 % 500;
        // Part of it is the balance and part the credit limit, down to the millionth.
        let funds = PRICE * i64::try_from(accepted_due).unwrap();
        let credit_limit = funds / 3;
        let wallet = Arc::new(wallet(1, funds - credit_limit));
        let (shared, plan) = (Arc::clone(&wallet), plan(Vec::new()));
        // Each thread alone would spend everything.
        let accepted: usize = race(move |_| {
            (0..=accepted_due)
                .filter(|_| Wallet::debit(&leg(&shared, &plan, 1, credit_limit)).is_ok())
                .count()
        })
        .into_iter()
        .sum();
        assert_eq!(accepted, accepted_due, "round {round}");
        assert_eq!(wallet.state().balance, Amount::from_micros(-credit_limit));
        assert_eq!(wallet.state().counted(MONTH), u64::try_from(accepted_due).unwrap());
    }
}

#[test]
fn messages_of_mixed_sizes_never_overspend() {
    for round in 0..ROUNDS {
        let funds = PRICE * 300 + i64::try_from(round).unwrap();
        let wallet = Arc::new(wallet(1, funds));
        let (shared, plan) = (Arc::clone(&wallet), plan(Vec::new()));
        let spent: Vec<Amount> = race(move |thread| {
            let mut spent = Vec::new();
            // From the longest message down, each size until it is refused: at last not even one segment
            // fits.
            for segments in (1..=7 + u32::try_from(thread).unwrap()).rev() {
                while let Ok(posting) = Wallet::debit(&leg(&shared, &plan, segments, 0)) {
                    spent.push(posting.amount);
                }
            }
            spent
        })
        .concat();
        let (spent, left) =
            (spent.into_iter().sum::<Amount>().micros(), wallet.state().balance.amount().unwrap().micros());
        assert_eq!(spent + left, funds, "round {round}");
        assert!((0..PRICE).contains(&left), "{left} left in round {round}");
    }
}

#[test]
fn charges_over_shared_wallets_in_any_order_end_and_add_up() {
    const FUNDS: i64 = PRICE * 2_000 + 17;
    const WALLETS: usize = 4;
    for _ in 0..ROUNDS / 10 {
        let wallets: Arc<Vec<Wallet>> =
            Arc::new((0..).take(WALLETS).map(|number| wallet(number, FUNDS)).collect());
        let (shared, plan) = (Arc::clone(&wallets), plan(Vec::new()));
        let postings: Vec<Posting> = race(move |thread| {
            let mut standing = Vec::new();
            let calendar = Calendar::of_zone("UTC").unwrap();
            let mut beside = Beside::default();
            for attempt in 0..1_000 {
                // Every thread goes round the wallets from another place, half of them backwards.
                let mut order: Vec<usize> =
                    (0..2 + attempt % 3).map(|step| (thread + attempt + step) % WALLETS).collect();
                if thread % 2 == 0 {
                    order.reverse();
                }
                let legs: Vec<Leg<'_>> = order.iter().map(|at| leg(&shared[*at], &plan, 1, 0)).collect();
                let levels: Vec<LevelLeg<'_>> =
                    legs.into_iter().map(|leg| LevelLeg::plain(leg, NETWORK, &calendar)).collect();
                match chain::debit(&levels, UnixMicros(0).into(), &mut beside) {
                    Ok(()) if attempt % 5 == 0 => {
                        order
                            .iter()
                            .zip(beside.levels())
                            .for_each(|(at, level)| shared[*at].undo(&level.posting));
                    }
                    Ok(()) => standing.extend(beside.levels().map(|level| level.posting)),
                    Err(refused) => assert_eq!(refused.refusal, Refusal::InsufficientFunds),
                }
            }
            standing
        })
        .concat();
        for wallet in &*wallets {
            let own: Vec<_> = postings.iter().filter(|posting| posting.account == wallet.number()).collect();
            let (state, spent) = (wallet.state(), own.iter().map(|posting| posting.amount).sum::<Amount>());
            assert_eq!(spent.micros() + state.balance.amount().unwrap().micros(), FUNDS);
            assert_eq!(state.counted(MONTH), u64::try_from(own.len()).unwrap());
            assert!(state.balance >= Amount::ZERO);
        }
        // Enough was asked for that some wallet ran out, so refusals were among them.
        assert!(wallets.iter().any(|wallet| wallet.state().balance.amount().unwrap().micros() < PRICE));
    }
}

#[test]
fn every_place_of_the_month_is_taken_once() {
    const EACH: u64 = 20_000;
    let places = EACH * u64::try_from(THREADS).unwrap();
    let half = Discount::from_percent(50.into()).unwrap();
    let tier = |from_segment, to_segment, discount| VolumeTier {
        from_segment,
        to_segment,
        discount,
        price_per_sms: None,
    };
    let plan = plan(vec![tier(1, Some(50_000), Discount::NONE), tier(50_001, None, half)]);
    let funds = PRICE * i64::try_from(places).unwrap();
    let wallet = Arc::new(wallet(1, funds));
    let shared = Arc::clone(&wallet);
    let mut postings = race(move |_| {
        (0..EACH).map(|_| Wallet::debit(&leg(&shared, &plan, 1, 0)).unwrap()).collect::<Vec<_>>()
    })
    .concat();
    postings.sort_by_key(|posting| posting.counted_before);
    assert!(postings.iter().map(|posting| posting.counted_before).eq(0..places));
    // Half of 50,001 is 25,000.5, which rounds to the even 25,000.
    let due = |posting: &Posting| if posting.counted_before < 50_000 { PRICE } else { 25_000 };
    assert!(postings.iter().all(|posting| posting.amount.micros() == due(posting)));
    let spent = postings.iter().map(|posting| posting.amount).sum::<Amount>();
    assert_eq!(wallet.state().balance.amount().unwrap().micros(), funds - spent.micros());
}

#[test]
fn cold_wallets_are_found_while_others_are_put_in() {
    const EACH: u32 = 2_000;
    let wallets = Arc::new(Wallets::default());
    let (shared, plan) = (Arc::clone(&wallets), plan(Vec::new()));
    race(move |thread| {
        let first = u32::try_from(thread).unwrap() * EACH;
        for number in first..first + EACH {
            shared.insert(wallet(number, PRICE));
            let found = shared.get(AccountNumber(number)).unwrap();
            assert_eq!(found.number(), AccountNumber(number));
            Wallet::debit(&leg(&found, &plan, 1, 0)).unwrap();
        }
    });
    let numbers = EACH * u32::try_from(THREADS).unwrap();
    assert_eq!(wallets.len(), usize::try_from(numbers).unwrap());
    let is_spent = |number| wallets.get(AccountNumber(number)).unwrap().state().balance == Amount::ZERO;
    assert!((0..numbers).all(is_spent));
    assert!(wallets.get(AccountNumber(numbers)).is_none());
}

/// Customers of one reseller, who race for what the reseller has.
struct Family {
    customers: Vec<Wallet>,
    reseller: Wallet,
}

const CUSTOMERS: u32 = 1_000;

impl Family {
    fn new(funds_of_reseller: i64) -> Self {
        let customers = (1..=CUSTOMERS).map(|number| wallet(number, PRICE * 1_000)).collect();
        Self { customers, reseller: wallet(0, funds_of_reseller) }
    }

    /// The number of messages that are accepted when every thread goes round its customers until one is refused; `caps` are the
    /// reseller's.
    fn accepted(self, caps: Vec<Cap>) -> (usize, Arc<Self>) {
        let family = Arc::new(self);
        let (shared, plan, calendar) =
            (Arc::clone(&family), plan(Vec::new()), Calendar::of_zone("UTC").unwrap());
        let destination = Destination {
            number: Number::from_digits(b"254722000001").unwrap(),
            network: NetworkCode::new("639", "02").unwrap(),
            country: None,
        };
        let accepted = race(move |thread| {
            let customers = shared.customers.iter().skip(thread).step_by(THREADS).cycle();
            let debit = |customer| {
                let own = LevelLeg::plain(leg(customer, &plan, 1, 0), NETWORK, &calendar);
                let above = LevelLeg {
                    destination: Some(destination),
                    caps: &caps,
                    ..LevelLeg::plain(leg(&shared.reseller, &plan, 1, 0), NETWORK, &calendar)
                };
                chain::debit(&[own, above], UnixMicros(1).into(), &mut Beside::default()).is_ok()
            };
            customers.take_while(|customer| debit(customer)).count()
        });
        (accepted.into_iter().sum(), family)
    }
}

#[test]
fn a_resellers_money_for_k_messages_behind_a_thousand_customers_pays_for_k() {
    for k in [1_i64, 7, 999, 4_001] {
        let (accepted, family) = Family::new(PRICE * k + 17).accepted(Vec::new());
        assert_eq!(i64::try_from(accepted).unwrap(), k);
        assert_eq!(family.reseller.state().balance, Amount::from_micros(17));
        let left: i128 = family.customers.iter().map(|customer| customer.state().balance.micros()).sum();
        assert_eq!(left, i128::from(CUSTOMERS) * i128::from(PRICE * 1_000) - i128::from(PRICE * k));
    }
}

#[test]
fn a_bundle_of_k_units_covers_k_messages() {
    for k in [1, 999, 4_001] {
        let family = Family::new(0);
        family.reseller.change_pockets(|pockets| {
            pockets.bundles.insert(Bundle {
                number: BundleNumber(1),
                unit: BundleUnit::Segments,
                scope: Arc::default(),
                priority: 0,
                expires_at: UnixMicros(2),
                left: k,
            });
        });
        assert_eq!(family.accepted(Vec::new()).0 as u64, k);
    }
}

#[test]
fn a_cap_of_k_messages_lets_k_through() {
    for k in [1, 999, 4_001] {
        let cap = Cap {
            id: CapId::new("daily", SpanUnit::Day),
            scope: TrafficScope::All,
            max_amount: None,
            max_messages: Some(k),
            is_hard: true,
            gives_back: false,
        };
        let (accepted, family) = Family::new(PRICE * 10_000).accepted(vec![cap]);
        assert_eq!(accepted as u64, k);
        let counted = family.reseller.pockets().caps.iter().map(|counter| counter.messages).sum::<u64>();
        assert_eq!(counted, k);
    }
}
