//! The set-up of a worksheet: networks, operators and rules, one statement at a time.

use std::collections::BTreeMap;
use std::str::{FromStr, SplitWhitespace};
use std::sync::Arc;

use tollgate_engine::account::SenderPolicy;
use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::Currency;
use tollgate_engine::network::{NetworkCode, Networks, NetworksBuilder};
use tollgate_engine::operator::{
    AccountFilter, DataCodings, Operator, OperatorNumber, OperatorStatus, ServedNetworks,
};
use tollgate_engine::routing::{
    Condition, Conditions, MarginGuard, RouteRule, Routes, RoutingDefinition, Strategy,
};
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

/// Everything set up so far.
#[derive(Default)]
pub struct Setup {
    networks: NetworksBuilder,
    definition: RoutingDefinition,
    exchange: Vec<ExchangeRow>,
    conditions: BTreeMap<OperatorNumber, Condition>,
}

impl Conditions for Setup {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        self.conditions.get(&operator).copied().unwrap_or(Condition { available: true, score: 100 })
    }
}

impl Setup {
    /// Sets up what one line says.
    pub fn set_up(&mut self, statement: &str) -> Result<(), String> {
        let mut words = Words(statement.split_whitespace());
        match words.word()? {
            "country" => self.country(&mut words),
            "network" => {
                let code = words.read(network_code)?;
                self.networks.intern(code).map(drop).map_err(|error| error.to_string())
            }
            "aliases" => {
                let codes: Result<Vec<_>, _> = words.rest().map(|word| read(word, network_code)).collect();
                self.networks.add_aliases(&codes?).map_err(|error| error.to_string())
            }
            "routing" => self.routing(&mut words),
            "rule" => self.rule(&mut words),
            "operator" => self.operator(&mut words),
            "cost" => self.cost(&mut words),
            "exchange" => self.exchange(&mut words),
            "condition" => self.set_condition(&mut words),
            "clear" => {
                *self = Self::default();
                Ok(())
            }
            other => Err(format!("`{other}` sets nothing up")),
        }
    }

    /// The routes, as a reload would make them now for accounts that pay in `currency`.
    pub fn routes(&self, currency: Currency) -> Result<(Routes, Networks), String> {
        let networks = self.networks.clone().build();
        let exchange = ExchangeRates::build(self.exchange.clone());
        let definition =
            RoutingDefinition { exchange, account_currencies: vec![currency], ..self.definition.clone() };
        let routes = Routes::build(definition, &networks)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
        Ok((routes, networks))
    }

    /// The number of an operator.
    pub fn number(&self, code: &str) -> Option<OperatorNumber> {
        let mut operators = self.definition.operators.iter();
        operators.find(|operator| *operator.code == *code).map(|operator| operator.number)
    }

