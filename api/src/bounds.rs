//! Bounds in the OpenAPI document: those that `provisioning` checks by, written into the schemas of accounts,
//! operators and plans.

use tollgate_provisioning::bounds::{
    Bounds, account, bundle, cap, link, operator, plan, price_list, pumping, scope, text,
};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Object, OpenApi, RefOr};

/// A bound of a property of a schema.
enum Limit {
    /// A whole number.
    Number { least: u64, most: u64 },
    /// A text, by its length.
    Length { least: usize, most: usize },
    /// A list, by the number of its items.
    Items { least: usize, most: usize },
    /// The name of an account, an operator or a plan.
    Name,
}

/// The limit of one property.
struct Property {
    schema: &'static str,
    name: &'static str,
    limit: Limit,
}

fn number<T: Copy + Into<u64>>(schema: &'static str, bounds: &Bounds<T>) -> Property {
    let limit = Limit::Number { least: bounds.least.into(), most: bounds.most.into() };
    Property { schema, name: bounds.key, limit }
}

fn length(schema: &'static str, name: &'static str, least: usize, most: usize) -> Property {
    Property { schema, name, limit: Limit::Length { least, most } }
}

fn items(schema: &'static str, name: &'static str, least: usize, most: usize) -> Property {
    Property { schema, name, limit: Limit::Items { least, most } }
}

fn name(schema: &'static str, name: &'static str) -> Property {
    Property { schema, name, limit: Limit::Name }
}

/// Every property that has a limit of `provisioning`.
fn properties() -> Vec<Property> {
    let mut all = of_accounts();
    all.extend(of_operators());
    all.extend(of_links());
    all.extend(of_plans());
    all.extend(of_sales());
    all.extend(pumping::NUMBERS.iter().map(|setting| number("TrafficPumping", &setting.bounds)));
    all
}

fn of_accounts() -> Vec<Property> {
    let patch = "AccountPatch";
    vec![
        name("NewAccount", "id"),
        length("NewAccount", "password", 1, text::PASSWORD),
        length(patch, "system_id", 1, text::SYSTEM_ID),
        number(patch, &account::MAX_BINDS.bounds),
        number(patch, &account::WINDOW),
        number(patch, &account::REFERENCE_SECONDS),
        items(patch, "allowed_ips", 0, account::LISTED),
        items(patch, "rates", 0, account::RATES),
        items("Senders", "listed", 0, account::LISTED),
        number("RateLimit", &account::PER_SECOND),
        number("RateLimit", &account::BURST),
    ]
}

fn of_operators() -> Vec<Property> {
    let input = "OperatorInput";
    let mut all = vec![
        name(input, "code"),
        length(input, "name", 1, text::LABEL),
        items(input, "networks", 1, operator::NETWORKS),
        items(input, "costs", 0, operator::NETWORKS),
        items(input, "senders", 1, operator::LISTED),
        items(input, "data_codings", 1, operator::DATA_CODINGS),
        items("OperatorAccounts", "only", 0, operator::LISTED),
        items("OperatorAccounts", "except", 0, operator::LISTED),
    ];
    all.extend(operator::NUMBERS.iter().map(|rank| number(input, &rank.bounds)));
    all
}

fn of_links() -> Vec<Property> {
    let config = "SmppConfig";
    let mut all = vec![
        length(config, "host", 0, text::HOST),
        number(config, &link::PORT.bounds),
        length(config, "system_id", 1, text::SYSTEM_ID),
        length(config, "system_type", 0, text::SYSTEM_TYPE),
        // It has another name in files.
        number(config, &Bounds { key: "throughput", ..link::THROUGHPUT }),
    ];
    all.extend(link::NUMBERS.iter().map(|setting| number(config, &setting.bounds)));
    all
}

fn of_plans() -> Vec<Property> {
    vec![
        name("PlanInput", "name"),
        items("PlanInput", "tiers", 0, plan::TIERS),
        number("PlanTier", &Bounds { key: "from", least: 1, most: plan::SEGMENTS }),
        number("PlanTier", &Bounds { key: "to", least: 1, most: plan::SEGMENTS }),
    ]
}

/// Of caps, price lists and bundle products.
fn of_sales() -> Vec<Property> {
    let (of_cap, list, product) = ("AccountCap", "PriceListInput", "BundleProductInput");
    let mut all = vec![
        items("AccountPatch", "caps", 0, cap::CAPS),
        name(of_cap, "name"),
        number(of_cap, &cap::MAX_MESSAGES),
        name(list, "name"),
        items(list, "rates", 0, price_list::RATES),
        items(list, "mark_ups", 0, price_list::MARK_UPS),
        name(product, "name"),
        number(product, &bundle::UNITS),
        number(product, &bundle::PRIORITY.bounds),
        items(product, "plans", 1, bundle::PLANS),
        number("BundleValidity", &bundle::VALID_DAYS),
        number("BundleRollover", &bundle::ROLLOVER_UNITS),
        number("LateRefunds", &bundle::EXTEND_DAYS),
    ];
    let scopes = [(of_cap, true), ("MarkUp", false), (product, true)];
    for (schema, has_prefixes) in scopes {
        let keys = ["countries", "networks", "prefixes"];
        let keys = keys.into_iter().take(if has_prefixes { 3 } else { 2 });
        all.extend(keys.map(|key| items(schema, key, 1, scope::LISTED)));
    }
    all
}

/// Writes every limit into the document. Returns the properties that it does not have, as `schema.property`.
pub(crate) fn write(document: &mut OpenApi) -> Vec<String> {
    let all = properties().into_iter();
    all.filter_map(|Property { schema, name, limit }| {
        let written = property(document, schema, name).and_then(|property| limit.write(property));
        written.is_none().then(|| format!("{schema}.{name}"))
    })
    .collect()
}

fn property<'d>(document: &'d mut OpenApi, schema: &str, name: &str) -> Option<&'d mut Schema> {
    let RefOr::T(Schema::Object(object)) = document.components.as_mut()?.schemas.get_mut(schema)? else {
        return None;
    };
    match object.properties.get_mut(name)? {
        RefOr::T(property) => Some(property),
        RefOr::Ref(_) => None,
    }
}

impl Limit {
    /// Writes the limit into a schema; `None` if the schema is of another kind.
    fn write(self, schema: &mut Schema) -> Option<()> {
        match (self, schema) {
            (Self::Number { least, most }, Schema::Object(object)) => write_range(object, least, most)?,
            (Self::Length { least, most }, Schema::Object(object)) => {
                object.min_length = (least > 0).then_some(least);
                object.max_length = Some(most);
            }
            (Self::Name, Schema::Object(object)) => {
                object.pattern = Some(format!("^[A-Za-z0-9_.-]{{1,{}}}$", text::NAME));
            }
            (Self::Items { least, most }, Schema::Array(array)) => {
                array.min_items = (least > 0).then_some(least);
                array.max_items = Some(most);
            }
            _ => return None,
        }
        Some(())
    }
}

fn write_range(object: &mut Object, least: u64, most: u64) -> Option<()> {
    object.minimum = Some(usize::try_from(least).ok()?.into());
    object.maximum = Some(usize::try_from(most).ok()?.into());
    Some(())
}
