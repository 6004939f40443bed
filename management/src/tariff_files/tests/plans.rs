//! Plans in their file, with what people wrote around them.

use tollgate_engine::account::DeliveryMode;
use tollgate_engine::pumping::{PumpingMode, PumpingOverrides};
use tollgate_engine::settlement::{ChargeOn, Outcome};

use super::support::{Folder, amount, problems_of};
use crate::tariff_files::{EditError, PlanInput, TierInput, add_plan, list_plans, replace_plan};

fn tier(from: u64, to: Option<u64>, percent: Option<&str>) -> TierInput {
    TierInput { from, to, discount_percent: percent.map(str::to_owned), price_per_sms: None }
}

/// The shipped plan `professional`.
fn professional() -> PlanInput {
    PlanInput {
        name: "professional".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "Africa/Nairobi".to_owned(),
        base_price: Some("0.045".to_owned()),
        tiers: vec![
            tier(1, Some(5_000), None),
            tier(5_001, Some(50_000), Some("7.5")),
            tier(50_001, None, Some("15")),
        ],
        charge_on: None,
        refund_on: None,
        delivery: None,
        bundle_segments_count: false,
        traffic_pumping: PumpingOverrides::default(),
    }
}

#[test]
fn plans_are_listed_in_the_order_of_the_file() {
    let plans = list_plans(&Folder::small().load());
    let [starter, enterprise] = &plans[..] else { panic!("{plans:?}") };
    assert_eq!((&*starter.name, starter.currency.as_str(), starter.rates), ("starter", "USD", 4));
    assert_eq!((starter.base_price, starter.tiers.len()), (Some(amount("0.05")), 3));
    assert_eq!(
        (starter.charge_on, &starter.refund_on[..]),
        (ChargeOn::Submit, &[Outcome::Rejected, Outcome::Expired][..])
    );
    assert_eq!(
        (&*enterprise.name, enterprise.base_price, &*enterprise.time_zone),
        ("enterprise", None, "UTC")
    );
    let (charge_on, refund_on) = (enterprise.charge_on, &enterprise.refund_on[..]);
    assert_eq!((charge_on, refund_on), (ChargeOn::Delivery, &[Outcome::Undelivered, Outcome::Unknown][..]));
}

#[test]
fn what_is_not_asked_for_stays_as_it_was_written() {
    let folder = Folder::shipped();
    let text = folder.text("plans.toml");
    let change = replace_plan(&folder.config(), &folder.load(), &professional()).unwrap();
    assert!(change.is_empty(), "the same definition is no change");
    let dearer = PlanInput { base_price: Some("0.046".to_owned()), ..professional() };
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &dearer).unwrap());
    assert_eq!(folder.text("plans.toml"), text.replace("\"0.045\"", "\"0.046\""));
}

#[test]
fn a_remark_behind_a_value_outlives_the_value() {
    let folder = Folder::shipped();
    let text = folder.text("plans.toml");
    let starter = PlanInput {
        name: "starter".to_owned(),
        base_price: None,
        tiers: vec![
            tier(1, Some(1_000), None),
            tier(1_001, Some(10_000), Some("5")),
            tier(10_001, None, Some("10")),
        ],
        ..professional()
    };
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &starter).unwrap());
    let remark = "                     # or \"refuse\": messages";
    assert!(text.contains(&format!("base_price = \"0.05\"{remark}")));
    assert_eq!(folder.text("plans.toml"), text.replace("\"0.05\"", "\"refuse\""));
    assert_eq!(list_plans(&folder.load())[0].base_price, None);
}

