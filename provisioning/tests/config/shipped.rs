//! The shipped configuration is right, and its reference says what the readers read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tollgate_engine::number::Number;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{self as config, Loaded, RoutingSettings, Settings, passwords};

/// A key that no table and a column that no sheet knows, and that resembles none of them.
const UNKNOWN: &str = "zzzzzzzzzzzz";

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

fn load(directory: &Path) -> Loaded {
    config::load(&directory.join("tollgate.toml")).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The shipped files with another `tollgate.toml`.
fn with_text(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(shipped()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "tollgate.toml" {
            symlink(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    fs::write(folder.path().join("tollgate.toml"), text).unwrap();
    load(folder.path())
}

/// The meaning of the shipped files with another `tollgate.toml`.
fn with_settings(text: &str) -> (Settings, RoutingSettings) {
    let loaded = with_text(text);
    (loaded.settings, loaded.provisioning.routing)
}

/// The meaning of an empty `tollgate.toml`, the paths of the tariff aside.
fn defaults(settings: &Settings) -> (Settings, RoutingSettings) {
    (Settings { tariff: settings.tariff.clone(), ..Settings::default() }, RoutingSettings::default())
}

/// The shipped `tollgate.toml` with the sample operators switched on.
fn with_operators() -> String {
    let text = fs::read_to_string(shipped().join("tollgate.toml")).unwrap();
    let lines = ["# [operators]", "# file = \"operators.toml\"", "# exchange_rates = "];
    lines.iter().fold(text, |text, line| {
        assert_eq!(text.matches(line).count(), 1, "{line} stands once");
        text.replacen(line, &line[2..], 1)
    })
}

#[test]
fn the_samples_are_what_they_are_said_to_be() {
    let provisioning = load(&shipped()).provisioning;
    let plans: Vec<String> = provisioning
        .plans
        .iter()
        .map(|plan| {
            let tiers: Vec<String> = plan
                .tiers
                .iter()
                .map(|tier| {
                    format!(
                        "{}-{}",
                        tier.from_segment,
                        tier.to_segment.map_or(String::new(), |to| to.to_string())
                    )
                })
                .collect();
            let base = plan.base_price.unwrap();
            format!(
                "{} {} {base} {} rates {}",
                plan.name,
                plan.currency,
                plan.rates.len() + plan.common_rates.len(),
                tiers.join(" ")
            )
        })
        .collect();
    assert_eq!(
        plans,
        [
            "starter USD 0.05 17 rates 1-1000 1001-10000 10001-",
            "professional USD 0.045 17 rates 1-5000 5001-50000 50001-",
            "enterprise USD 0.03 17 rates ",
        ]
    );
    for (at, id, plan, balance, password) in [
        (0, "biz_test_001", "starter", "1000.00", "secret01"),
        (1, "biz_test_002", "professional", "500.00", "secret02"),
    ] {
        let account = &provisioning.accounts[at];
        assert_eq!((&*account.account.id, &*account.system_id, &*account.account.plan), (id, id, plan));
        assert_eq!(account.opening_balance.to_string(), balance);
        assert!(passwords::verify(Some(&account.password_hash), password.as_bytes()));
    }
    assert_eq!(provisioning.accounts.len(), 2);
}

#[test]
fn numbers_cost_what_the_samples_say() {
    let loaded = load(&shipped());
    let tables = Tables::build(loaded.provisioning.definition(&loaded.settings.refusals)).unwrap();
    let terms = tables.terms("biz_test_001").unwrap();
    let now = UnixMicros::parse("2026-11-21T12:00:00Z").unwrap();
    for (number, operator, price) in [
        ("254722000001", "639/02", "0.02"),
        ("254733000001", "639/03", "0.018"),
        ("256772000001", "641/10", "0.018"),
        ("2348030000001", "621/30", "0.024"),
        ("251911000001", "636/01", "0.028"),
        ("33612345678", "208/10", "0.05"),
        ("12125550123", "310", "0.05"),
    ] {
        let (network, _) = tables.network_of(&Number::from_digits(number.as_bytes()).unwrap()).unwrap();
        assert_eq!(tables.networks.get(network).code.to_string(), operator, "{number}");
        assert_eq!(terms.unit_price(network, now).unwrap().price.to_string(), price, "{number}");
    }
}

#[test]
fn what_is_commented_out_shows_the_default() {
    let text = fs::read_to_string(shipped().join("tollgate.toml")).unwrap();
    // The sample accounts are not served to other machines.
    let text = text.replacen("listen = \"127.0.0.1:2775\"", "listen = \"0.0.0.0:2775\"", 1);
    // These need files that are not shipped, or operators, which are not there by default.
    let needs_files = [
        "tls_listen",
        "tls_certificate",
        "tls_key",
        "ported",
        "file",
        "exchange_rates",
        "rule",
        "price_lists",
    ];
    // These are switched off by being absent.
    let absent = [
        "bundles",
        "default_delivery",
        "second_anchor",
        "cors_origins",
        "registration_plan",
        "first_request_plan",
        "session_cookie_secure",
        "user_sms_id",
    ];
    let absent =
        absent.into_iter().chain(["smtp_host", "smtp_user", "smtp_password_file", "directory", "key_file"]);
    let absent =
        absent.chain(["trusted_proxies", "house_email", "house_webhook_url", "house_webhook_secret_file"]);
    let left_out: Vec<&str> = needs_files.into_iter().chain(absent).collect();
    let mut uncommented = 0;
    let filled: Vec<&str> = text
        .lines()
        .map(|line| {
            let Some((key, _)) = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = ")) else {
                return line;
            };
            if left_out.contains(&key) {
                return line;
            }
            uncommented += 1;
            &line[2..]
        })
        .collect();
    assert!(uncommented > 20, "{uncommented} keys are commented out");
    assert_eq!(with_settings(&filled.join("\n")), with_settings(&text));
    let settings = with_settings(&text);
    assert_eq!(settings, defaults(&settings.0));
}

#[test]
fn the_sample_operators_wait_to_be_switched_on() {
    assert!(load(&shipped()).provisioning.operators.is_empty());
    let provisioning = with_text(&with_operators()).provisioning;
    let operators: Vec<String> = provisioning
        .operators
        .iter()
        .map(|provisioned| {
            let (operator, smpp) = (&provisioned.operator, &provisioned.smpp);
            let (code, currency, costs) = (&operator.code, operator.currency, operator.costs.len());
            format!("{code} {}:{} {currency} {costs} costs", smpp.host, smpp.port)
        })
        .collect();
    assert_eq!(operators, ["alpha 127.0.0.1:2776 USD 11 costs", "beta 127.0.0.1:2777 EUR 9 costs"]);
    assert_eq!(provisioning.exchange.len(), 3);
}

/// Everything that is commented out in the samples can be switched on.
#[test]
fn the_samples_of_rules_and_operators_are_right() {
    let uncommented = |line: &str| match line.strip_prefix("# ") {
        Some(setting) if setting.contains(" = ") => format!("{setting}\n"),
        _ => String::new(),
    };
    let settings = with_operators();
    let rule = settings.lines().find(|line| line.starts_with("# rule = ")).unwrap();
    let with_rule = with_text(&settings.replacen(rule, &rule[2..], 1));
    assert_eq!(with_rule.provisioning.routing.rules.len(), 1);

    let operators = fs::read_to_string(shipped().join("operators.toml")).unwrap();
    let (_, more) = operators.split_once("# What else an operator may have:").unwrap();
    let (of_operator, of_smpp) = more.split_once("# and below [operator.smpp]:").unwrap();
    let [of_operator, of_smpp] = [of_operator, of_smpp].map(|lines| {
        lines.lines().filter(|line| !line.contains("ca_file")).map(uncommented).collect::<String>()
    });
    let folder = tempfile::tempdir().unwrap();
    for name in ["plans.toml", "accounts.toml", "rates", "numbering", "costs"] {
        symlink(shipped().join(name).canonicalize().unwrap(), folder.path().join(name)).unwrap();
    }
    let third = format!(
        "[[operator]]\ncode = \"third\"\ncurrency = \"USD\"\nbase_cost = \"0.01\"\n{of_operator}\
         [operator.smpp]\nhost = \"127.0.0.1\"\nsystem_id = \"t\"\npassword = \"p\"\n{of_smpp}"
    );
    fs::write(folder.path().join("operators.toml"), third).unwrap();
    let without_rates = settings.replace("exchange_rates = ", "# exchange_rates = ");
    fs::write(folder.path().join("tollgate.toml"), without_rates).unwrap();
    let third = &load(folder.path()).provisioning.operators[0];
    assert_eq!((third.operator.weight, third.smpp.binds, third.smpp.receipts), (3, 2, false));
}

/// The tables of `README.md`: by the heading without its marks, the keys with their defaults.
fn reference() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = fs::read_to_string(shipped().join("README.md")).unwrap();
    let mut sections = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.replace(['`', '[', ']'], "");
        }
        // A `|` in a cell is written `\|` and stands in no key or default.
        let mut cells = line.split('|').map(str::trim);
        let key = cells.nth(1).and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        if let (Some(key), Some(default), false) = (key, cells.next(), heading.is_empty()) {
            let section: &mut BTreeMap<_, _> = sections.entry(heading.clone()).or_default();
            section.insert(key.to_owned(), default.to_owned());
        }
    }
    sections
}

