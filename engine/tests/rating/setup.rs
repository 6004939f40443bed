//! The set-up of a worksheet: networks, plans, accounts and their wallets, one statement at a time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::str::{FromStr, SplitWhitespace};
use std::sync::Arc;

use tollgate_engine::account::{
    Account, AccountNumber, DefaultCoding, DeliveryMode, NumberLengths, SenderPolicy, TextPolicy,
};
use tollgate_engine::bundle::{Bundle, BundleNumber, BundleUnit};
use tollgate_engine::calendar::SpanUnit;
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::country::CountryCode;
use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::{NetworkCode, NetworksBuilder};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlanBuilder, PortedNumbers};
use tollgate_engine::posting::AccountPostings;
use tollgate_engine::price_list::{MarkUp, PriceList, Share};
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::reselling::{Earning, Reselling};
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::tables::{Definition, Tables};
use tollgate_engine::tariff::{Plan, RateRow, RowOrigin, VolumeTier};
use tollgate_engine::throttle::{RateLimit, Throttle};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::traffic::TrafficScope;
use tollgate_engine::wallet::{Wallet, WalletState};

/// Everything set up so far. Wallets and throttles outlive the tables, as they do in a reload.
#[derive(Default)]
pub struct Setup {
    networks: NetworksBuilder,
    prefixes: NumberingPlanBuilder,
    ported: PortedNumbers,
    plans: BTreeMap<String, Plan>,
    accounts: BTreeMap<String, Account>,
    wallets: BTreeMap<String, (Wallet, Throttle)>,
    exchange: Vec<ExchangeRow>,
    /// The names of bundles, by number from one.
    pub bundles: Vec<String>,
    /// The changes that the last charge made, by account.
    pub last: RefCell<Vec<(String, AccountPostings)>>,
}

impl Setup {
    /// Sets up what a whole text says.
    pub fn of(statements: &str) -> Self {
        let mut setup = Self::default();
        statements
            .lines()
            .filter(|line| !line.trim().is_empty())
            .try_for_each(|line| setup.set_up(line))
            .unwrap();
        setup
    }

    /// Sets up what one line says.
    pub fn set_up(&mut self, statement: &str) -> Result<(), String> {
        let mut words = Words(statement.split_whitespace());
        let keyword = words.word()?;
        match keyword {
            "country" => self.country(&mut words),
            "network" => self.network(&mut words),
            "aliases" => self.aliases(words),
            "prefix" => self.prefix(&mut words),
            "ported" => self.port(&mut words),
            "plan" => self.plan(&mut words),
            "tier" => self.tier(&mut words),
            "rate" => self.rate(&mut words),
            "account" => self.account(&mut words),
            "own" => self.own_rate(&mut words),
            "list" => self.list(&mut words),
            "bundle" => self.bundle(&mut words),
            "exchange" => self.exchange(&mut words),
            "top-up" => self.top_up(&mut words),
            other => Err(format!("`{other}` sets nothing up")),
        }
    }

    /// The accounts, as they are set up now.
    pub fn accounts(&self) -> Vec<Account> {
        self.accounts.values().cloned().collect()
    }

    /// The tables, as a reload would make them now.
    pub fn tables(&self) -> Result<Tables, String> {
        self.tables_with(self.accounts())
    }

    /// The same with other accounts.
    pub fn tables_with(&self, accounts: Vec<Account>) -> Result<Tables, String> {
        let definition = Definition {
            version: Arc::from("worksheet"),
            networks: self.networks.clone().build(),
            numbering: self.prefixes.clone().build(),
            ported: self.ported.clone(),
            plans: self.plans.values().cloned().collect(),
            accounts,
            statuses: StatusTable::default(),
            exchange: ExchangeRates::build(self.exchange.clone()),
        };
        Tables::build(definition).map_err(|errors| format!("{errors:?}"))
    }

    /// An account's wallet and throttle.
    pub fn wallet(&self, account: &str) -> Result<&(Wallet, Throttle), String> {
        self.wallets.get(account).ok_or_else(|| format!("no account `{account}`"))
    }