#[test]
fn every_key_can_be_changed_and_taken_away() {
    let folder = Folder::small();
    let plan = PlanInput {
        name: "starter".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "Asia/Tashkent".to_owned(),
        base_price: Some("0.1".to_owned()),
        tiers: vec![
            TierInput { price_per_sms: Some("0.09".to_owned()), ..tier(1, Some(10), None) },
            tier(11, None, Some("12.5")),
        ],
        charge_on: Some("acceptance".to_owned()),
        refund_on: Some(Vec::new()),
        delivery: Some("charge_only".to_owned()),
        bundle_segments_count: true,
        traffic_pumping: alert_at(12),
    };
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &plan).unwrap());
    let starter = &list_plans(&folder.load())[0];
    assert_eq!((&*starter.time_zone, starter.base_price), ("Asia/Tashkent", Some(amount("0.1"))));
    assert_eq!(
        (starter.charge_on, starter.refund_on.len(), starter.tiers.len()),
        (ChargeOn::Acceptance, 0, 2)
    );
    assert_eq!(starter.tiers[0].price_per_sms, Some(amount("0.09")));
    assert_eq!(starter.delivery, DeliveryMode::ChargeOnly);
    assert_eq!((starter.bundle_segments_count, starter.pumping), (true, alert_at(12)));
    let again = replace_plan(&folder.config(), &folder.load(), &plan).unwrap();
    assert!(again.is_empty(), "the same definition is no change");
    let bare = PlanInput {
        tiers: Vec::new(),
        charge_on: None,
        refund_on: None,
        delivery: None,
        bundle_segments_count: false,
        traffic_pumping: PumpingOverrides::default(),
        ..plan
    };
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &bare).unwrap());
    let starter = &list_plans(&folder.load())[0];
    assert_eq!((starter.charge_on, starter.refund_on.len(), starter.tiers.len()), (ChargeOn::Submit, 2, 0));
    assert_eq!(starter.delivery, DeliveryMode::Routed);
    assert_eq!((starter.bundle_segments_count, starter.pumping), (false, PumpingOverrides::default()));
}

#[test]
fn the_search_for_traffic_pumping_may_be_a_word_or_a_table_of_its_own() {
    let folder = Folder::shipped();
    let asked =
        |sequence_numbers| PlanInput { traffic_pumping: alert_at(sequence_numbers), ..professional() };
    let shipped = folder.text("plans.toml");
    let enterprise = "[[plan]]\nname = \"enterprise\"";
    let with = |lines: &str| shipped.replace(enterprise, &format!("{lines}\n\n{enterprise}"));
    folder.write("plans.toml", &with("traffic_pumping = \"alert\""));
    assert_eq!(list_plans(&folder.load())[1].pumping.mode, Some(PumpingMode::Alert));
    let word = PlanInput {
        traffic_pumping: PumpingOverrides { sequence_numbers: None, ..alert_at(12) },
        ..professional()
    };
    assert!(replace_plan(&folder.config(), &folder.load(), &word).unwrap().is_empty());
    folder.write("plans.toml", &with("[plan.traffic_pumping]\nmode = \"alert\"\nsequence_numbers = 12"));
    assert!(replace_plan(&folder.config(), &folder.load(), &asked(12)).unwrap().is_empty());
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &asked(13)).unwrap());
    assert_eq!(list_plans(&folder.load())[1].pumping, alert_at(13));
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &professional()).unwrap());
    assert_eq!(list_plans(&folder.load())[1].pumping, PumpingOverrides::default());
}

fn alert_at(sequence_numbers: u32) -> PumpingOverrides {
    PumpingOverrides {
        mode: Some(PumpingMode::Alert),
        sequence_numbers: Some(sequence_numbers),
        ..PumpingOverrides::default()
    }
}

