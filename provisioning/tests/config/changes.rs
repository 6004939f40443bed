//! The meaning of a configuration, and the changes that another one is said to make.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tollgate_engine::account::{DefaultCoding, DeliveryMode, SenderPolicy, TextPolicy};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::{AccountFilter, DataCodings, OperatorNumber, OperatorStatus, ServedNetworks};
use tollgate_engine::pumping::{PumpingMode, PumpingSettings};
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::refusal::{Refusal, StatusTable};
use tollgate_engine::routing::{MarginGuard, RouteRule, Routes, Strategy};
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_engine::tables::Tables;
use tollgate_engine::time::{ClockZone, UnixMicros};
use tollgate_provisioning as config;
use tollgate_provisioning::{
    self, DeliverySettings, InterfaceVersion, Loaded, LongMessages, NumberFormat, OperatorBind, OperatorSmpp,
    OperatorTls, ProvisionedOperator, ReceiptStates, Secret, Settings, UnknownPolicy,
};

/// A copy of the small configuration, to be edited.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir("tests/config_small").unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        Self(folder)
    }

    fn edit(&self, file: &str, from: &str, to: &str) -> &Self {
        let path = self.0.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} stands in {file}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        self
    }

    fn load(&self) -> Loaded {
        config::load(&self.0.path().join("tollgate.toml")).unwrap_or_else(|problems| panic!("{problems}"))
    }
}

fn code(text: &str) -> NetworkCode {
    NetworkCode::parse_joined(text).unwrap()
}

/// Price and origin of every rate of a plan: `639/02 0.02 rates.csv:2`.
fn rates(loaded: &Loaded, plan: &str) -> Vec<String> {
    let plan = loaded.provisioning.plans.iter().find(|candidate| &*candidate.name == plan).unwrap();
    let shown = plan
        .rates
        .iter()
        .chain(&plan.common_rates)
        .map(|row| format!("{} {} {}:{}", row.network, row.price, row.origin.file, row.origin.line));
    shown.collect()
}

/// The lines for the log after one edit.
fn changes(file: &str, from: &str, to: &str) -> Vec<String> {
    let folder = Folder::new();
    let before = folder.load();
    folder.edit(file, from, to).load().changes_since(&before)
}

#[test]
fn a_plans_own_rows_come_before_those_of_every_plan() {
    let loaded = Folder::new().load();
    assert_eq!(
        rates(&loaded, "starter"),
        [
            "639/03 0.018 rates.csv:6",
            "639/02 0.02 rates.csv:2",
            "639/02 0.021 rates.csv:3",
            "639 0.03 rates.csv:4"
        ]
    );
    let prices = |plan: &str, days: &[&str]| -> Vec<String> {
        let tables = Tables::build(loaded.provisioning.definition(&StatusTable::default())).unwrap();
        let network = tables.networks.id(code("639/02")).unwrap();
        let prices = &tables.plan(plan).unwrap().prices;
        let price = |day: &&str| prices.price(network, UnixMicros::parse(day).unwrap()).unwrap().to_string();
        days.iter().map(price).collect()
    };
    // The later common row does not undo the exception, and the exception does not outlast its end.
    let days = ["2026-11-29", "2027-01-01", "2027-06-01"];
    assert_eq!(prices("enterprise", &days), ["0.01", "0.01", "0.021"]);
    assert_eq!(prices("starter", &days), ["0.02", "0.021", "0.021"]);
}

#[test]
fn a_plans_row_that_is_not_in_force_hides_nothing() {
    let folder = Folder::new();
    let loaded =
        folder.edit("rates.csv", "*,639,02,0.021,2027-01-01", "starter,639,02,0.021,2027-01-01").load();
    let tables = Tables::build(loaded.provisioning.definition(&StatusTable::default())).unwrap();
    let network = tables.networks.id(code("639/02")).unwrap();
    // The account has a rate of its own from December on, which hides nothing before.
    let price =
        |day: &str| tables.terms("first").unwrap().unit_price(network, UnixMicros::parse(day).unwrap());
    let shown = ["2026-11-29", "2026-12-01"].map(|day| price(day).unwrap().price.to_string());
    assert_eq!(shown, ["0.02", "0.015"]);
    let plan =
        |day: &str| tables.plan("starter").unwrap().prices.price(network, UnixMicros::parse(day).unwrap());
    assert_eq!(["2026-12-31", "2027-01-01"].map(|day| plan(day).unwrap().to_string()), ["0.02", "0.021"]);
}