    fn country(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (iso2, name, calling_code) = (words.word()?, words.word()?, words.word()?);
        let mccs: Result<Vec<_>, _> = words.rest().map(|word| read(word, network_code)).collect();
        self.networks
            .add_country(iso2, name, calling_code, &mccs?)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn routing(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let strategy = words.word()?;
        let mut score = 0;
        while let Some(word) = words.0.next() {
            match word {
                "above" => score = words.parse()?,
                "guard" => self.definition.margin_guard = words.read(MarginGuard::from_name)?,
                other => return Err(format!("routing has no `{other}`")),
            }
        }
        self.definition.strategy = read(strategy, |name| Strategy::from_name(name, score))?;
        Ok(())
    }

    fn rule(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let network = words.word()?;
        let network = if network == "all" { None } else { Some(read(network, network_code)?) };
        let (mut rule, mut strategy, mut score) = (RouteRule { network, ..RouteRule::default() }, None, 0);
        while let Some(word) = words.0.next() {
            match word {
                "strategy" => strategy = Some(words.word()?),
                "above" => score = words.parse()?,
                "guard" => rule.margin_guard = Some(words.read(MarginGuard::from_name)?),
                "operators" => rule.operators = Some(words.list(|code| Some(Arc::from(code)))?),
                other => return Err(format!("a rule has no `{other}`")),
            }
        }
        if let Some(name) = strategy {
            rule.strategy = Some(read(name, |name| Strategy::from_name(name, score))?);
        }
        self.definition.rules.push(rule);
        Ok(())
    }

    fn operator(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (code, currency) = (words.word()?, words.read(Currency::new)?);
        let operators = &mut self.definition.operators;
        let place = operators.iter().position(|operator| *operator.code == *code).unwrap_or(operators.len());
        let mut operator = operator_called(code, OperatorNumber(u16::try_from(place + 1).unwrap()), currency);
        while let Some(setting) = words.0.next() {
            match setting {
                "base" => operator.base_cost = Some(words.parse()?),
                "priority" => operator.priority = words.parse()?,
                "weight" => operator.weight = words.parse()?,
                "draining" => operator.status = OperatorStatus::Draining,
                "disabled" => operator.status = OperatorStatus::Disabled,
                "networks" => operator.networks = ServedNetworks::Listed(words.list(network_code)?),
                "senders" => {
                    let senders = words.list(|sender| Some(sender.as_bytes().into()))?;
                    operator.senders = SenderPolicy::Listed(senders);
                }
                "only" => operator.accounts = AccountFilter::Only(words.list(|id| Some(Arc::from(id)))?),
                "except" => operator.accounts = AccountFilter::Except(words.list(|id| Some(Arc::from(id)))?),
                "codings" => {
                    operator.data_codings = DataCodings::of(&words.list(|value| value.parse().ok())?);
                }
                other => return Err(format!("an operator has no `{other}`")),
            }
        }
        match operators.get_mut(place) {
            Some(earlier) => *earlier = operator,
            None => operators.push(operator),
        }
        Ok(())
    }

    fn cost(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let code = words.word()?;
        let (network, price) = (words.read(network_code)?, words.parse()?);
        let origin = RowOrigin::default();
        let mut row = RateRow { network, price, effective_from: UnixMicros(0), effective_to: None, origin };
        while let Some(word) = words.0.next() {
            match word {
                "from" => row.effective_from = words.read(UnixMicros::parse)?,
                "to" => row.effective_to = Some(words.read(UnixMicros::parse)?),
                other => return Err(format!("a cost has no `{other}`")),
            }
        }
        let mut operators = self.definition.operators.iter_mut();
        let operator = operators.find(|operator| *operator.code == *code);
        operator.ok_or_else(|| format!("no operator `{code}`"))?.costs.push(row);
        Ok(())
    }

    fn exchange(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (base, quote) = (words.read(Currency::new)?, words.read(Currency::new)?);
        let rate = words.parse()?;
        let effective_from = match words.0.next() {
            Some("from") => words.read(UnixMicros::parse)?,
            None => UnixMicros(0),
            Some(other) => return Err(format!("an exchange rate has no `{other}`")),
        };
        self.exchange.push(ExchangeRow { base, quote, rate, effective_from });
        Ok(())
    }

    fn set_condition(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let number = words.read(|code| self.number(code))?;
        let available = words.read(|word| match word {
            "up" => Some(true),
            "down" => Some(false),
            _ => None,
        })?;
        self.conditions.insert(number, Condition { available, score: words.parse()? });
        Ok(())
    }
}

/// An operator that takes everything and asks for nothing that is known.
pub fn operator_called(code: &str, number: OperatorNumber, currency: Currency) -> Operator {
    Operator {
        code: Arc::from(code),
        name: Arc::from(code),
        country: None,
        number,
        status: OperatorStatus::Active,
        networks: ServedNetworks::All,
        currency,
        base_cost: None,
        costs: Vec::new(),
        priority: 100,
        weight: 1,
        senders: SenderPolicy::Any,
        accounts: AccountFilter::Any,
        data_codings: DataCodings::all(),
    }
}

pub fn network_code(text: &str) -> Option<NetworkCode> {
    NetworkCode::parse_joined(text)
}

fn read<'a, T>(word: &'a str, read: impl Fn(&'a str) -> Option<T>) -> Result<T, String> {
    read(word).ok_or_else(|| format!("`{word}` cannot be read"))
}

/// The words of a statement, taken one by one.
pub struct Words<'a>(pub SplitWhitespace<'a>);

impl<'a> Words<'a> {
    pub fn word(&mut self) -> Result<&'a str, String> {
        self.0.next().ok_or_else(|| "a word is missing".to_owned())
    }

    pub fn read<T>(&mut self, reader: impl Fn(&'a str) -> Option<T>) -> Result<T, String> {
        read(self.word()?, reader)
    }

    pub fn parse<T: FromStr>(&mut self) -> Result<T, String> {
        self.read(|word| word.parse().ok())
    }

    pub fn list<T>(&mut self, reader: impl Fn(&'a str) -> Option<T>) -> Result<Vec<T>, String> {
        self.word()?.split(',').map(|word| read(word, &reader)).collect()
    }

    fn rest(&mut self) -> impl Iterator<Item = &'a str> {
        self.0.by_ref()
    }
}
