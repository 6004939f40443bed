//! Imported price lists: what they would change, that it is what they change, and what is flagged.

use rust_decimal::Decimal;
use tollgate_engine::operator::Operator;

use super::support::{Folder, at};
use crate::tariff_files::{
    EditError, ImportDifference, ImportOptions, ImportTarget, ListedPrices, OutlierKind, plan_import,
};
use tollgate_provisioning::import::{ImportProfile, NetworkDirectory, ReadOptions, Wording, read_price_list};

const NOW: &str = "2026-11-30";

fn plan_of(name: &str) -> ImportTarget {
    ImportTarget::Plan(name.to_owned())
}

/// Compares a list with what is in the folder.
fn import(
    folder: &Folder,
    target: &ImportTarget,
    list: &str,
    profile: &ImportProfile,
) -> Result<ImportDifference, EditError> {
    let loaded = folder.load();
    let prices = target.prices(&folder.config(), &loaded, None)?;
    let options = ReadOptions {
        name: "list",
        profile,
        currency: prices.currency,
        plan: target.plan(),
        effective: None,
        wording: Wording::Fields,
    };
    let directory = NetworkDirectory::of(&loaded.provisioning);
    let read = read_price_list(list.as_bytes(), &options, &directory);
    let read = read.unwrap_or_else(|refused| panic!("{}", refused.problems));
    let listed =
        ListedPrices { name: "list", rates: &read.rates, closed: &read.closed, content: read.content };
    let operators: Vec<Operator> =
        loaded.provisioning.operators.iter().map(|provisioned| provisioned.operator.clone()).collect();
    let options =
        ImportOptions { operators: &operators, move_limit_percent: Decimal::from(20), now: at(NOW) };
    plan_import(&folder.config(), &loaded, &prices, &listed, &options)
}

fn changes_only() -> ImportProfile {
    ImportProfile { content: Some("changes".to_owned()), ..ImportProfile::default() }
}

/// The differences in lines.
fn told(difference: &ImportDifference) -> Vec<String> {
    let moves = &difference.moves;
    let added = moves.added.iter().map(|row| format!("+ {} {}", row.rate.network, row.rate.price));
    let removed = moves.removed.iter().map(|rate| format!("- {} {}", rate.network, rate.price));
    let changed = moves.changed.iter().map(|row| {
        let to = row.new.effective_to.map(|to| format!(" to {}", to.to_rfc3339())).unwrap_or_default();
        format!("{} {} → {}{to}", row.new.network, row.old.price, row.new.price)
    });
    added.chain(removed).chain(changed).collect()
}

fn kinds(difference: &ImportDifference) -> Vec<OutlierKind> {
    difference.outliers.iter().map(|outlier| outlier.kind).collect()
}

#[test]
fn a_full_list_takes_the_place_of_a_plans_rates_and_of_no_other() {
    let folder = Folder::small();
    let list = "MCC;MNC;Price USD\n639;03;0,0181\n639;02;0,02\n";
    let difference = import(&folder, &plan_of("starter"), list, &ImportProfile::default()).unwrap();
    assert_eq!(told(&difference), ["+ 639/03 0.0181", "+ 639/02 0.02", "- 639/03 0.018"]);
    assert_eq!(kinds(&difference), []);
    let text = folder.text("rates.csv");
    folder.apply(&difference.change);
    let kept: String = text.split_inclusive('\n').take(5).collect();
    let added = "starter,639,03,0.0181,,,own\nstarter,639,02,0.02,,,Kenya: Safaricom\n";
    assert_eq!(folder.text("rates.csv"), kept + added);
    let again = import(&folder, &plan_of("starter"), list, &ImportProfile::default()).unwrap();
    assert_eq!((told(&again), again.change.is_empty()), (Vec::new(), true));
}

#[test]
fn a_list_of_changes_leaves_the_other_networks_alone() {
    let folder = Folder::small();
    let list = "MCC,MNC,Price USD,Effective,Status\n639,02,0.021,2026-12-15,Increase\n";
    let difference = import(&folder, &plan_of("*"), list, &changes_only()).unwrap();
    // What holds until the fifteenth stays; a later row gives way.
    assert_eq!(told(&difference), ["+ 639/02 0.021", "- 639/02 0.021"]);
    folder.apply(&difference.change);
    let text = folder.text("rates.csv");
    assert!(text.contains("*,639,02,0.02,,,common\n"), "{text}");
    assert!(text.contains("*,639,02,0.021,2026-12-15T00:00:00Z,,common later\n"), "{text}");
    assert!(text.contains("*,639,,0.03,,,common MCC\n"), "{text}");
}

