//! The engine's side: tables, wallets and charges of a market.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use tollgate_engine::account::{
    Account, AccountNumber, DefaultCoding, DeliveryMode, NumberLengths, SenderPolicy, TextPolicy,
};
use tollgate_engine::beside::Beside;
use tollgate_engine::bundle::{Bundle, BundleNumber, BundleUnit};
use tollgate_engine::calendar::SpanUnit;
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::charging::{Charge, Level, Message, Payer, charge};
use tollgate_engine::country::CountryCode;
use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::{NetworkCode, NetworksBuilder};
use tollgate_engine::numbering::{NumberingPlanBuilder, PortedNumbers};
use tollgate_engine::posting::{AccountPostings, LevelPostings};
use tollgate_engine::price_list::{MarkUp, PriceList, Share};
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::reselling::{Earning, Reselling};
use tollgate_engine::segments::Body;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::tables::{Definition, Tables};
use tollgate_engine::tariff::{Plan, RateRow, RowOrigin, VolumeTier};
use tollgate_engine::throttle::Throttle;
use tollgate_engine::time::{Moment, UnixMicros};
use tollgate_engine::traffic::TrafficScope;
use tollgate_engine::wallet::{Wallet, WalletState};

use crate::bookkeeper::{Due, LevelDue, State};
use crate::market::{
    AccountOf, BundleOf, CapOf, EXCHANGE, EarningOf, Market, MessageOf, NETWORKS, PlanOf, ScopeOf,
};

pub struct EngineSide {
    tables: Tables,
    wallets: Vec<Wallet>,
    above: Vec<Vec<usize>>,
    caps: Vec<Vec<&'static str>>,
    standing: Vec<Vec<(usize, AccountPostings)>>,
    bundles: u64,
    throttle: Throttle,
    spare: Option<Box<Beside>>,
}

impl EngineSide {
    pub fn new(market: &Market) -> Self {
        // Numbered against their order, so that locks are not taken in the order of levels.
        let wallet = |(index, account): (u32, &AccountOf)| {
            let balance = Amount::from_micros(account.balance).into();
            Wallet::new(AccountNumber(100 - index), WalletState { balance, ..WalletState::default() })
        };
        Self {
            tables: tables(market),
            wallets: (0..).zip(&market.accounts).map(wallet).collect(),
            above: (0..market.accounts.len()).map(|account| market.above(account)).collect(),
            caps: market
                .accounts
                .iter()
                .map(|account| account.caps.iter().map(|cap| cap.name).collect())
                .collect(),
            standing: Vec::new(),
            bundles: 0,
            throttle: Throttle::default(),
            spare: None,
        }
    }

    pub fn standing(&self) -> usize {
        self.standing.len()
    }

    pub fn send(&mut self, message: &MessageOf, (now, due): (u64, u64)) -> Due {
        let octets =
            if message.segments == 1 { vec![b'a'] } else { vec![b'a'; 153 * message.segments as usize] };
        let submitted = Message {
            source: b"",
            destination: message.number.as_bytes(),
            destination_ton: 1,
            destination_npi: 1,
            network_tlv: None,
            body: Body {
                data_coding: 0,
                udhi: false,
                sar: None,
                octets: &octets,
                in_payload: octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
            },
        };
        let terms = |account: usize| self.tables.terms(&name(account)).unwrap();
        let above = &self.above[message.account];
        let level = |account: &usize| Level { terms: terms(*account), wallet: &self.wallets[*account] };
        let levels: Vec<Level<'_>> = above.iter().map(level).collect();
        let payer = Payer {
            terms: terms(message.account),
            throttle: &self.throttle,
            wallet: &self.wallets[message.account],
            above: &levels,
        };
        let at = Moment { now: UnixMicros(now), due: UnixMicros(due) };
        let charged = charge(&self.tables, &payer, &submitted, at, self.spare.take(), |_, _| Ok(()));
        let (charge, ()) = charged.map_err(|refused| (refused.level, refused.refusal.name()))?;
        assert_eq!(u32::from(charge.rated.segments), message.segments);
        let accounts: Vec<usize> = std::iter::once(message.account).chain(above.iter().copied()).collect();
        let postings = level_postings(&charge);
        let standing = accounts.iter().zip(&postings).map(|(account, level)| {
            let mut sum = AccountPostings::of(level.posting.account);
            sum.add(level);
            (*account, sum)
        });
        self.standing.push(standing.collect());
        let exceeded = charge.beside.as_ref().map(|beside| beside.exceeded.clone()).unwrap_or_default();
        // As a session does: whatever is left of this message must not get into the next one.
        self.spare = charge.beside;
        let due = accounts.iter().zip(postings).enumerate().map(|(at, (account, level))| {
            let here = exceeded.iter().filter(|(level, _)| *level == at).map(|(_, cap)| *cap);
            self.described(*account, &level, here)
        });
        Ok(due.collect())
    }