#[test]
fn every_key_of_an_account_arrives() {
    let loaded = Folder::new().load();
    let first = &loaded.provisioning.accounts[0];
    let account = &first.account;
    assert_eq!((&*account.id, &*first.system_id, &*account.plan), ("first", "first", "starter"));
    assert_eq!(account.currency.as_str(), "USD", "the plan's, where the account names none");
    assert_eq!(first.opening_balance.to_string(), "10.00");
    assert_eq!(account.credit_limit.to_string(), "2.50");
    assert_eq!(account.low_balance_threshold.map(Amount::micros), Some(1_000_000));
    assert_eq!(account.default_calling_code.as_deref(), Some("254"));
    assert!(account.allows_sender(b"ACME") && !account.allows_sender(b"acme"));
    assert_eq!(
        first.allowed_ips.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.1/32", "192.0.2.0/24", "2001:db8::/32"]
    );
    assert_eq!(account.rate_limit.map(|limit| (limit.per_second, limit.burst)), Some((100, 200)));
    assert_eq!((first.max_binds, first.window), (4, Some(50)));
    assert!(account.trusts_network_tlv && first.reply_tlvs && !account.suspended);
    assert_eq!(first.idempotency_by_user_message_reference.map(|time| time.as_secs()), Some(3_600));
    assert_eq!(account.default_coding, DefaultCoding::Latin1);
    assert_eq!((first.tlv.idempotency_key, first.tlv.price), (0x1500, 0x1600), "its own, and that of [tlv]");
    assert_eq!(account.statuses, [(Refusal::Throttled, 0x400)]);
    assert_eq!(account.rates[0].effective_from.to_rfc3339(), "2026-12-01T00:00:00Z");

    let second = &loaded.provisioning.accounts[1];
    assert_eq!((&*second.system_id, second.max_binds, second.window), ("2nd", 10, None));
    assert_eq!((&account.texts, &second.account.texts), (&TextPolicy::Any, &TextPolicy::Approved));
    assert_eq!(second.account.senders, SenderPolicy::Approved);
    assert!(second.allowed_ips.is_empty() && second.account.rate_limit.is_none());
    assert_eq!(loaded.settings.refusals.status(Refusal::InsufficientFunds), 0x402);
    assert_eq!(loaded.settings.storage.data_dir.file_name().unwrap(), "data", "relative to the file");
    assert_eq!((account.delivery, second.account.delivery), (DeliveryMode::Routed, DeliveryMode::ChargeOnly));
    assert_eq!(loaded.files.len(), 12, "passwords' files are watched too");
}

#[test]
fn an_account_names_the_mode_of_its_search_for_pumping_or_all_that_differs() {
    let folder = Folder::new();
    folder.edit("tollgate.toml", "[tlv]", "[traffic_pumping]\nmode = \"alert\"\nquiet_minutes = 60\n[tlv]");
    folder.edit("accounts.toml", "plan = ", "traffic_pumping = \"step_down\"\nplan = ");
    let loaded = folder.load();
    let settings = |account: usize| {
        let own = loaded.provisioning.accounts[account].pumping;
        own.over(loaded.settings.traffic_pumping)
    };
    let of_all = PumpingSettings { mode: PumpingMode::Alert, quiet_minutes: 60, ..PumpingSettings::DEFAULT };
    assert_eq!(settings(0), PumpingSettings { mode: PumpingMode::StepDown, ..of_all });
    assert_eq!(settings(1), of_all);
    let table = "traffic_pumping = { quiet_minutes = 5, step_down_per_minute = 0 }";
    folder.edit("accounts.toml", "traffic_pumping = \"step_down\"", table);
    let own = folder.load().provisioning.accounts[0].pumping;
    assert_eq!(own.over(of_all), PumpingSettings { quiet_minutes: 5, step_down_per_minute: 0, ..of_all });
}