/// A configuration with an unknown key in every table and an unknown column in every sheet.
fn full_of_unknown_keys() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let with_key =
        |tables: &[&str]| tables.join(&format!("\n{UNKNOWN} = 1\n")) + &format!("\n{UNKNOWN} = 1\n");
    let tariff = "[tariff]\nplans = \"plans.toml\"\naccounts = \"accounts.toml\"\nrates = [\"rates.csv\"]\n\
                  numbering = \"numbering.csv\"\nnetworks = \"networks.csv\"\ncountries = \"countries.csv\"\n\
                  ported = \"ported.csv\"\nprice_lists = \"price_lists.toml\"\nbundles = \"bundles.toml\"";
    let operators = "[operators]\nfile = \"operators.toml\"\nexchange_rates = \"exchange rates.csv\"";
    let tables = ["", tariff, "[smpp]", "[http]", "[metrics]", "[storage]", "[log]", "[tlv]", "[refusals]"];
    let tables = [tables.as_slice(), &[operators, "[routing]", "[[routing.rule]]", "[delivery]"]].concat();
    let tables = [tables.as_slice(), &["[api]", "[mail]", "[billing]", "[secrets]", "[webhooks]"]].concat();
    let payments = ["[billing.issuer]", "[payments]", "[payments.stripe]", "[payments.paypal]"];
    let tables = [tables.as_slice(), &["[traffic_pumping]"], &payments].concat();
    file("tollgate.toml", &with_key(&tables));
    file("plans.toml", &with_key(&["[[plan]]", "[[plan.tiers]]"]));
    let below = ["[account.rate_limit]", "[account.tlv]", "[account.refusals]", "[[account.rates]]"];
    let below =
        [below.as_slice(), &["[account.earning]", "[[account.caps]]", "[account.traffic_pumping]"]].concat();
    file(
        "price_lists.toml",
        &with_key(&["[[price_list]]", "[[price_list.rates]]", "[[price_list.mark_ups]]"]),
    );
    let of_bundle = ["[[bundle]]", "[bundle.validity]", "[bundle.rollover]", "[bundle.late_refunds]"];
    file("bundles.toml", &with_key(&of_bundle));
    let account = with_key(&[&["[[account]]"], below.as_slice()].concat());
    file("accounts.toml", &(account + "[[account]]\nrates = \"rates of one account.csv\"\n"));
    let operator = with_key(&["[[operator]]", "[operator.smpp]", "[operator.smpp.tls]"]);
    file("operators.toml", &(operator + "[[operator]]\ncosts = \"costs.csv\"\n"));
    let sheets = ["rates", "rates of one account", "numbering", "networks", "countries", "ported"];
    for sheet in sheets.into_iter().chain(["costs", "exchange rates"]) {
        file(&format!("{sheet}.csv"), UNKNOWN);
    }
    folder
}