    fn described(
        &self,
        account: usize,
        level: &LevelPostings,
        exceeded: impl Iterator<Item = usize>,
    ) -> LevelDue {
        let terms = self.tables.terms(&name(account)).unwrap();
        let named = |number| {
            let caps = &terms.account.caps;
            self.caps[account][caps.iter().position(|cap| cap.number() == number).unwrap()]
        };
        LevelDue {
            account,
            amount: level.posting.amount.micros().into(),
            counted: level.posting.segments,
            covered: level.covered,
            units: level.takes.iter().map(|take| (take.bundle.0, take.units)).collect(),
            commission: level.commission.micros().into(),
            caps: level.caps.iter().map(|count| named(count.cap)).collect(),
            exceeded: exceeded.map(|index| self.caps[account][index]).collect(),
        }
    }

    pub fn take_back(&mut self, which: usize) {
        for (account, postings) in self.standing.swap_remove(which) {
            self.wallets[account].undo_postings(&postings);
        }
    }

    pub fn top_up(&self, account: usize, micros: i64) {
        self.wallets[account].credit(Amount::from_micros(micros));
    }

    pub fn bundle(&mut self, account: usize, bundle: &BundleOf, ends: u64) {
        self.bundles += 1;
        let bundle = Bundle {
            number: BundleNumber(self.bundles),
            unit: BundleUnit::from_name(bundle.unit).unwrap(),
            scope: Arc::new(scope(&bundle.scope)),
            priority: bundle.priority,
            expires_at: UnixMicros(ends),
            left: bundle.units,
        };
        self.wallets[account].change_pockets(|pockets| pockets.bundles.insert(bundle));
    }

    pub fn state(&self, market: &Market, now: u64) -> Vec<State> {
        let state = |(account, wallet): (usize, &Wallet)| {
            let terms = self.tables.terms(&name(account)).unwrap();
            let (state, pockets) = (wallet.state(), wallet.pockets());
            let now = UnixMicros(now);
            let cap = |(cap, settings): (&Cap, &CapOf)| {
                let counter = pockets.caps.current(cap, &terms.plan.calendar, now);
                let count = (counter.amount.micros(), counter.messages);
                (count != (0, 0)).then_some((settings.name, count))
            };
            let caps = terms.account.caps.iter().zip(&market.accounts[account].caps).filter_map(cap);
            State {
                balance: state.balance.micros(),
                counted: state.counted(terms.plan.months.month_at(now)),
                bundles: pockets.bundles.iter().map(|bundle| (bundle.number.0, bundle.left)).collect(),
                commission: pockets.commission.micros(),
                caps: caps.collect::<BTreeMap<_, _>>(),
            }
        };
        self.wallets.iter().enumerate().map(state).collect()
    }
}

/// The postings of every level, the sender's first.
fn level_postings(charge: &Charge) -> Vec<LevelPostings> {
    match &charge.beside {
        None => vec![LevelPostings { posting: charge.posting, ..LevelPostings::default() }],
        Some(beside) => {
            assert_eq!(beside.own.posting, charge.posting);
            let above = beside.above.iter().map(|level| level.postings.clone());
            std::iter::once(beside.own.clone()).chain(above).collect()
        }
    }
}

fn name(account: usize) -> String {
    format!("account_{account}")
}

fn tables(market: &Market) -> Tables {
    let mut networks = NetworksBuilder::default();
    let mut numbering = NumberingPlanBuilder::default();
    for (code, country, prefix) in NETWORKS {
        let code = network(code);
        networks.add_network(code, country, "operator").unwrap();
        numbering.add(prefix, networks.intern(code).unwrap()).unwrap();
    }
    let row = |(base, quote, rate): (&str, &str, i64)| ExchangeRow {
        base: currency(base),
        quote: currency(quote),
        rate: Amount::from_micros(rate),
        effective_from: UnixMicros(0),
    };
    let definition = Definition {
        version: "market".into(),
        networks: networks.build(),
        numbering: numbering.build(),
        ported: PortedNumbers::default(),
        plans: market.plans.iter().enumerate().map(plan).collect(),
        accounts: (0..market.accounts.len()).map(|index| account(market, index)).collect(),
        statuses: StatusTable::default(),
        exchange: ExchangeRates::build(EXCHANGE.map(row).to_vec()),
    };
    Tables::build(definition).unwrap()
}