#[test]
fn every_key_of_an_operator_arrives() {
    let loaded = Folder::new().load();
    let ProvisionedOperator { operator, smpp } = &loaded.provisioning.operators[0];
    assert_eq!(
        (&*operator.code, &*operator.name, operator.country.as_deref()),
        ("near", "Near & Dear", Some("KE"))
    );
    assert_eq!((operator.number, operator.status), (OperatorNumber(0), OperatorStatus::Draining));
    assert_eq!(operator.networks, ServedNetworks::Listed(vec![code("639/02"), code("310")]));
    assert_eq!(
        (operator.currency.as_str(), operator.base_cost.map(Amount::micros)),
        ("KES", Some(1_500_000))
    );
    let costs: Vec<String> =
        operator.costs.iter().map(|row| format!("{} {}", row.network, row.price)).collect();
    assert_eq!(costs, ["639/02 0.0125", "639/02 0.013", "310 0.005"]);
    assert_eq!((operator.priority, operator.weight), (5, 0));
    assert_eq!(operator.senders, SenderPolicy::Listed(vec![(*b"ACME").into()]));
    assert_eq!(operator.accounts, AccountFilter::Only(vec!["first".into()]));
    assert_eq!(operator.data_codings, DataCodings::of(&[0, 8]));
    let tls = smpp.tls.as_ref().unwrap();
    assert!(tls.ca_file.as_ref().unwrap().ends_with("operators.toml") && !tls.insecure);
    let mut receipt_states = ReceiptStates::default();
    receipt_states.insert("ABSENT", ReceiptState::Undeliverable).unwrap();
    let expected = OperatorSmpp {
        host: "192.0.2.7".to_owned(),
        port: 3550,
        tls: Some(OperatorTls { server_name: Some("smsc.example.com".to_owned()), ..tls.clone() }),
        system_id: "tollgate".to_owned(),
        password: Secret::new("password-01"),
        system_type: "VMA".to_owned(),
        interface_version: InterfaceVersion::V50,
        bind: OperatorBind::TransmitterReceiver,
        binds: 2,
        window: 10,
        throughput_per_second: Some(50),
        enquire_link_seconds: 15,
        response_seconds: 5,
        connect_seconds: 3,
        reconnect_min_ms: 100,
        reconnect_max_ms: 5_000,
        number_format: NumberFormat::National { calling_code: "254".into() },
        receipt_ids: ReceiptIdFormat::HexToDecimal,
        receipt_states,
        receipt_time_zone: Some(ClockZone::of_name("Africa/Nairobi").unwrap()),
        receipts: false,
        retries: 0,
        long_messages: LongMessages::Payload,
        unknown_outcome: Some(UnknownPolicy::Resend),
    };
    assert_eq!(*smpp, expected);

    let ProvisionedOperator { operator, smpp } = &loaded.provisioning.operators[1];
    assert_eq!(
        (&*operator.name, operator.base_cost),
        ("far", None),
        "the code is the name, where it has none"
    );
    assert_eq!(operator.accounts, AccountFilter::Except(vec!["first".into()]));
    assert_eq!(operator.networks, ServedNetworks::All);
    assert_eq!(smpp.password.expose(), "password-02", "the line of the file, without its end");
    assert_eq!(smpp.tls, Some(OperatorTls::default()));
}

#[test]
fn routing_delivery_and_settlement_arrive() {
    let loaded = Folder::new().load();
    let routing = &loaded.provisioning.routing;
    assert_eq!(routing.strategy, Strategy::LeastCostAbove { score: 70 });
    assert_eq!(routing.margin_guard, MarginGuard::Alert);
    let rule = |network, strategy, margin_guard, operators: Option<&str>| RouteRule {
        network: Some(code(network)),
        strategy: Some(strategy),
        margin_guard,
        operators: operators.map(|operator| vec![operator.into()]),
    };
    assert_eq!(
        routing.rules,
        [
            rule("639/02", Strategy::Weighted, None, Some("near")),
            rule("310", Strategy::LeastCostAbove { score: 90 }, Some(MarginGuard::Refuse), None),
            rule("311", Strategy::LeastCostAbove { score: 70 }, None, None),
        ],
        "a floor stands for the strategy of [routing], and a strategy takes the floor of [routing]"
    );
    let exchange: Vec<String> = loaded
        .provisioning
        .exchange
        .iter()
        .map(|row| format!("{}/{} {} {}", row.base, row.quote, row.rate, row.effective_from.to_rfc3339()))
        .collect();
    assert_eq!(exchange, ["USD/KES 129.25 1970-01-01T00:00:00Z", "USD/KES 130.00 2027-01-01T00:00:00Z"]);
    let delivery = &loaded.settings.delivery;
    assert_eq!((delivery.attempts, delivery.unknown_outcome), (5, UnknownPolicy::Settle));
    assert_eq!(delivery.retry_max_ms, DeliverySettings::default().retry_max_ms);
    let plans = &loaded.provisioning.plans;
    assert_eq!(plans[0].settlement, SettlementTerms::default());
    assert_eq!(plans[1].settlement.charge_on, ChargeOn::Delivery);
    assert_eq!(plans[1].settlement.refund_on, RefundOn::of(&[Outcome::Undelivered, Outcome::Unknown]));
}

