//! Bundle products, from what was asked for and back.

use tollgate_api::accounts::Source;
use tollgate_api::answer::Answer;
use tollgate_api::bundle_products::{
    BundleProduct, BundleProductInput, BundleRollover, BundleValidity, LateRefundKind, LateRefunds,
    RolloverKind, ValidityKind,
};
use tollgate_api::choice::Word;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_engine::network::Networks;
use tollgate_provisioning::bounds::bundle::PRIORITY;
use tollgate_provisioning::{self as provisioning, Rollover, Validity, check_product, texts};

use super::scopes::{AskedScope, ShownScope};

/// The product that was asked for; `Err` names the field that is wrong. Countries and networks are looked up in a catalogue where
/// one is given.
pub fn product_of(
    asked: &BundleProductInput,
    catalogue: Option<&Networks>,
) -> Answer<provisioning::BundleProduct> {
    let named = |field: &'static str| move |message: String| Problem::field(field, message);
    let scope = AskedScope {
        countries: asked.countries.as_ref(),
        networks: asked.networks.as_ref(),
        prefixes: asked.prefixes.as_ref(),
    };
    let priority = PRIORITY.bounds.check(asked.priority).map_err(|error| error.to_string());
    priority.map_err(named("priority"))?;
    let plans = asked.plans.as_ref();
    let plans = plans.map(|plans| plans.iter().map(|plan| texts::name(plan)).collect()).transpose();
    let product = provisioning::BundleProduct {
        name: texts::name(&asked.name).map_err(named("name"))?,
        seller: asked.seller.as_deref().map(texts::name).transpose().map_err(named("seller"))?,
        price: asked.price.0,
        currency: texts::currency(asked.currency.0.as_str()).map_err(named("currency"))?,
        units: asked.units,
        unit: asked.unit.0,
        scope: scope.scope("", catalogue)?,
        validity: validity_of(asked.validity)?,
        rollover: rollover_of(asked.rollover)?,
        priority: u8::try_from(asked.priority).unwrap_or(u8::MAX),
        late_refunds: late_refunds_of(asked.late_refunds)?,
        plans: plans.map_err(named("plans"))?,
    };
    check_product(&product).map_err(|(key, message)| Problem::field(field_of(key), message))?;
    Ok(product)
}