    fn country(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (iso2, name, calling_code) = (words.word()?, words.word()?, words.word()?);
        let mccs = words.rest(network_code)?;
        self.networks
            .add_country(iso2, name, calling_code, &mccs)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn network(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (code, iso2, operator) = (words.read(network_code)?, words.word()?, words.word()?);
        self.networks.add_network(code, iso2, operator).map(drop).map_err(|error| error.to_string())
    }

    fn aliases(&mut self, mut words: Words<'_>) -> Result<(), String> {
        self.networks.add_aliases(&words.rest(network_code)?).map_err(|error| error.to_string())
    }

    fn prefix(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let digits = words.word()?;
        let network = self.networks.intern(words.read(network_code)?).map_err(|error| error.to_string())?;
        self.prefixes.add(digits, network).map_err(|error| error.to_string())
    }

    fn port(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let number = words.read(|text| Number::from_digits(text.as_bytes()))?;
        let network = self.networks.intern(words.read(network_code)?).map_err(|error| error.to_string())?;
        self.ported.add(number, network).map_err(|error| error.to_string())
    }

    fn plan(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let name = words.word()?;
        let currency = words.read(Currency::new)?;
        let time_zone = words.word()?.to_owned();
        words.read(|word| (word == "base").then_some(()))?;
        let base_price = words.read(|word| match word {
            "none" => Some(None),
            price => price.parse().ok().map(Some),
        })?;
        let (tiers, rates) = (Vec::new(), Vec::new());
        let settlement = SettlementTerms::default();
        let common_rates = Vec::new();
        let plan = Plan {
            name: Arc::from(name),
            currency,
            time_zone,
            base_price,
            tiers,
            rates,
            common_rates,
            settlement,
            bundle_segments_count: words.0.next() == Some("bundles-count"),
            delivery: DeliveryMode::Routed,
            pumping: PumpingOverrides::default(),
        };
        self.plans.insert(name.to_owned(), plan);
        Ok(())
    }

    fn tier(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let plan = words.named(&mut self.plans)?;
        let (from_segment, to_segment) = words.read(|range| match range.split_once('-') {
            Some((from, to)) => Some((from.parse().ok()?, Some(to.parse().ok()?))),
            None => Some((range.strip_suffix('+')?.parse().ok()?, None)),
        })?;
        let mut tier = VolumeTier { from_segment, to_segment, discount: Discount::NONE, price_per_sms: None };
        match words.word()? {
            "discount" => tier.discount = words.read(|text| Discount::from_percent(text.parse().ok()?))?,
            "price" => tier.price_per_sms = Some(words.parse()?),
            other => return Err(format!("`{other}` is neither discount nor price")),
        }
        plan.tiers.push(tier);
        Ok(())
    }

    fn rate(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let plan = words.named(&mut self.plans)?;
        plan.rates.push(rate_row(words)?);
        Ok(())
    }

    fn own_rate(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let account = words.named(&mut self.accounts)?;
        account.rates.push(rate_row(words)?);
        Ok(())
    }

    fn account(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (name, plan) = (words.word()?, words.word()?);
        let currency = self.plans.get(plan).ok_or_else(|| format!("no plan `{plan}`"))?.currency;
        let mut account = account_on(name, plan, currency);
        let mut opening = WalletState::default();
        while let Some(setting) = words.0.next() {
            match setting {
                "balance" => opening.balance = words.parse::<Amount>()?.into(),
                "credit" => account.credit_limit = words.parse()?,
                "code" => account.default_calling_code = Some(Arc::from(words.word()?)),
                "approved-sender" => {
                    account.senders = SenderPolicy::Approved;
                    account.approvals.replace_senders([words.word()?.as_bytes().into()]);
                }
                "template" => {
                    account.texts = TextPolicy::Approved;
                    account.approvals.replace_templates(vec![words.parse()?]);
                }
                "sender" => account.senders = SenderPolicy::Listed(vec![words.word()?.as_bytes().into()]),
                "limit" => account.rate_limit = Some(words.read(rate_limit)?),
                "counted" => {
                    let segments = words.parse()?;
                    words.read(|word| (word == "in").then_some(()))?;
                    opening.count(words.read(month)?, segments);
                }
                "any-length" => account.number_lengths = NumberLengths::Warn,
                "parent" => account.reselling.parent = Some(words.word()?.into()),
                "chain" => account.reselling.chain = true,
                "commission" => account.reselling.earning = commission(words)?,
                "mark-up" => {
                    let (share, per_segment) = (words.read(share)?, words.parse()?);
                    let mark_up = MarkUp { scope: TrafficScope::All, share, per_segment };
                    account.reselling.price_list =
                        Some(Arc::new(PriceList { rates: Vec::new(), mark_ups: vec![mark_up] }));
                }
                "cap" => account.caps.push(cap(words)?),
                "suspended" => account.suspended = true,
                "trusted" => account.trusts_network_tlv = true,
                other => return Err(format!("an account has no `{other}`")),
            }
        }
        let number = AccountNumber(u32::try_from(self.wallets.len()).unwrap());
        let new_wallet = || (Wallet::new(number, opening), Throttle::default());
        self.wallets.entry(name.to_owned()).or_insert_with(new_wallet);
        self.accounts.insert(name.to_owned(), account);
        Ok(())
    }

    fn list(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let account = words.named(&mut self.accounts)?;
        let mut list = account.reselling.price_list.as_deref().cloned().unwrap_or_default();
        list.rates.push(rate_row(words)?);
        account.reselling.price_list = Some(Arc::new(list));
        Ok(())
    }

    fn exchange(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (base, quote) = (words.read(Currency::new)?, words.read(Currency::new)?);
        let (rate, effective_from) = (words.parse()?, UnixMicros(0));
        self.exchange.push(ExchangeRow { base, quote, rate, effective_from });
        Ok(())
    }

    fn bundle(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (account, name) = (words.word()?, words.word()?);
        let (unit, left) = (words.read(BundleUnit::from_name)?, words.parse()?);
        words.read(|word| (word == "until").then_some(()))?;
        let expires_at = words.read(UnixMicros::parse)?;
        let (mut scope, mut priority) = (TrafficScope::All, 0);
        while let Some(word) = words.0.next() {
            match word {
                "priority" => priority = words.parse()?,
                "in" => scope = TrafficScope::Countries([words.read(CountryCode::new)?].into()),
                other => return Err(format!("a bundle has no `{other}`")),
            }
        }
        self.bundles.push(name.to_owned());
        let number = BundleNumber(u64::try_from(self.bundles.len()).unwrap());
        let bundle = Bundle { number, unit, scope: Arc::new(scope), priority, expires_at, left };
        self.wallet(account)?.0.change_pockets(|pockets| pockets.bundles.insert(bundle));
        Ok(())
    }

    fn top_up(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (wallet, _) = self.wallet(words.word()?)?;
        wallet.credit(words.parse()?);
        Ok(())
    }
}

fn account_on(name: &str, plan: &str, currency: Currency) -> Account {
    Account {
        id: Arc::from(name),
        currency,
        plan: Arc::from(plan),
        credit_limit: Amount::ZERO,
        suspended: false,
        low_balance_threshold: None,
        default_calling_code: None,
        number_lengths: NumberLengths::Refuse,
        rates: Vec::new(),
        senders: SenderPolicy::Any,
        texts: TextPolicy::Any,
        approvals: Arc::default(),
        trusts_network_tlv: false,
        rate_limit: None,
        default_coding: DefaultCoding::Gsm7,
        delivery: DeliveryMode::Routed,
        statuses: Vec::new(),
        caps: Vec::new(),
        reselling: Reselling::default(),
    }
}

fn share(text: &str) -> Option<Share> {
    Share::from_percent(text.parse().ok()?)
}

fn commission(words: &mut Words<'_>) -> Result<Earning, String> {
    let share = words.read(share)?;
    words.read(|word| (word == "of").then_some(()))?;
    words.read(|of| match of {
        "charge" => Some(Earning::CommissionOfCharge(share)),
        "margin" => Some(Earning::CommissionOfMargin(share)),
        _ => None,
    })
}

fn cap(words: &mut Words<'_>) -> Result<Cap, String> {
    let (name, span) = (words.word()?, words.read(SpanUnit::from_name)?);
    let (mut max_amount, mut max_messages) = (None, None);
    match words.word()? {
        "amount" => max_amount = Some(words.parse()?),
        "messages" => max_messages = Some(words.parse()?),
        other => return Err(format!("a cap has no `{other}`")),
    }
    let scope = TrafficScope::All;
    Ok(Cap { id: CapId::new(name, span), scope, max_amount, max_messages, is_hard: true, gives_back: true })
}

fn rate_row(words: &mut Words<'_>) -> Result<RateRow, String> {
    let (network, price) = (words.read(network_code)?, words.parse()?);
    let origin = RowOrigin::default();
    let mut row = RateRow { network, price, effective_from: UnixMicros(0), effective_to: None, origin };
    while let Some(word) = words.0.next() {
        match word {
            "from" => row.effective_from = words.read(UnixMicros::parse)?,
            "to" => row.effective_to = Some(words.read(UnixMicros::parse)?),
            other => return Err(format!("a rate has no `{other}`")),
        }
    }
    Ok(row)
}

fn network_code(text: &str) -> Option<NetworkCode> {
    NetworkCode::parse_joined(text)
}

fn rate_limit(text: &str) -> Option<RateLimit> {
    let (per_second, burst) = text.split_once('/')?;
    Some(RateLimit { per_second: per_second.parse().ok()?, burst: burst.parse().ok()? })
}

fn month(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-')?;
    Some(Month(year.parse::<u32>().ok()? * 12 + month.parse::<u32>().ok()?.checked_sub(1)?))
}

/// The words of a statement, taken one by one.
struct Words<'a>(SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn word(&mut self) -> Result<&'a str, String> {
        self.0.next().ok_or_else(|| "a word is missing".to_owned())
    }

    fn read<T>(&mut self, read: impl Fn(&'a str) -> Option<T>) -> Result<T, String> {
        let word = self.word()?;
        read(word).ok_or_else(|| format!("`{word}` cannot be read"))
    }

    fn parse<T: FromStr>(&mut self) -> Result<T, String> {
        self.read(|word| word.parse().ok())
    }

    fn rest<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
        self.0.by_ref().map(|word| read(word).ok_or_else(|| format!("`{word}` cannot be read"))).collect()
    }

    fn named<'m, T>(&mut self, map: &'m mut BTreeMap<String, T>) -> Result<&'m mut T, String> {
        let name = self.word()?;
        map.get_mut(name).ok_or_else(|| format!("no `{name}` was set up"))
    }
}