#[test]
fn what_loads_can_be_routed_by() {
    let provisioning = Folder::new().load().provisioning;
    let numbers = [OperatorNumber(7), OperatorNumber(3)];
    let definition = provisioning.routing_definition(&numbers);
    let numbered: Vec<OperatorNumber> = definition.operators.iter().map(|operator| operator.number).collect();
    assert_eq!(numbered, numbers);
    let currencies: Vec<&str> = definition.account_currencies.iter().map(Currency::as_str).collect();
    assert_eq!(currencies, ["USD"]);
    let routes = Routes::build(definition, &provisioning.networks).unwrap();
    assert_eq!(routes.operator(OperatorNumber(3)).map(|operator| &*operator.code), Some("far"));
}

#[test]
fn no_password_is_printed_or_kept() {
    let loaded = Folder::new().load();
    let printed = format!("{loaded:?}");
    assert!(printed.contains("192.0.2.7"), "operators are printed");
    let archive = loaded.provisioning.archive.iter().flat_map(|file| file.bytes.iter());
    let archive: Vec<u8> = archive.copied().collect();
    for password in ["password-01", "password-02"] {
        assert!(!printed.contains(password), "{printed}");
        assert!(!archive.windows(password.len()).any(|part| part == password.as_bytes()));
    }
}