fn plan((index, plan): (usize, &PlanOf)) -> Plan {
    let ends = plan.tiers.iter().map(|(last, _)| *last);
    let starts = std::iter::once(1).chain(ends.clone().flatten().map(|last| last + 1));
    let tiers = starts.zip(&plan.tiers).map(|(from_segment, (to_segment, discount))| VolumeTier {
        from_segment,
        to_segment: *to_segment,
        discount: Discount::from_percent(Decimal::new(*discount, 4)).unwrap(),
        price_per_sms: None,
    });
    Plan {
        name: format!("plan_{index}").into(),
        currency: currency(plan.currency),
        time_zone: plan.zone.to_owned(),
        base_price: plan.base.map(Amount::from_micros),
        tiers: tiers.collect(),
        rates: rates(&plan.rates),
        common_rates: Vec::new(),
        settlement: SettlementTerms::default(),
        bundle_segments_count: plan.bundles_count,
        delivery: DeliveryMode::Routed,
        pumping: PumpingOverrides::default(),
    }
}

fn account(market: &Market, index: usize) -> Account {
    let account = &market.accounts[index];
    let share = |millionths: i64| Share::from_percent(Decimal::new(millionths, 4)).unwrap();
    let mark_up = |(scope_of, of, more): &(ScopeOf, i64, i64)| MarkUp {
        scope: scope(scope_of),
        share: share(*of),
        per_segment: Amount::from_micros(*more),
    };
    let price_list = account.list.as_ref().map(|list| {
        let (rates, mark_ups) = (rates(&list.rates), list.mark_ups.iter().map(mark_up).collect());
        Arc::new(PriceList { rates, mark_ups })
    });
    let reselling = Reselling {
        parent: account.parent.map(|parent| name(parent).into()),
        chain: account.chain,
        earning: match account.earning {
            EarningOf::Wholesale => Earning::Wholesale,
            EarningOf::OfCharge(of) => Earning::CommissionOfCharge(share(of)),
            EarningOf::OfMargin(of) => Earning::CommissionOfMargin(share(of)),
        },
        price_list,
    };
    Account {
        id: name(index).into(),
        currency: currency(market.plans[account.plan].currency),
        plan: format!("plan_{}", account.plan).into(),
        credit_limit: Amount::from_micros(account.credit_limit),
        suspended: false,
        low_balance_threshold: None,
        default_calling_code: None,
        number_lengths: NumberLengths::Warn,
        rates: rates(&account.rates),
        senders: SenderPolicy::Any,
        texts: TextPolicy::Any,
        approvals: Arc::default(),
        trusts_network_tlv: false,
        rate_limit: None,
        default_coding: DefaultCoding::Gsm7,
        delivery: DeliveryMode::Routed,
        statuses: Vec::new(),
        caps: account.caps.iter().map(cap).collect(),
        reselling,
    }
}

fn cap(cap: &CapOf) -> Cap {
    Cap {
        id: CapId::new(cap.name, SpanUnit::from_name(cap.span).unwrap()),
        scope: scope(&cap.scope),
        max_amount: cap.max_amount.map(Amount::from_micros),
        max_messages: cap.max_messages,
        is_hard: cap.is_hard,
        gives_back: true,
    }
}

fn scope(scope: &ScopeOf) -> TrafficScope {
    match *scope {
        ScopeOf::All => TrafficScope::All,
        ScopeOf::Country(code) => TrafficScope::Countries([CountryCode::new(code).unwrap()].into()),
        ScopeOf::Network(code) => TrafficScope::Networks([network(code)].into()),
        ScopeOf::Prefix(digits) => TrafficScope::Prefixes([digits.into()].into()),
    }
}

fn rates(rates: &[(usize, i64)]) -> Vec<RateRow> {
    let row = |(at, price): &(usize, i64)| RateRow {
        network: network(NETWORKS[*at].0),
        price: Amount::from_micros(*price),
        effective_from: UnixMicros(0),
        effective_to: None,
        origin: RowOrigin::default(),
    };
    rates.iter().map(row).collect()
}

fn network(code: &str) -> NetworkCode {
    NetworkCode::parse_joined(code).unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::new(code).unwrap()
}
