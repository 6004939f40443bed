//! Chains, price lists and bundles that are right, and prices below cost.

use std::fs;

use tempfile::TempDir;
use tollgate_engine::bundle::BundleUnit;
use tollgate_engine::calendar::SpanUnit;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::Currency;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::TrafficScope;
use tollgate_provisioning::{
    self as config, ArchivedTariff, ArchivedTerms, LateRefunds, Loaded, Problems, Rollover, Validity,
};

const HASH: &str = "password_hash = \"$argon2id$v=19$m=7168,t=4,p=1$bm9ib2R5IGtub3dzIGl0IQ$\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"";

/// The small configuration with accounts, price lists and bundles beside.
fn load(accounts: &[(&str, &str)], price_lists: &str, bundles: &str) -> Result<Loaded, Problems> {
    let folder: TempDir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir("tests/config_small").unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let edit = |file: &str, change: &dyn Fn(String) -> String| {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, change(text)).unwrap();
    };
    let table = |(id, lines): &(&str, &str)| {
        format!("\n[[account]]\nid = \"{id}\"\nplan = \"starter\"\n{HASH}\n{lines}\n")
    };
    let more: String = accounts.iter().map(table).collect();
    edit("accounts.toml", &|text| text + &more);
    edit("price_lists.toml", &|_| price_lists.to_owned());
    edit("bundles.toml", &|_| bundles.to_owned());
    let names = "[tariff]\nprice_lists = \"price_lists.toml\"\nbundles = \"bundles.toml\"\n";
    edit("tollgate.toml", &|text| text.replacen("[tariff]\n", names, 1));
    config::load(&folder.path().join("tollgate.toml"))
}

const SHOP: (&str, &str) = ("shop", "is_reseller = true\nchain = true");

fn marked(percent: &str) -> String {
    let mark_up =
        format!("mark_ups = [{{ countries = [\"KE\"], percent = \"{percent}\", per_segment = \"0.001\" }}]");
    format!("[[price_list]]\nname = \"resale\"\nowner = \"shop\"\ncurrency = \"USD\"\n{mark_up}\n")
}

#[test]
fn a_chain_is_read_and_priced_from_the_top_down() {
    let client = "parent = \"shop\"\nprice_list = \"resale\"\n\
        caps = [{ name = \"day\", span = \"day\", max_amount = \"5\", countries = [\"KE\"], hard = false }]";
    let agent = "parent = \"shop\"\nearning = { commission_percent = \"12.5\", of = \"margin\" }";
    let loaded = load(&[SHOP, ("client", client), ("agent", agent)], &marked("10"), "").unwrap();
    assert_eq!(loaded.warnings, [""; 0]);
    let tables = Tables::build(loaded.provisioning.definition(&loaded.settings.refusals)).unwrap();
    let client = tables.terms("client").unwrap();
    let (shop, cap) = (tables.terms("shop").unwrap(), &client.account.caps[0]);
    assert_eq!((cap.name(), cap.span(), cap.is_hard, cap.gives_back), ("day", SpanUnit::Day, false, true));
    assert_eq!(cap.scope, TrafficScope::Countries([CountryCode::new("KE").unwrap()].into()));
    assert!(shop.account.reselling.chain);
    let agent = &tables.terms("agent").unwrap().account.reselling;
    assert!(
        matches!(agent.earning, Earning::CommissionOfMargin(share) if share.percent().to_string() == "12.5")
    );

    // The archive has all of it.
    let files: Vec<(String, Vec<u8>)> =
        loaded.provisioning.archive.iter().map(|file| (file.name.to_string(), file.bytes.to_vec())).collect();
    let archived = ArchivedTerms::read(&files).unwrap();
    for id in ["shop", "client", "agent", "first"] {
        let now = &tables.terms(id).unwrap().account.reselling;
        assert_eq!(archived.reselling(id), *now, "{id}");
        assert_eq!(archived.plan(id), Some("starter"));
    }
    assert_eq!(archived.in_chains().map(|id| &**id).collect::<Vec<_>>(), ["agent", "client", "shop"]);
    let (usd, kes) = (tables.terms("shop").unwrap().account.currency, Currency::new("KES").unwrap());
    assert!(archived.exchange().at(usd, kes, UnixMicros(1)).is_some());
    assert!(ArchivedTariff::read(&files).unwrap().terms().reselling("shop").chain);
}

