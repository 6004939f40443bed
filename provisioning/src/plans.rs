//! Plans, from `plans.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tollgate_engine::account::DeliveryMode;
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::settlement::{ChargeOn, Outcome, RefundOn, SettlementTerms};
use tollgate_engine::tariff::{Plan, VolumeTier};
use tollgate_engine::time::Months;
use toml::de::DeValue;

use crate::bounds::plan::{SEGMENTS, TIERS};
use crate::places::Place;
use crate::pumping::read_pumping_overrides;
use crate::read::texts;
use crate::read::texts::{Parsed, quoted};
use crate::read::values::{boolean, decimal, integer, one_of, text};
use crate::read::{Document, Problems, SourceFile, TableReader, no_such};

/// The names that other files may use, including those of plans with other mistakes.
#[derive(Debug, Default)]
pub struct PlanNames {
    currencies: BTreeMap<Arc<str>, Option<Currency>>,
    /// The key `currency` of each plan.
    pub places: HashMap<Arc<str>, Place>,
    /// True if something is wrong with the file. Then a name may be unknown only because it was not
    /// understood.
    is_incomplete: bool,
}

impl PlanNames {
    /// The plan of that name.
    pub fn resolve(&self, name: &str) -> Parsed<Arc<str>> {
        if let Some((known, _)) = self.currencies.get_key_value(name) {
            return Ok(Arc::clone(known));
        }
        if self.is_incomplete {
            return Ok(name.into());
        }
        Err(no_such("plan", name, self.currencies.keys().map(AsRef::as_ref)))
    }

    /// The currency of a plan; `None` where it is not known.
    pub fn currency_of(&self, plan: &str) -> Option<Currency> {
        self.currencies.get(plan).copied().flatten()
    }

    /// A price without a currency can hold for every plan only where all have the same.
    pub fn all_in_one_currency(&self) -> Parsed<()> {
        let mut currencies = self.currencies.values().flatten();
        let first = currencies.next();
        if currencies.all(|currency| Some(currency) == first) {
            Ok(())
        } else {
            Err("`*` needs all plans in one currency; name the plan".to_owned())
        }
    }
}

/// Reads the file. The plans have no rates yet.
pub fn read_plans(source: Option<&SourceFile>, problems: &mut Problems) -> (Vec<Plan>, PlanNames) {
    let mut names = PlanNames::default();
    let Some(source) = source else {
        names.is_incomplete = true;
        return (Vec::new(), names);
    };
    let document = Document::parse(source, problems);
    let mut root = TableReader::of(&document, problems);
    let plans = root.tables("plan", |table| read_plan(table, &mut names));
    if plans.is_empty() {
        root.missing("plan");
    }
    root.finish();
    names.is_incomplete |= document.is_broken();
    (plans.into_iter().flatten().collect(), names)
}

fn read_plan(table: &mut TableReader, names: &mut PlanNames) -> Option<Plan> {
    let name = table.required("name", text(texts::name));
    let of_text = if table.document().is_archived() { texts::currency_code } else { texts::currency };
    let currency = table.required("currency", text(of_text));
    match &name {
        Some(name) if names.currencies.contains_key(name) => {
            table.problem("name", format!("there is another plan `{name}`"));
        }
        Some(name) => {
            names.currencies.insert(Arc::clone(name), currency);
            names.places.insert(Arc::clone(name), table.place_of("currency"));
        }
        None => names.is_incomplete = true,
    }
    let time_zone = table.required("time_zone", text(time_zone));
    let base_price = table.required("base_price", base_price);
    let tiers = read_tiers(table);
    let settlement = read_settlement(table);
    let bundle_segments_count = table.or("bundle_segments_count", false, boolean);
    let delivery = table.or("delivery", DeliveryMode::default(), one_of);
    let pumping = read_pumping_overrides(table, "traffic_pumping");
    Some(Plan {
        name: name?,
        currency: currency?,
        time_zone: time_zone?,
        base_price: base_price?,
        tiers,
        rates: Vec::new(),
        common_rates: Vec::new(),
        settlement,
        bundle_segments_count,
        delivery,
        pumping,
    })
}

/// Reads the point that a message must reach to be paid for, and the outcomes that are refunded all the same.
fn read_settlement(table: &mut TableReader) -> SettlementTerms {
    let charge_on = table.or("charge_on", ChargeOn::default(), one_of);
    let refund_on = table.list("refund_on", one_of::<Outcome>);
    SettlementTerms {
        charge_on,
        refund_on: refund_on.map_or_else(RefundOn::default, |outcomes| RefundOn::of(&outcomes)),
    }
}

fn time_zone(name: &str) -> Parsed<String> {
    match Months::of_zone(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(format!(
            "{} is not in the time zone database; write one such as Africa/Nairobi",
            quoted(name)
        )),
    }
}

/// Reads a price, or the word for none.
fn base_price(value: &DeValue) -> Parsed<Option<Amount>> {
    decimal(|text| match text {
        "refuse" => Ok(None),
        price => texts::price(price).map(Some),
    })(value)
}

/// Reads the tiers, which follow one another from the first segment without gaps to an open end.
fn read_tiers(table: &mut TableReader) -> Vec<VolumeTier> {
    let mut next = Next::Segment(1);
    let tiers = table.tables("tiers", |tier| read_tier(tier, &mut next));
    if let (Next::Segment(next), false) = (next, tiers.is_empty()) {
        table.problem("tiers", format!("the last tier has an end: nothing holds from segment {next}"));
    }
    if tiers.len() > TIERS {
        table.problem("tiers", format!("more than {TIERS}"));
    }
    tiers.into_iter().flatten().collect()
}

/// The start that the next tier must have.
#[derive(Clone, Copy)]
enum Next {
    Segment(u64),
    /// The last tier has no end.
    Nowhere,
    /// The last tier's end could not be read.
    Unknown,
}

/// Reads a tier that must begin at `next`, and moves `next` behind it.
fn read_tier(table: &mut TableReader, next: &mut Next) -> Option<VolumeTier> {
    let from = table.required("from", integer(1..=SEGMENTS));
    let to = table.optional("to", integer(1..=SEGMENTS));
    match (*next, from) {
        (Next::Nowhere, _) => table.problem("from", "comes after a tier without end"),
        (Next::Segment(next), Some(from)) if next != from => {
            table.problem("from", format!("must be {next}: tiers follow one another without gap or overlap"));
        }
        _ => {}
    }
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        table.problem("to", "is below `from`");
    }
    *next = match to {
        Some(to) => Next::Segment(to + 1),
        None if table.has("to") => Next::Unknown,
        None => Next::Nowhere,
    };
    let price_per_sms = table.optional("price_per_sms", decimal(texts::price));
    let discount = table.optional("discount_percent", decimal(texts::percent));
    if price_per_sms.is_some() && discount.is_some() {
        let message =
            "cannot be set together with discount_percent: a tier has its own price or lowers others";
        table.problem("price_per_sms", message);
    }
    Some(VolumeTier {
        from_segment: from?,
        to_segment: to,
        discount: discount.unwrap_or(Discount::NONE),
        price_per_sms,
    })
}