/// The keys that the readers know, as they say themselves where a key is unknown; under the headings of the reference.
fn known() -> BTreeMap<String, BTreeSet<String>> {
    let folder = full_of_unknown_keys();
    let problems = config::load(&folder.path().join("tollgate.toml")).unwrap_err();
    let mut known = BTreeMap::new();
    for problem in problems.iter() {
        let Some((_, keys)) = problem.message.split_once("known here: ") else {
            continue;
        };
        let file = Path::new(&*problem.file);
        let heading = match (problem.key.rsplit_once('.'), file.extension().unwrap().to_str().unwrap()) {
            (_, "csv") => file.file_stem().unwrap().to_str().unwrap(),
            (Some((table, _)), _) => table,
            (None, _) => "top level",
        };
        let keys = keys.split(", ").map(str::to_owned).collect();
        assert!(known.insert(heading.to_owned(), keys).is_none(), "{heading}");
    }
    known
}

#[test]
fn the_reference_names_every_key_and_no_other() {
    let mut known = known();
    for (account, settings) in [
        ("account.tlv", "tlv"),
        ("account.refusals", "refusals"),
        ("account.traffic_pumping", "traffic_pumping"),
    ] {
        assert_eq!(
            known.remove(account),
            known.get(settings).cloned(),
            "an account's own have the same keys"
        );
    }
    let named: BTreeMap<String, BTreeSet<String>> =
        reference().into_iter().map(|(heading, keys)| (heading, keys.into_keys().collect())).collect();
    assert_eq!(named, known);
}