#[test]
fn a_version_names_what_prices_depend_on() {
    let folder = Folder::new();
    let version = |folder: &Folder| folder.load().provisioning.version.to_string();
    let first = version(&folder);
    assert!(first.len() == 16 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    assert_eq!(version(&folder), first, "the same content, the same name");
    folder.edit("accounts.toml", "opening_balance = \"10.00\"", "opening_balance = \"20.00\"");
    folder.edit("accounts.toml", "credit_limit = \"2.50\"", "suspended = true");
    folder.edit("accounts.toml", "bm9ib2R5", "bm9hb2R5");
    folder.edit("tollgate.toml", "window = 100", "window = 200");
    folder.edit("operators.toml", "password-01", "password-03").edit("far.password", "02", "04");
    folder.edit("operators.toml", "priority = 5", "priority = 6").edit(
        "operators.toml",
        "window = 10",
        "window = 9",
    );
    assert_eq!(version(&folder), first, "balances, passwords, links and settings are not tariffs");

    let mut seen = vec![first.clone()];
    for (file, from, to) in [
        ("rates.csv", "639,02,0.02,", "639,02,0.022,"),
        ("plans.toml", "12.5", "12.6"),
        ("accounts.toml", "\"0.015\"", "\"0.016\""),
        ("accounts.toml", "plan = \"starter\"", "plan = \"enterprise\""),
        ("numbering.csv", "25473,639,03", "25473,639,01"),
        ("ported.csv", "254733000001", "254733000002"),
        ("costs.csv", "639,02,0.0125,", "639,02,0.0126,"),
        ("exchange_rates.csv", "129.25", "129.26"),
        ("operators.toml", "\"1.5\"", "\"1.6\""),
    ] {
        let next = version(folder.edit(file, from, to));
        assert!(!seen.contains(&next), "{file}");
        seen.push(next);
    }
    folder.edit("ported.csv", "254733000002", "254733000001").edit(
        "numbering.csv",
        "25473,639,01",
        "25473,639,03",
    );
    folder.edit("accounts.toml", "plan = \"enterprise\"", "plan = \"starter\"");
    folder.edit("accounts.toml", "\"0.016\"", "\"0.015\"").edit("plans.toml", "12.6", "12.5");
    folder.edit("costs.csv", "0.0126", "0.0125").edit("exchange_rates.csv", "129.26", "129.25");
    folder.edit("operators.toml", "\"1.6\"", "\"1.5\"");
    assert_eq!(version(folder.edit("rates.csv", "0.022", "0.02")), first, "back to the old one");
}

#[test]
fn what_prices_depend_on_is_kept() {
    let archive = Folder::new().load().provisioning.archive;
    let kept: Vec<&str> = archive.iter().map(|file| &*file.name).collect();
    assert_eq!(
        kept,
        [
            "account plans",
            "account terms",
            "costs.csv",
            "countries.csv",
            "exchange_rates.csv",
            "networks.csv",
            "numbering.csv",
            "operator terms",
            "plans.toml",
            "ported.csv",
            "rates.csv",
        ]
    );
    let text = |at: usize| String::from_utf8(archive[at].bytes.to_vec()).unwrap();
    assert_eq!(text(0), "first starter\nsecond enterprise\n");
    assert_eq!(text(9), "number,mcc,mnc\n254733000001,639,02\n");
    assert_eq!(
        text(7),
        "operator near\ncurrency KES\nbase_cost 1.50\ncosts costs.csv\n\n\
         operator far\ncurrency USD\ncosts costs.csv\n\n"
    );
    assert_eq!(
        text(1),
        "account first\ndefault_calling_code 254\ntrusts_network_tlv\ndefault_coding latin1\n\
         rate 639/02 0.015 from 2026-12-01T00:00:00Z to open\n\n"
    );
}

#[test]
fn a_reload_says_what_changed() {
    let worksheet = fs::read_to_string("tests/config/changes.txt").unwrap();
    let mut cases = 0;
    for case in worksheet.split("\n\n").skip(1) {
        let (edit, expected) = case.split_once('\n').unwrap();
        let (file, edit) = edit.split_once(": ").unwrap();
        let (from, to) = edit.split_once(" =>").unwrap();
        let lines = |text: &str| text.replace("\\n", "\n");
        let mut told = changes(file, &lines(from), &lines(to.trim_start()));
        told.retain(|line| !line.starts_with("tariff version: "));
        assert_eq!(told.join("\n"), expected.trim_end(), "{file}: {edit}");
        cases += 1;
    }
    assert!(cases > 20);
}

#[test]
fn nothing_is_said_where_nothing_changed() {
    let folder = Folder::new();
    assert_eq!(folder.load().changes_since(&folder.load()), [""; 0]);
}

#[test]
fn a_reload_never_floods_the_log_and_never_shows_a_hash() {
    let folder = Folder::new();
    let before = folder.load();
    let accounts = fs::read_to_string(folder.0.path().join("accounts.toml")).unwrap();
    let (_, second) = accounts.split_once("\n[[account]]\n").unwrap();
    let another = |at: u32| second.replace("2nd", &at.to_string()).replace("second", &format!("n{at}"));
    let more: Vec<String> = (0..100).map(another).collect();
    let more = more.join("\n[[account]]\n");
    folder.edit("accounts.toml", &accounts, &format!("{accounts}\n[[account]]\n{more}"));
    let told = folder.load().changes_since(&before);
    assert_eq!(told.len(), 51);
    assert_eq!(told.last().unwrap(), "… and 52 more changes");
    assert!(!told.concat().contains("argon2"));
}

#[test]
fn an_empty_settings_file_means_the_defaults() {
    let folder = Folder::new();
    let path = folder.0.path().join("tollgate.toml");
    let text = fs::read_to_string(&path).unwrap();
    let tariff = text.split("\n[").find(|table| table.starts_with("tariff]")).unwrap();
    fs::write(Path::new(&path), format!("[{tariff}")).unwrap();
    let loaded = folder.load();
    assert_eq!(loaded.settings, Settings { tariff: loaded.settings.tariff.clone(), ..Settings::default() });
}
