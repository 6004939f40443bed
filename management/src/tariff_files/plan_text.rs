//! The text of `plans.toml`, edited so that comments, order and everything that is not asked for stay as they are.

use std::fmt;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::plan_input::{PlanInput, TierInput};
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_provisioning::bounds::pumping;

/// The key of what a plan sets of the search for traffic pumping.
const PUMPING: &str = "traffic_pumping";

/// The base price of a plan that refuses messages without a rate.
const REFUSE: &str = "refuse";

/// The file, parsed with its comments.
pub struct PlanText(DocumentMut);

impl fmt::Display for PlanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PlanText {
    /// `None` where the syntax is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// Adds a plan after all others; `None` where there is no list of plans.
    pub fn add(&mut self, plan: &PlanInput) -> Option<()> {
        match self.0.get_mut("plan")? {
            Item::ArrayOfTables(plans) => {
                let mut table = Table::new();
                table.decor_mut().set_prefix("\n");
                write_plan(&mut table, plan);
                plans.push(table);
            }
            Item::Value(Value::Array(plans)) => {
                let mut table = InlineTable::new();
                write_plan(&mut table, plan);
                plans.push(table);
            }
            _ => return None,
        }
        Some(())
    }

    /// Writes what differs from the plan of that name; `None` where there is none.
    pub fn replace(&mut self, plan: &PlanInput) -> Option<()> {
        let is_meant = |table: &dyn TableLike| text_at(table, "name") == Some(&plan.name);
        match self.0.get_mut("plan")? {
            Item::ArrayOfTables(plans) => {
                write_plan(plans.iter_mut().find(|table| is_meant(*table))?, plan);
            }
            Item::Value(Value::Array(plans)) => {
                let mut tables = plans.iter_mut().filter_map(Value::as_inline_table_mut);
                write_plan(tables.find(|table| is_meant(*table))?, plan);
            }
            _ => return None,
        }
        Some(())
    }
}

fn write_plan(table: &mut dyn TableLike, plan: &PlanInput) {
    write_text(table, "name", Some(&plan.name));
    write_text(table, "currency", Some(&plan.currency));
    write_text(table, "time_zone", Some(&plan.time_zone));
    write_text(table, "base_price", Some(plan.base_price.as_deref().unwrap_or(REFUSE)));
    if table.get("tiers").map(tiers_of).unwrap_or_default() != plan.tiers {
        write(table, "tiers", (!plan.tiers.is_empty()).then(|| tiers_to_toml(&plan.tiers)));
    }
    write_text(table, "charge_on", plan.charge_on.as_deref());
    if table.get("refund_on").map(texts_of) != plan.refund_on {
        // An empty list has another meaning than no list.
        let outcomes = plan.refund_on.as_ref().map(|outcomes| Value::Array(outcomes.iter().collect()));
        write(table, "refund_on", outcomes);
    }
    write_text(table, "delivery", plan.delivery.as_deref());
    if table.get("bundle_segments_count").and_then(Item::as_bool).unwrap_or_default()
        != plan.bundle_segments_count
    {
        write(table, "bundle_segments_count", plan.bundle_segments_count.then(|| Value::from(true)));
    }
    write_pumping(table, &plan.traffic_pumping);
}

/// Writes what a plan sets of the search for traffic pumping, unless it is there already, as one table.
fn write_pumping(table: &mut dyn TableLike, asked: &PumpingOverrides) {
    let numbers = [
        (pumping::SEQUENCE_NUMBERS, asked.sequence_numbers),
        (pumping::NARROW_NUMBERS, asked.narrow_numbers),
        (pumping::SHARE_PERCENT, asked.share_percent),
        (pumping::EXPENSIVE_PERCENT, asked.expensive_percent),
        (pumping::DELIVERED_PERCENT, asked.delivered_percent),
        (pumping::STEP_DOWN_PER_MINUTE, asked.step_down_per_minute),
        (pumping::QUIET_MINUTES, asked.quiet_minutes),
    ];
    let mut set = InlineTable::new();
    if let Some(mode) = asked.mode {
        set.insert("mode", Value::from(mode.name()));
    }
    for (number, value) in numbers {
        if let Some(value) = value {
            set.insert(number.bounds.key, Value::from(i64::from(value)));
        }
    }
    if table.get(PUMPING).is_some_and(|there| is_same_pumping(there, &set)) {
        return;
    }
    // It may be a table of its own, which no value can be put into the place of.
    if table.get(PUMPING).is_some_and(Item::is_table) {
        table.remove(PUMPING);
    }
    write(table, PUMPING, (!set.is_empty()).then_some(Value::InlineTable(set)));
}

/// True if a file says the same: by the word of the mode alone, or by a table.
fn is_same_pumping(there: &Item, asked: &InlineTable) -> bool {
    let text = |value: &Value| value.clone().decorated("", "").to_string();
    if let Some(mode) = there.as_str() {
        return asked.len() == 1 && asked.get("mode").and_then(Value::as_str) == Some(mode);
    }
    there.as_table_like().is_some_and(|table| {
        table.iter().count() == asked.len()
            && asked
                .iter()
                .all(|(key, value)| table.get(key).and_then(Item::as_value).map(text) == Some(text(value)))
    })
}

/// Writes a string unless it is there already, or removes the key.
fn write_text(table: &mut dyn TableLike, key: &str, text: Option<&str>) {
    if text_at(table, key) != text || text.is_none() {
        write(table, key, text.map(Value::from));
    }
}

/// Writes a value, with the comment of the value before it, or removes the key.
fn write(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    let Some(mut value) = value else {
        table.remove(key);
        return;
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

fn text_at<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}

fn texts_of(list: &Item) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
}

/// The tiers in a file, inline or as tables.
fn tiers_of(tiers: &Item) -> Vec<TierInput> {
    let inline = tiers.as_array().into_iter().flatten().filter_map(Value::as_inline_table);
    let inline = inline.map(|table| tier_of(table));
    let tables = tiers.as_array_of_tables().into_iter().flat_map(ArrayOfTables::iter);
    inline.chain(tables.map(|table| tier_of(table))).collect()
}

fn tier_of(table: &dyn TableLike) -> TierInput {
    let number =
        |key| table.get(key).and_then(Item::as_integer).and_then(|number| u64::try_from(number).ok());
    let text = |key| text_at(table, key).map(str::to_owned);
    TierInput {
        from: number("from").unwrap_or_default(),
        to: number("to"),
        discount_percent: text("discount_percent"),
        price_per_sms: text("price_per_sms"),
    }
}

/// One tier a line, as in the shipped file.
fn tiers_to_toml(tiers: &[TierInput]) -> Value {
    let mut list: Array = tiers.iter().map(tier_to_toml).collect();
    for tier in list.iter_mut() {
        tier.decor_mut().set_prefix("\n  ");
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    Value::Array(list)
}

fn tier_to_toml(tier: &TierInput) -> InlineTable {
    // A number that TOML cannot hold is out of bounds in any case, and is reported so.
    let number = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let mut table = InlineTable::new();
    table.insert("from", number(tier.from));
    if let Some(to) = tier.to {
        table.insert("to", number(to));
    }
    for (key, text) in [("discount_percent", &tier.discount_percent), ("price_per_sms", &tier.price_per_sms)]
    {
        if let Some(text) = text {
            table.insert(key, Value::from(text));
        }
    }
    table
}