#[test]
fn the_reference_gives_the_real_defaults() {
    let text = fs::read_to_string(shipped().join("tollgate.toml")).unwrap();
    let tariff = text.split("\n[").find(|table| table.starts_with("tariff]")).unwrap();
    let mut settings = format!("[{tariff}\n");
    let mut given = 0;
    for (heading, keys) in reference() {
        let tables = ["smpp", "http", "metrics", "storage", "log", "tlv", "refusals", "routing", "delivery"];
        if !tables.contains(&&*heading)
            && !["api", "mail", "billing", "billing.issuer", "payments", "traffic_pumping"]
                .contains(&&*heading)
        {
            continue;
        }
        writeln!(settings, "[{heading}]").unwrap();
        for (key, default) in keys {
            if let Some(value) = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
                writeln!(settings, "{key} = {value}").unwrap();
                given += 1;
            }
        }
    }
    assert!(given >= 60, "{given} defaults are given");
    let settings = with_settings(&settings);
    assert_eq!(settings, defaults(&settings.0));
}

#[test]
fn the_reference_gives_the_real_defaults_of_plans_accounts_and_operators() {
    let reference = reference();
    let given = |heading: &str| -> String {
        let keys = reference[heading].iter();
        keys.filter_map(|(key, default)| {
            let value = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'))?;
            Some(format!("{key} = {value}\n"))
        })
        .collect()
    };
    let hash = fs::read_to_string(shipped().join("accounts.toml")).unwrap();
    let hash = hash.lines().find(|line| line.starts_with("password_hash")).unwrap().to_owned();
    let load_with = |with_defaults: bool| {
        let given = |heading| if with_defaults { given(heading) } else { String::new() };
        let folder = tempfile::tempdir().unwrap();
        for name in ["rates", "numbering"] {
            symlink(shipped().join(name).canonicalize().unwrap(), folder.path().join(name)).unwrap();
        }
        let file = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        let plan = "name = \"p\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\nbase_price = \"1\"";
        file("plans.toml", format!("[[plan]]\n{plan}\n{}", given("plan")));
        file("accounts.toml", format!("[[account]]\nid = \"a\"\nplan = \"p\"\n{hash}\n{}", given("account")));
        let operator = "code = \"o\"\ncurrency = \"USD\"\nbase_cost = \"1\"";
        let smpp = "host = \"127.0.0.1\"\nsystem_id = \"o\"\npassword = \"\"";
        file(
            "operators.toml",
            format!(
                "[[operator]]\n{operator}\n{}[operator.smpp]\n{smpp}\n{}",
                given("operator"),
                given("operator.smpp")
            ),
        );
        let settings = with_operators().replace("exchange_rates = ", "# exchange_rates = ");
        file("tollgate.toml", settings.replace("\"rates/samples.csv\"", ""));
        load(folder.path()).provisioning
    };
    let (written, left_out) = (load_with(true), load_with(false));
    assert_eq!(written.plans, left_out.plans);
    assert_eq!(written.accounts, left_out.accounts);
    assert_eq!(written.operators, left_out.operators);
    assert!(given("operator").lines().count() >= 6 && given("operator.smpp").lines().count() >= 16);
}