#[test]
fn a_new_plan_comes_after_the_others() {
    let folder = Folder::shipped();
    let text = folder.text("plans.toml");
    let plan = PlanInput { name: "night".to_owned(), ..professional() };
    let change = add_plan(&folder.config(), &folder.load(), &plan).unwrap();
    folder.apply(&change);
    let added = "\n[[plan]]\nname = \"night\"\ncurrency = \"USD\"\ntime_zone = \"Africa/Nairobi\"\n\
                 base_price = \"0.045\"\ntiers = [\n  { from = 1, to = 5000 },\n  \
                 { from = 5001, to = 50000, discount_percent = \"7.5\" },\n  \
                 { from = 50001, discount_percent = \"15\" },\n]\n";
    assert_eq!(folder.text("plans.toml"), text + added);
    let plans = list_plans(&folder.load());
    assert_eq!((&*plans[3].name, &plans[3].tiers), ("night", &plans[1].tiers));
    assert!(plans[3].rates > 0, "rates of every plan are its too");
}

#[test]
fn plans_and_tiers_may_be_written_in_other_ways() {
    let folder = Folder::small();
    folder.edit("tollgate.toml", "ported = \"ported.csv\"\n", "");
    folder.write(
        "plans.toml",
        "plan = [\n  { name = \"starter\", currency = \"USD\", time_zone = \"UTC\", base_price = \"0.05\" }, # one\n  \
         { name = \"enterprise\", currency = \"USD\", time_zone = \"UTC\", base_price = \"0.04\" },\n]\n",
    );
    let cheaper = PlanInput {
        name: "enterprise".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "UTC".to_owned(),
        base_price: Some("0.03".to_owned()),
        ..PlanInput::default()
    };
    let text = folder.text("plans.toml");
    folder.apply(&replace_plan(&folder.config(), &folder.load(), &cheaper).unwrap());
    assert_eq!(folder.text("plans.toml"), text.replace("\"0.04\"", "\"0.03\""));
    let third = PlanInput { name: "third".to_owned(), ..cheaper };
    folder.apply(&add_plan(&folder.config(), &folder.load(), &third).unwrap());
    assert_eq!(list_plans(&folder.load())[2].base_price, Some(amount("0.03")));
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_key() {
    let folder = Folder::shipped();
    let text = folder.text("plans.toml");
    let wrong = PlanInput {
        name: "a b".to_owned(),
        currency: "usd".to_owned(),
        time_zone: "Mars/Base".to_owned(),
        base_price: Some("0.0000001".to_owned()),
        tiers: vec![tier(2, None, Some("101"))],
        charge_on: Some("never".to_owned()),
        refund_on: Some(vec!["delivered".to_owned()]),
        delivery: Some("sometimes".to_owned()),
        bundle_segments_count: false,
        traffic_pumping: PumpingOverrides::default(),
    };
    let problems = problems_of(&folder, add_plan(&folder.config(), &folder.load(), &wrong));
    for expected in [
        "plans.toml:45: plan.name: `a b` is not a name",
        "plans.toml:46: plan.currency: `usd` is not a currency code",
        "plans.toml:47: plan.time_zone: `Mars/Base` is not in the time zone database",
        "plans.toml:48: plan.base_price: `0.0000001` is finer than a millionth",
        "plans.toml:50: plan.tiers.from: must be 1",
        "plans.toml:50: plan.tiers.discount_percent: `101` is not a percentage",
        "plans.toml:52: plan.charge_on: `never` is not one of",
        "plans.toml:53: plan.refund_on: `delivered` is not one of",
        "plans.toml:54: plan.delivery: `sometimes` is not one of",
    ] {
        assert!(problems.contains(expected), "{expected}\nis not among\n{problems}");
    }
    assert_eq!(folder.text("plans.toml"), text);
}

#[test]
fn a_plan_is_added_once_and_replaced_only_where_it_is() {
    let folder = Folder::shipped();
    let there = add_plan(&folder.config(), &folder.load(), &professional()).unwrap_err();
    assert!(matches!(&there, EditError::Exists { name, .. } if name == "professional"), "{there}");
    let absent = PlanInput { name: "gold".to_owned(), ..professional() };
    let missing = replace_plan(&folder.config(), &folder.load(), &absent).unwrap_err();
    assert_eq!(missing.to_string(), "there is no plan gold");
}
