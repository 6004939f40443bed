//! Wallets against a reference ledger: random debits over one or several wallets, refunds and top-ups, of
//! several months and plans, must leave what a naive bookkeeper writes down. He uses plain maps and decimal
//! arithmetic, prices every segment by itself, and shares no code with the engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use tollgate_engine::account::{AccountNumber, DeliveryMode};
use tollgate_engine::beside::Beside;
use tollgate_engine::calendar::Calendar;
use tollgate_engine::chain::{self, LevelLeg};
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::tariff::{Plan, UnitPrice, VolumeTier};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Leg, Posting, Wallet, WalletState};

const NETWORK: NetworkCode = NetworkCode { mcc: 639, mnc: None };
const WALLETS: usize = 4;
const PLANS: usize = 3;
const MONTHS: std::ops::Range<u32> = 24_320..24_325;

/// Millionths that each wallet may go below zero.
const CREDIT_LIMITS: [i64; WALLETS] = [0, 0, 5_000, 1];

/// One leg of a debit, by index.
#[derive(Clone, Debug)]
struct Part {
    wallet: usize,
    plan: usize,
    unit: UnitPrice,
    month: Month,
    segments: u32,
}

#[derive(Clone, Debug)]
enum Step {
    /// By `debit` where there is one part, else by `debit_all`.
    Debit(Vec<Part>),
    /// Takes back one of the postings that stand.
    Undo(prop::sample::Index),
    Credit(usize, i64),
}

/// The bookkeeper's record of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Account {
    balance: i128,
    volumes: BTreeMap<Month, i128>,
}

impl Account {
    fn counted(&self, month: Month) -> i128 {
        self.volumes.get(&month).copied().unwrap_or(0)
    }

    /// Only the two latest months are kept.
    fn count(&mut self, month: Month, segments: i128) {
        *self.volumes.entry(month).or_default() += segments;
        if self.volumes.len() > 2 {
            self.volumes.pop_first();
        }
    }

    fn take_back(&mut self, posting: &Posting) {
        self.balance += i128::from(posting.amount.micros());
        if let Some(segments) = self.volumes.get_mut(&posting.month) {
            *segments -= i128::from(posting.segments);
        }
    }
}

/// The price of the segment at one place of the month, in millionths.
fn naive_segment_price(plan: &Plan, unit: UnitPrice, place: i128) -> i128 {
    let holds = |tier: &&VolumeTier| {
        let (from, to) = (i128::from(tier.from_segment), tier.to_segment.map(i128::from));
        from <= place && to.is_none_or(|to| place <= to)
    };
    let Some(tier) = plan.tiers.iter().find(holds) else {
        return i128::from(unit.price.micros());
    };
    let price = tier.price_per_sms.filter(|_| unit.is_base).unwrap_or(unit.price);
    let kept = (Decimal::ONE_HUNDRED - tier.discount.percent()) / Decimal::ONE_HUNDRED;
    let exact = Decimal::from(price.micros()) * kept;
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).mantissa()
}

fn naive_price(plan: &Plan, unit: UnitPrice, counted: i128, segments: u32) -> i128 {
    (1..=i128::from(segments)).map(|nth| naive_segment_price(plan, unit, counted + nth)).sum()
}

/// Debits every leg or none, as a chain of levels that all pay.
fn debit_all(legs: &[Leg<'_>]) -> Result<Vec<Posting>, (usize, Refusal)> {
    let calendar = Calendar::of_zone("UTC").unwrap();
    let levels: Vec<LevelLeg<'_>> =
        legs.iter().map(|leg| LevelLeg::plain(*leg, NETWORK, &calendar)).collect();
    let mut beside = Beside::default();
    chain::debit(&levels, UnixMicros(0).into(), &mut beside)
        .map_err(|refused| (refused.level, refused.refusal))?;
    Ok(beside.levels().map(|level| level.posting).collect())
}

/// The real wallets and the books kept beside them.
struct Pair {
    plans: Vec<Plan>,
    wallets: Vec<Wallet>,
    books: Vec<Account>,
    /// Postings that were neither refused nor taken back.
    standing: Vec<(usize, Posting)>,
}

impl Pair {
    fn new(plans: Vec<Plan>) -> Self {
        // Numbered against their order, so that the order of locks is not that of the legs.
        let wallet = |index: u32| Wallet::new(AccountNumber(100 - index), WalletState::default());
        Self {
            plans,
            wallets: (0..).take(WALLETS).map(wallet).collect(),
            books: vec![Account::default(); WALLETS],
            standing: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Debit(parts) => self.debit(parts)?,
            Step::Undo(_) if self.standing.is_empty() => {}
            Step::Undo(which) => {
                let (wallet, posting) = self.standing.swap_remove(which.index(self.standing.len()));
                self.wallets[wallet].undo(&posting);
                self.books[wallet].take_back(&posting);
            }
            Step::Credit(wallet, micros) => {
                self.wallets[*wallet].credit(Amount::from_micros(*micros));
                self.books[*wallet].balance += i128::from(*micros);
            }
        }
        self.agree()
    }

    fn debit(&mut self, parts: &[Part]) -> Result<(), TestCaseError> {
        let due = self.due(parts);
        let legs: Vec<Leg<'_>> = parts.iter().map(|part| self.leg(part)).collect();
        let happened = match &legs[..] {
            [leg] => Wallet::debit(leg).map(|posting| vec![posting]).map_err(|refusal| (0, refusal)),
            legs => debit_all(legs),
        };
        let Ok(postings) = happened else {
            prop_assert_eq!(happened.err(), due.err());
            return Ok(());
        };
        prop_assert_eq!(Ok(&postings), due.as_ref());
        for (part, posting) in parts.iter().zip(postings) {
            let book = &mut self.books[part.wallet];
            book.balance -= i128::from(posting.amount.micros());
            book.count(part.month, i128::from(part.segments));
            prop_assert!(book.balance + i128::from(CREDIT_LIMITS[part.wallet]) >= 0, "overspent");
            self.standing.push((part.wallet, posting));
        }
        Ok(())
    }

    fn leg(&self, part: &Part) -> Leg<'_> {
        Leg {
            wallet: &self.wallets[part.wallet],
            credit_limit: Amount::from_micros(CREDIT_LIMITS[part.wallet]),
            plan: &self.plans[part.plan],
            unit: part.unit,
            has_rate: true,
            month: part.month,
            segments: part.segments,
        }
    }

    /// The postings due by the books, or the part that stands in the way.
    fn due(&self, parts: &[Part]) -> Result<Vec<Posting>, (usize, Refusal)> {
        let distinct: BTreeSet<usize> = parts.iter().map(|part| part.wallet).collect();
        if distinct.len() < parts.len() {
            return Err((second_of_one_wallet(parts), Refusal::Malformed));
        }
        let posting = |(index, part): (usize, &Part)| {
            let book = &self.books[part.wallet];
            let counted = book.counted(part.month);
            let price = naive_price(&self.plans[part.plan], part.unit, counted, part.segments);
            if book.balance + i128::from(CREDIT_LIMITS[part.wallet]) < price {
                return Err((index, Refusal::InsufficientFunds));
            }
            Ok(Posting {
                account: self.wallets[part.wallet].number(),
                amount: Amount::from_micros(price.try_into().unwrap()),
                month: part.month,
                counted_before: counted.try_into().unwrap(),
                segments: part.segments,
            })
        };
        parts.iter().enumerate().map(posting).collect()
    }

    fn agree(&self) -> Result<(), TestCaseError> {
        for (wallet, book) in self.wallets.iter().zip(&self.books) {
            let state = wallet.state();
            prop_assert_eq!(state.balance.micros(), book.balance);
            for month in MONTHS.map(Month) {
                prop_assert_eq!(i128::from(state.counted(month)), book.counted(month), "{}", month);
            }
        }
        Ok(())
    }
}

