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
    load_with(accounts, |file, text| match file {
        "price_lists.toml" => price_lists.to_owned(),
        "bundles.toml" => bundles.to_owned(),
        _ => text,
    })
}

/// The same with an edit of every file.
fn load_with(accounts: &[(&str, &str)], edited: impl Fn(&str, String) -> String) -> Result<Loaded, Problems> {
    let folder: TempDir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir("tests/config_small").unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let edit = |file: &str, change: &dyn Fn(String) -> String| {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, edited(file, change(text))).unwrap();
    };
    let table = |(id, lines): &(&str, &str)| {
        format!("\n[[account]]\nid = \"{id}\"\nplan = \"starter\"\n{HASH}\n{lines}\n")
    };
    let more: String = accounts.iter().map(table).collect();
    edit("accounts.toml", &|text| text + &more);
    for file in ["plans.toml", "price_lists.toml", "bundles.toml"] {
        edit(file, &|text| text);
    }
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
    let words = "account.price_list: `shop` would sell a segment to 639/02 at 0.0199 USD, below its own price of 0.02";
    assert!(refused.contains(words), "{refused}");
    let warned = with("below_cost = \"warn\"", client).unwrap().warnings;
    assert!(warned.len() == 1 && warned[0].contains(words), "{warned:?}");
    assert_eq!(with("below_cost = \"allow\"", client).unwrap().warnings, [""; 0]);
    // The account's own rates come first.
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
fn whoever_pays_for_the_messages_of_an_agents_child_sells_to_it() {
    let list = |owner: &str, percent: &str| {
        format!(
            "[[price_list]]\nname = \"of_{owner}\"\nowner = \"{owner}\"\ncurrency = \"USD\"\n\
             mark_ups = [{{ percent = \"{percent}\" }}]\n\
             [[price_list]]\nname = \"low_{owner}\"\nowner = \"{owner}\"\ncurrency = \"USD\"\n\
             rates = [{{ mcc = \"639\", mnc = \"03\", price = \"0.01\" }}]\n"
        )
    };
    let commission = "earning = { commission_percent = \"10\", of = \"charge\" }";
    let client =
        |parent: &str, low: &str| format!("parent = \"{parent}\"\nprice_list = \"{low}\"\n{commission}");
    // Of an agent right below the house the house sells, and pays nobody.
    let of_house = client("shop", "low_shop");
    assert!(load(&[SHOP, ("client", &of_house)], &list("shop", "0"), "").is_ok());
    // Between the two there is an agent, whose own price is 0.0198: what counts is that of the one above it, 0.018.
    let agent = "parent = \"shop\"\nis_reseller = true\nchain = true\nprice_list = \"of_shop\"";
    let lists = list("shop", "10") + &list("agent", "0");
    let with = |price: &str| {
        let lists = lists.replace("price = \"0.01\"", &format!("price = \"{price}\""));
        load(&[SHOP, ("agent", agent), ("client", &client("agent", "low_agent"))], &lists, "")
    };
    let cost = with("0.018").unwrap().warnings;
    assert_eq!(cost, [""; 0], "639/03 costs the shop 0.018");
    let refused = with("0.0179").unwrap_err().to_string();
    let words = "account.price_list: `shop` would sell a segment to 639/03 at 0.0179 USD, below its own price of 0.018";
    assert!(refused.contains(words), "{refused}");
}