/// The field of a key whose number stands in an object of its own here.
fn field_of(key: &'static str) -> &'static str {
    match key {
        "validity" => "validity.days",
        "rollover" => "rollover.at_most",
        "late_refunds" => "late_refunds.extend_days",
        other => other,
    }
}

fn validity_of(asked: BundleValidity) -> Answer<Validity> {
    let wrong = |message: &str| Err(Problem::field("validity.days", message));
    match (asked.kind, asked.days) {
        (ValidityKind::Days, Some(days)) => Ok(Validity::Days(days)),
        (ValidityKind::CalendarMonth, None) => Ok(Validity::CalendarMonth),
        (ValidityKind::Days, None) => wrong("is needed for the kind `days`"),
        (ValidityKind::CalendarMonth, Some(_)) => wrong("is only for the kind `days`"),
    }
}

fn rollover_of(asked: BundleRollover) -> Answer<Rollover> {
    let wrong = |message: &str| Err(Problem::field("rollover.at_most", message));
    match (asked.kind, asked.at_most) {
        (RolloverKind::None, None) => Ok(Rollover::None),
        (RolloverKind::All, None) => Ok(Rollover::All),
        (RolloverKind::AtMost, Some(units)) => Ok(Rollover::UpTo(units)),
        (RolloverKind::AtMost, None) => wrong("is needed for the kind `at_most`"),
        (_, Some(_)) => wrong("is only for the kind `at_most`"),
    }
}

fn late_refunds_of(asked: LateRefunds) -> Answer<provisioning::LateRefunds> {
    let wrong = |message: &str| Err(Problem::field("late_refunds.extend_days", message));
    match (asked.kind, asked.extend_days) {
        (LateRefundKind::Forfeit, None) => Ok(provisioning::LateRefunds::Forfeit),
        (LateRefundKind::Extend, Some(days)) => Ok(provisioning::LateRefunds::ExtendDays(days)),
        (LateRefundKind::Extend, None) => wrong("is needed for the kind `extend`"),
        (LateRefundKind::Forfeit, Some(_)) => wrong("is only for the kind `extend`"),
    }
}

/// A product as the API shows it, without the times at which it was changed.
pub fn shown_product(product: &provisioning::BundleProduct, source: Source) -> BundleProduct {
    let ShownScope { countries, networks, prefixes } = ShownScope::of(&product.scope);
    let plans = product.plans.as_ref();
    BundleProduct {
        name: product.name.to_string(),
        seller: product.seller.as_ref().map(ToString::to_string),
        price: Money(product.price),
        currency: CurrencyCode(product.currency),
        units: product.units,
        unit: Word(product.unit),
        countries,
        networks,
        prefixes,
        validity: match product.validity {
            Validity::Days(days) => BundleValidity { kind: ValidityKind::Days, days: Some(days) },
            Validity::CalendarMonth => BundleValidity { kind: ValidityKind::CalendarMonth, days: None },
        },
        rollover: match product.rollover {
            Rollover::None => BundleRollover { kind: RolloverKind::None, at_most: None },
            Rollover::All => BundleRollover { kind: RolloverKind::All, at_most: None },
            Rollover::UpTo(units) => BundleRollover { kind: RolloverKind::AtMost, at_most: Some(units) },
        },
        priority: product.priority.into(),
        late_refunds: match product.late_refunds {
            provisioning::LateRefunds::Forfeit => {
                LateRefunds { kind: LateRefundKind::Forfeit, extend_days: None }
            }
            provisioning::LateRefunds::ExtendDays(days) => {
                LateRefunds { kind: LateRefundKind::Extend, extend_days: Some(days) }
            }
        },
        plans: plans.map(|plans| plans.iter().map(ToString::to_string).collect::<Vec<_>>()),
        source,
        created_at: None,
        updated_at: None,
        warnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::bundle::BundleUnit;

    use super::*;

    type Edit = fn(&mut BundleProductInput);

    fn asked() -> BundleProductInput {
        serde_json::from_str(
            r#"{"name":"kenya","price":"15.00","currency":"USD","units":1000,"unit":"segments","countries":["KE"],
                "validity":{"kind":"days","days":30},"rollover":{"kind":"at_most","at_most":200},
                "late_refunds":{"kind":"extend","extend_days":3},"plans":["starter"]}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_product_is_shown_as_it_was_asked_for() {
        let product = product_of(&asked(), None).unwrap();
        assert_eq!((product.unit, product.priority), (BundleUnit::Segments, 100));
        let shown = shown_product(&product, Source::Api);
        assert_eq!((shown.validity, shown.rollover), (asked().validity, asked().rollover));
        assert_eq!((shown.late_refunds, shown.plans), (asked().late_refunds, asked().plans));
        assert_eq!(shown.countries, asked().countries);
    }

    #[test]
    fn what_is_wrong_with_a_product_names_its_field() {
        let edits: [(Edit, &str); 12] = [
            (|asked| asked.units = 0, "units"),
            (|asked| asked.price.0 = "-1".parse().unwrap(), "price"),
            (|asked| asked.priority = 256, "priority"),
            (|asked| asked.validity.days = None, "validity.days"),
            (|asked| asked.validity.days = Some(0), "validity.days"),
            (|asked| asked.validity.kind = ValidityKind::CalendarMonth, "validity.days"),
            (|asked| asked.rollover.at_most = None, "rollover.at_most"),
            (|asked| asked.rollover.at_most = Some(0), "rollover.at_most"),
            (|asked| asked.late_refunds.kind = LateRefundKind::Forfeit, "late_refunds.extend_days"),
            (|asked| asked.plans = Some(Vec::new()), "plans"),
            (|asked| asked.prefixes = Some(vec!["254".to_owned()]), "prefixes"),
            (|asked| asked.unit = Word(BundleUnit::Tokens), "unit"),
        ];
        for (edit, field) in edits {
            let mut wrong = asked();
            edit(&mut wrong);
            assert_eq!(product_of(&wrong, None).unwrap_err().errors[0].field, field);
        }
    }
}