/// The first part whose wallet is named before it.
fn second_of_one_wallet(parts: &[Part]) -> usize {
    let is_second = |(at, part): (usize, &Part)| parts[..at].iter().any(|other| other.wallet == part.wallet);
    (0..parts.len()).zip(parts).position(is_second).unwrap()
}

fn units() -> impl Strategy<Value = UnitPrice> {
    (0i64..200, any::<bool>())
        .prop_map(|(micros, is_base)| UnitPrice { price: Amount::from_micros(micros), is_base })
}

fn parts() -> impl Strategy<Value = Part> {
    (0..WALLETS, 0..PLANS, units(), MONTHS, prop_oneof![4 => 1u32..6, 1 => 1u32..=255]).prop_map(
        |(wallet, plan, unit, month, segments)| Part { wallet, plan, unit, month: Month(month), segments },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(parts(), 1..=WALLETS).prop_map(Step::Debit),
        6 => parts().prop_map(|part| Step::Debit(vec![part])),
        2 => any::<prop::sample::Index>().prop_map(Step::Undo),
        3 => (0..WALLETS, -500i64..3_000).prop_map(|(wallet, micros)| Step::Credit(wallet, micros)),
    ]
}

/// Tiers of random widths, discounts and prices; none at all, and a last one with an end, are plans too.
fn plans() -> impl Strategy<Value = Plan> {
    let price = prop::option::of((0i64..200).prop_map(Amount::from_micros));
    let tier = (1u64..40, 0i64..=1_000_000, price);
    (prop::collection::vec(tier, 0..5), any::<bool>()).prop_map(|(tiers, open_end)| {
        let mut next = 1;
        let mut tiers: Vec<VolumeTier> = tiers
            .into_iter()
            .map(|(width, discount, price_per_sms)| {
                let (from_segment, to_segment) = (next, Some(next + width - 1));
                next += width;
                let discount = Discount::from_percent(Decimal::new(discount, 4)).unwrap();
                VolumeTier { from_segment, to_segment, discount, price_per_sms }
            })
            .collect();
        if let Some(last) = tiers.last_mut().filter(|_| open_end) {
            last.to_segment = None;
        }
        Plan {
            name: Arc::from("random"),
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
    })
}

proptest! {
    #[test]
    fn wallets_are_what_the_books_say(
        plans in prop::collection::vec(plans(), PLANS),
        steps in prop::collection::vec(steps(), 1..120),
    ) {
        let mut pair = Pair::new(plans);
        for step in &steps {
            pair.take(step)?;
        }
    }

    #[test]
    fn a_message_costs_the_sum_of_its_segments(
        plan in plans(),
        unit in units(),
        counted in 0u64..200,
        segments in 1u32..=255,
    ) {
        let due = naive_price(&plan, unit, i128::from(counted), segments);
        let lines: Vec<_> = plan.price_lines(unit, counted, segments).collect();
        prop_assert_eq!(plan.price(unit, counted, segments).map(Amount::micros).map(i128::from), Some(due));
        prop_assert_eq!(lines.iter().map(|line| line.segments).sum::<u32>(), segments);
        let total = lines.iter().map(|line| i128::from(line.total().unwrap().micros())).sum::<i128>();
        prop_assert_eq!(total, due);
        prop_assert!(lines.windows(2).all(|pair| pair[0].tier < pair[1].tier || pair[1].tier.is_none()));
        prop_assert!(lines.iter().all(|line| line.segments > 0));
    }
}