#[test]
fn a_closed_network_ends_on_its_day() {
    let folder = Folder::small();
    let list = "MCC,MNC,Price USD,Effective,Status\n639,03,,2026-12-15,Closed\n";
    let difference = import(&folder, &plan_of("starter"), list, &changes_only()).unwrap();
    assert_eq!(told(&difference), ["639/03 0.018 → 0.018 to 2026-12-15T00:00:00Z"]);
}

#[test]
fn prices_that_people_should_look_at_are_flagged() {
    let folder = Folder::small();
    let of = |list: &str| kinds(&import(&folder, &plan_of("starter"), list, &changes_only()).unwrap());
    let header = "MCC,MNC,Price USD,Status\n";
    for (row, expected) in [
        ("639,03,0.18,", vec![OutlierKind::Tenfold]),
        ("639,03,0.0018,", vec![OutlierKind::Tenfold]),
        ("639,03,0.03,", vec![OutlierKind::Moved]),
        ("639,03,0,", vec![OutlierKind::Zero]),
        ("639,03,0.017,Increase", vec![OutlierKind::Status]),
        ("639,03,0.0181,Increase", vec![]),
        ("639,02,0.00009,", vec![OutlierKind::Tenfold, OutlierKind::BelowCost]),
        ("901,14,0.05,New", vec![]),
    ] {
        assert_eq!(of(&format!("{header}{row}\n")), expected, "{row}");
    }
    let full =
        import(&folder, &plan_of("starter"), &format!("{header}639,02,0.02,\n"), &ImportProfile::default());
    assert_eq!(kinds(&full.unwrap()), [OutlierKind::Removed]);
}

#[test]
fn another_code_of_the_same_operator_is_named_where_it_keeps_its_price() {
    let folder = Folder::small();
    let list = "MCC,MNC,Price USD\n639,01,0.021\n";
    let difference = import(&folder, &plan_of("*"), list, &changes_only()).unwrap();
    assert_eq!(kinds(&difference), [OutlierKind::Alias]);
    assert!(
        difference.outliers[0].message.starts_with("639/02 is another code"),
        "{:?}",
        difference.outliers
    );
}

#[test]
fn costs_of_an_operator_are_imported_into_its_file() {
    let folder = Folder::small();
    let near = ImportTarget::Operator("near".to_owned());
    let list = "MCCMNC,PriceSubmit,Currency,Effective\n63902,3.5,KES,2026-12-01\n63903,1.5,KES,2026-12-01\n";
    let difference = import(&folder, &near, list, &ImportProfile::default()).unwrap();
    assert_eq!(difference.file, "costs.csv");
    let kinds = kinds(&difference);
    assert!(kinds.contains(&OutlierKind::SharedFile), "{kinds:?}");
    assert!(kinds.contains(&OutlierKind::BelowCost), "3.5 KES are more than 0.02 USD: {kinds:?}");
    folder.apply(&difference.change);
    let text = folder.text("costs.csv");
    assert!(text.starts_with("mcc,mnc,cost,"), "{text}");
    assert!(text.contains("639,02,3.50,2026-12-01T00:00:00Z,,"), "{text}");
}

#[test]
fn rates_of_an_account_are_imported_into_its_file() {
    let folder = Folder::small();
    folder.write("second.csv", "\u{feff}mcc,mnc,price\n639,02,0.015\n");
    folder.edit("accounts.toml", "plan = \"enterprise\"", "plan = \"enterprise\"\nrates = \"second.csv\"");
    let second = ImportTarget::Account("second".to_owned());
    let list = "MCC,MNC,Price USD\n639,02,0.016\n";
    let difference = import(&folder, &second, list, &ImportProfile::default()).unwrap();
    assert_eq!(told(&difference), ["639/02 0.015 → 0.016"]);
    folder.apply(&difference.change);
    assert_eq!(folder.text("second.csv"), "mcc,mnc,price\n639,02,0.016\n");
}

#[test]
fn an_owner_without_a_file_is_told_so() {
    let folder = Folder::small();
    let error = import(
        &folder,
        &ImportTarget::Account("second".to_owned()),
        "MCC,MNC,Price\n639,02,0.02\n",
        &ImportProfile::default(),
    );
    assert!(matches!(&error, Err(EditError::NoFile { key: "rates", .. })), "{error:?}");
    let missing = ImportTarget::Plan("nobody".to_owned()).currency(&folder.load());
    assert!(matches!(missing, Err(EditError::Missing { what: "plan", .. })), "{missing:?}");
}

#[test]
fn faults_of_the_configuration_are_named_without_its_folder() {
    let folder = Folder::small();
    let overlay = [("rates.csv".to_owned(), b"plan,mcc,mnc,price\nnobody,639,02,x\n".to_vec())].into();
    let problems = crate::tariff_files::load_with(&folder.config(), &overlay).unwrap_err().to_string();
    assert!(problems.starts_with("rates.csv:2: "), "{problems}");
    assert!(!problems.contains(&folder.path("").display().to_string()), "{problems}");
}
