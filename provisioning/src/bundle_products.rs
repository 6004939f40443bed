//! Bundle products: units that accounts buy in advance, from the file that `[tariff]` names.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::bundle::BundleUnit;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::traffic::TrafficScope;
use toml::de::DeValue;

use crate::bounds::bundle as bounds;
use crate::catalogue::Known;
use crate::choice::Choice;
use crate::names::Names;
use crate::places::Place;
use crate::plans::PlanNames;
use crate::read::texts::{self, Parsed, quoted};
use crate::read::values::{decimal, integer, one_of, text};
use crate::read::{Document, Problems, SourceFile, TableReader};
use crate::traffic_scopes::read_scope;

impl Choice for BundleUnit {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.name()
    }
}

/// A product that accounts buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleProduct {
    /// The name that purchases refer to.
    pub name: Arc<str>,
    /// The reseller that sells it to those who buy their messages from it; `None` for the house.
    pub seller: Option<Arc<str>>,
    /// The price of one bundle.
    pub price: Amount,
    /// The currency of the price, and of every account that buys it.
    pub currency: Currency,
    /// The units of one bundle.
    pub units: u64,
    /// The kind of a unit.
    pub unit: BundleUnit,
    /// The traffic that takes from it.
    pub scope: TrafficScope,
    /// The time for which it can be used.
    pub validity: Validity,
    /// The units that go over into one more period when it ends.
    pub rollover: Rollover,
    /// Of bundles that end together the one with the smaller number is taken first.
    pub priority: u8,
    /// The treatment of units that are refunded behind its end.
    pub late_refunds: LateRefunds,
    /// The plans of the accounts that may buy it; `None` for all.
    pub plans: Option<Vec<Arc<str>>>,
}

/// The time for which a bundle can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Days of 24 hours from the purchase.
    Days(u32),
    /// The end of the calendar month of the purchase, in the time zone of the account's plan.
    CalendarMonth,
}

/// The units of a bundle that go over into one more period of it when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rollover {
    /// No unit goes over.
    #[default]
    None,
    /// All that are left.
    All,
    /// All that are left, up to a number.
    UpTo(u64),
}

/// The treatment of units that are refunded behind the end of their bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LateRefunds {
    /// They are lost.
    #[default]
    Forfeit,
    /// The bundle is valid again for so many days from the refund.
    ExtendDays(u32),
}

impl BundleProduct {
    /// True if an account on this plan, with a wallet in this currency, may buy it.
    pub fn is_sold_to(&self, plan: &str, currency: Currency) -> bool {
        self.currency == currency
            && self.plans.as_ref().is_none_or(|plans| plans.iter().any(|listed| &**listed == plan))
    }
}

/// Checks a product by itself. The error names the key.
pub fn check_product(product: &BundleProduct) -> Result<(), (&'static str, String)> {
    fn bounded<E: ToString>(key: &'static str, checked: Result<(), E>) -> Result<(), (&'static str, String)> {
        checked.map_err(|error| (key, error.to_string()))
    }
    if product.price.is_negative() {
        return Err(("price", "is below zero".to_owned()));
    }
    bounded("units", bounds::UNITS.check(product.units))?;
    if product.unit == BundleUnit::Tokens && product.scope != TrafficScope::All {
        return Err((
            "unit",
            "`tokens` are taken by services beside messages, which have no countries, networks or prefixes"
                .to_owned(),
        ));
    }
    if let Validity::Days(days) = product.validity {
        bounded("validity", bounds::VALID_DAYS.check(days))?;
    }
    if let Rollover::UpTo(units) = product.rollover {
        bounded("rollover", bounds::ROLLOVER_UNITS.check(units))?;
    }
    if let LateRefunds::ExtendDays(days) = product.late_refunds {
        bounded("late_refunds", bounds::EXTEND_DAYS.check(days))?;
    }
    match product.plans.as_ref().map(Vec::len) {
        Some(0) => {
            Err(("plans", "is empty, so that nobody could buy it; leave it out for all plans".to_owned()))
        }
        Some(plans) if plans > bounds::PLANS => Err(("plans", format!("more than {}", bounds::PLANS))),
        _ => Ok(()),
    }
}

/// The names that products refer to.
pub struct ProductSurroundings<'a> {
    /// The plans that products are sold on.
    pub plans: &'a PlanNames,
    /// Countries and networks.
    pub known: &'a Known,
    /// `Ok` for the id of a reseller.
    pub reseller: &'a dyn Fn(&str) -> Parsed<Arc<str>>,
}

/// The products of a file, and the place of each one's price by its name.
pub type ReadProducts = (Vec<BundleProduct>, HashMap<Arc<str>, Place>);

/// Reads the file.
pub fn read_products(
    source: Option<&SourceFile>,
    around: &ProductSurroundings<'_>,
    problems: &mut Problems,
) -> ReadProducts {
    let Some(source) = source else { return ReadProducts::default() };
    let document = Document::parse(source, problems);
    let mut root = TableReader::of(&document, problems);
    let (mut names, mut places) = (Names::new("bundle"), HashMap::new());
    let products = root.tables("bundle", |table| {
        let product = read_product(table, &mut names, around)?;
        places.insert(Arc::clone(&product.name), table.place_of("price"));
        Some(product)
    });
    root.finish();
    (products.into_iter().flatten().collect(), places)
}