#[test]
fn prices_are_compared_at_every_volume_at_which_a_tier_begins() {
    let plans = |name: &str, price: &str, tiers: &str| {
        format!(
            "\n[[plan]]\nname = \"{name}\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\nbase_price = \"{price}\"\ntiers = [{tiers}]\n"
        )
    };
    let with = |of_shop: &str, of_client: &str| {
        let more = plans("buying", "0.10", of_shop) + &plans("selling", "0.20", of_client);
        let shop = ("shop", "is_reseller = true\nchain = true");
        let accounts = [shop, ("client", "parent = \"shop\"")];
        load_with(&accounts, |file, text| match file {
            "plans.toml" => text + &more,
            "accounts.toml" => text
                .replace("id = \"shop\"\nplan = \"starter\"", "id = \"shop\"\nplan = \"buying\"")
                .replace("id = \"client\"\nplan = \"starter\"", "id = \"client\"\nplan = \"selling\""),
            "tollgate.toml" => text.replace("rates = [\"rates.csv\"]", "rates = []"),
            _ => text,
        })
    };
    let half = "{ from = 1, to = 99 }, { from = 100, discount_percent = \"50\" }";
    for (of_shop, of_client) in [("", ""), ("", half), (half, half), (half, "")] {
        assert!(with(of_shop, of_client).is_ok(), "{of_shop} / {of_client}");
    }
    for (of_shop, of_client, words) in [
        ("", "{ from = 1, price_per_sms = \"0.001\" }", "at 0.001 USD, below its own price of 0.10;"),
        ("", "{ from = 1, discount_percent = \"99\" }", "at 0.002 USD, below its own price of 0.10;"),
        (
            "",
            "{ from = 1, to = 9 }, { from = 10, discount_percent = \"51\" }",
            "at 0.098 USD, below its own price of 0.10, as segment 10 of a month;",
        ),
        // At 99 segments the shop still pays the whole price.
        (
            half,
            "{ from = 1, to = 98 }, { from = 99, discount_percent = \"75\" }",
            "at 0.05 USD, below its own price of 0.10, as segment 99 of a month;",
        ),
        // A tier of the one that sells can make it dearer.
        (
            "{ from = 1, to = 9 }, { from = 10, price_per_sms = \"0.21\" }",
            "",
            "at 0.20 USD, below its own price of 0.21, as segment 10 of a month;",
        ),
    ] {
        // What begins with a later tier is a warning, as files of earlier versions may have it.
        let told = match with(of_shop, of_client) {
            Err(refused) if words.starts_with("at 0.00") => refused.to_string(),
            Ok(warned) if words.contains("as segment") => warned.warnings.concat(),
            other => panic!("{words}: {:?}", other.map(|loaded| loaded.warnings)),
        };
        assert!(told.contains("account.plan: `shop` would sell") && told.contains(words), "{told}");
    }
}

#[test]
fn a_reseller_sells_no_units_below_its_own_price() {
    let product = |seller: &str, price: &str, traffic: &str, unit: &str| {
        format!(
            "[[bundle]]\nname = \"own\"\nseller = \"{seller}\"\nprice = \"{price}\"\ncurrency = \"USD\"\nunits = 100\n\
             unit = \"{unit}\"\n{traffic}\nvalidity = {{ days = 30 }}\n"
        )
    };
    let with = |accounts: &[(&str, &str)], bundle: &str| load(accounts, "", bundle);
    let of_network = "networks = [\"639/03\"]";
    let sold = with(&[SHOP], &product("shop", "1.80", of_network, "segments")).unwrap();
    assert_eq!(sold.provisioning.bundles[0].seller.as_deref(), Some("shop"));
    for (bundle, words) in [
        (
            product("shop", "1.79", of_network, "segments"),
            "bundles.toml:4: bundle.price: comes to less for a unit than the 0.018 USD that its seller pays for a segment to 639/03",
        ),
        (product("shop", "1.79", "prefixes = [\"25473\"]", "messages"), "bundle.price: comes to less"),
        (product("shop", "1.80", "", "segments"), "bundle.price: comes to less"),
        (product("nobody", "9", "", "segments"), "bundles.toml:3: bundle.seller: "),
        (product("first", "9", "", "segments"), "bundle.seller: `first` is not a reseller"),
    ] {
        let refused = with(&[SHOP], &bundle).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
    assert!(with(&[SHOP], &product("shop", "0", "", "tokens")).is_ok(), "tokens are for no messages");
    let warns = ("shop", "is_reseller = true\nchain = true\nbelow_cost = \"warn\"");
    let warned = with(&[warns], &product("shop", "1", of_network, "segments")).unwrap().warnings;
    assert!(warned.len() == 1 && warned[0].contains("bundle.price: comes to less"), "{warned:?}");
}

#[test]
fn a_commission_is_written_by_either_name() {
    let with = |lines: &str| {
        let client = format!("parent = \"shop\"\nearning = {{ {lines}, of = \"charge\" }}");
        load(&[SHOP, ("client", &client)], "", "")
    };
    assert!(with("percent = \"10\"").is_ok());
    let twice = with("percent = \"10\", commission_percent = \"10\"").unwrap_err().to_string();
    assert!(twice.contains("earning.percent: is given beside commission_percent"), "{twice}");
    assert!(with("percent = \"101\"").unwrap_err().to_string().contains("earning.percent: "));
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