#[test]
fn a_parent_outside_a_chain_makes_no_other_tariff() {
    let (alone, below) = (("shop", "is_reseller = true"), ("client", "parent = \"shop\""));
    let version = |accounts: &[(&str, &str)]| load(accounts, "", "").unwrap().provisioning.version;
    assert_eq!(version(&[alone, below]), version(&[alone, ("client", "")]));
    assert_ne!(version(&[SHOP, below]), version(&[SHOP, ("client", "")]));
}

#[test]
fn a_price_below_cost_is_refused_warned_of_or_allowed_as_the_level_above_says() {
    let list = "[[price_list]]\nname = \"resale\"\nowner = \"shop\"\ncurrency = \"USD\"\n\
        rates = [{ mcc = \"639\", mnc = \"02\", price = \"0.0199\" }]\n";
    let client = ("client", "parent = \"shop\"\nprice_list = \"resale\"");
    let shop = |below_cost: &str| format!("is_reseller = true\nchain = true\n{below_cost}");
    let with = |below_cost: &str, client| load(&[("shop", &shop(below_cost)), client], list, "");
    let refused = with("", client).unwrap_err().to_string();
    let words = "account.price_list: `shop` would sell a segment to 639/01 at 0.0199 USD, below its own price of 0.02";
    assert!(refused.contains(words), "{refused}");
    let warned = with("below_cost = \"warn\"", client).unwrap().warnings;
    assert!(warned.len() == 1 && warned[0].contains(words), "{warned:?}");
    assert_eq!(with("below_cost = \"allow\"", client).unwrap().warnings, [""; 0]);
    // Who earns a commission sells no lower; and the account's own rates come first.
    let agent = "parent = \"shop\"\nprice_list = \"resale\"\nearning = { commission_percent = \"1\", of = \"charge\" }";
    assert!(with("", ("client", agent)).unwrap_err().to_string().contains(words));
    let own = "parent = \"shop\"\nprice_list = \"resale\"\nrates = [{ mcc = \"639\", mnc = \"02\", price = \"0.03\" }]";
    assert!(with("", ("client", own)).is_ok());
    let low = "parent = \"shop\"\nrates = [{ mcc = \"639\", mnc = \"02\", price = \"0.01\", effective_from = 2999-01-01 }]";
    let refused = with("", ("client", low)).unwrap_err().to_string();
    assert!(
        refused.contains("account.rates: ") && refused.contains("from 2999-01-01T00:00:00Z"),
        "{refused}"
    );
}

#[test]
fn bundle_products_are_read() {
    let bundles = "[[bundle]]\nname = \"kenya\"\nprice = \"15\"\ncurrency = \"USD\"\nunits = 1000\nunit = \"segments\"\n\
        countries = [\"KE\"]\nvalidity = { days = 30 }\nrollover = { at_most = 200 }\npriority = 7\n\
        late_refunds = { extend_days = 3 }\nplans = [\"starter\"]\n\
        [[bundle]]\nname = \"free\"\nprice = \"0\"\ncurrency = \"USD\"\nunits = 1\nunit = \"tokens\"\n\
        validity = \"calendar_month\"\nrollover = \"all\"\n";
    let products = load(&[], "", bundles).unwrap().provisioning.bundles;
    let (kenya, free) = (&products[0], &products[1]);
    assert_eq!((kenya.units, kenya.unit, kenya.priority), (1_000, BundleUnit::Segments, 7));
    assert_eq!((kenya.validity, kenya.rollover), (Validity::Days(30), Rollover::UpTo(200)));
    assert_eq!(kenya.late_refunds, LateRefunds::ExtendDays(3));
    assert_eq!((free.validity, free.rollover), (Validity::CalendarMonth, Rollover::All));
    assert_eq!((free.priority, free.late_refunds), (100, LateRefunds::Forfeit));
    let usd = kenya.currency;
    assert_eq!([kenya, free].map(|product| product.is_sold_to("enterprise", usd)), [false, true]);
}