fn read_product(
    table: &mut TableReader,
    names: &mut Names,
    &ProductSurroundings { plans, known, reseller }: &ProductSurroundings<'_>,
) -> Option<BundleProduct> {
    let name = table.required("name", text(texts::name));
    names.take(table, "name", name.as_ref());
    let seller = table.optional("seller", text(reseller));
    let price = table.required("price", decimal(texts::price));
    let currency = table.required("currency", text(texts::currency));
    let units = table.required(bounds::UNITS.key, integer(bounds::UNITS.range()));
    let unit = table.required("unit", one_of);
    let scope = read_scope(table, known, true);
    let validity = read_validity(table);
    let rollover = read_rollover(table);
    let priority = table.number(&bounds::PRIORITY);
    let late_refunds = read_late_refunds(table);
    let sold_on = read_plans(table, plans, currency);
    let product = BundleProduct {
        name: name?,
        seller,
        price: price?,
        currency: currency?,
        units: units?,
        unit: unit?,
        scope,
        validity: validity?,
        rollover: rollover?,
        priority: u8::try_from(priority).unwrap_or(u8::MAX),
        late_refunds: late_refunds?,
        plans: sold_on,
    };
    if let Err((key, message)) = check_product(&product) {
        table.problem(key, message);
    }
    Some(product)
}

/// Reads the plans whose accounts may buy a product in this currency.
fn read_plans(
    table: &mut TableReader,
    plans: &PlanNames,
    currency: Option<Currency>,
) -> Option<Vec<Arc<str>>> {
    let of_product = |name: &str| {
        let plan = plans.resolve(name)?;
        match (currency, plans.currency_of(&plan)) {
            (Some(own), Some(of_plan)) if own != of_plan => Err(other_currency(&plan, of_plan, own)),
            _ => Ok(plan),
        }
    };
    let is_wrong = Cell::new(false);
    let named = table.list("plans", text(|name| of_product(name).inspect_err(|_| is_wrong.set(true))))?;
    // What is wrong was told of; that nothing is left is no further mistake.
    (!is_wrong.get() || !named.is_empty()).then_some(named)
}

/// The mistake of a product that is sold on a plan in another currency, in words that follow its key.
pub fn other_currency(plan: &str, of_plan: Currency, of_product: Currency) -> String {
    format!(
        "plan `{plan}` is in {of_plan} and the product in {of_product}, so that nobody on it could buy it"
    )
}

fn read_validity(table: &mut TableReader) -> Option<Validity> {
    match table.value("validity").map(toml::Spanned::get_ref) {
        None => {
            table.missing("validity");
            None
        }
        Some(DeValue::Table(_)) => {
            let days = table.table("validity", |below| {
                below.required(bounds::VALID_DAYS.key, integer(bounds::VALID_DAYS.range()))
            });
            days.flatten().map(Validity::Days)
        }
        Some(value) => {
            word(table, "validity", value, &[("calendar_month", Validity::CalendarMonth)], "{ days = 30 }")
        }
    }
}

fn read_rollover(table: &mut TableReader) -> Option<Rollover> {
    match table.value("rollover").map(toml::Spanned::get_ref) {
        None => Some(Rollover::None),
        Some(DeValue::Table(_)) => {
            let most = table.table("rollover", |below| {
                below.required(bounds::ROLLOVER_UNITS.key, integer(bounds::ROLLOVER_UNITS.range()))
            });
            most.flatten().map(Rollover::UpTo)
        }
        Some(value) => {
            let words = [("none", Rollover::None), ("all", Rollover::All)];
            word(table, "rollover", value, &words, "{ at_most = 100 }")
        }
    }
}

fn read_late_refunds(table: &mut TableReader) -> Option<LateRefunds> {
    match table.value("late_refunds").map(toml::Spanned::get_ref) {
        None => Some(LateRefunds::Forfeit),
        Some(DeValue::Table(_)) => {
            let days = table.table("late_refunds", |below| {
                below.required(bounds::EXTEND_DAYS.key, integer(bounds::EXTEND_DAYS.range()))
            });
            days.flatten().map(LateRefunds::ExtendDays)
        }
        Some(value) => {
            word(table, "late_refunds", value, &[("forfeit", LateRefunds::Forfeit)], "{ extend_days = 7 }")
        }
    }
}

/// One of a few words in place of a table.
fn word<T: Copy>(
    table: &mut TableReader,
    key: &'static str,
    value: &DeValue,
    words: &[(&'static str, T)],
    or_table: &str,
) -> Option<T> {
    let written = match value {
        DeValue::String(text) => text.as_ref(),
        _ => "",
    };
    let found = words.iter().find(|(word, _)| *word == written);
    if found.is_none() {
        let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message =
            format!("{} is not {} or a table such as `{or_table}`", quoted(written), words.join(", "));
        table.problem(key, message);
    }
    found.map(|(_, value)| *value)
}
