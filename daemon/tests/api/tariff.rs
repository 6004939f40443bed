//! Plans, rates and tariff versions that are changed over the management API: the next message costs what the file says then,
//! and what is wrong changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::api::{Api, Reply, create_admin, start_with_admin};
use crate::support::books;
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message, TLV_PRICE, TLV_PRICE_REQUEST};
use serde_json::{Value, json};

const RATES: &str = "rates/samples.csv";
const KENYA: &str = "254722000001";
/// No rate holds for it, so that it costs the base price.
const GERMANY: &str = "4915112345678";

/// The price of the next message, in millionths.
fn next_price(connection: &mut Connection, to: &str) -> i64 {
    let response = connection.submit(&Message::to(to).tlv(TLV_PRICE_REQUEST, "1"));
    assert_eq!(response.status, ESME_ROK);
    books::micros(&response.tlv(TLV_PRICE).expect("the price was asked for"))
}

fn safaricom(price: &str) -> Value {
    json!({ "rows": [{ "plan": "*", "mcc": "639", "mnc": "02", "price_per_sms": price }] })
}

fn upload(api: &Api, query: &str, deck: &str) -> Reply {
    let path = format!("/v1/rate-cards/upload?{query}");
    api.send("POST", &path, Some((deck.as_bytes().to_vec(), "text/csv")))
}

/// Every file of the tariff that may be edited.
fn files(sandbox: &Sandbox) -> [String; 2] {
    [sandbox.read(RATES), sandbox.read("plans.toml")]
}

#[test]
fn a_changed_rate_holds_for_the_next_message() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(next_price(&mut connection, KENYA), 20_000);
    let listed = api.get("/v1/rate-cards?mcc=639&mnc=02").expect(200);
    assert_eq!(listed.json["items"].as_array().unwrap().len(), 1);
    let rate = &listed.json["items"][0];
    assert_eq!((&rate["price_per_sms"], &rate["country_code"]), (&json!("0.02"), &json!("KE")));
    assert_eq!((&rate["note"], &rate["file"]), (&json!("Kenya: Safaricom"), &json!(RATES)));
    let tag = listed.header("etag").unwrap().to_owned();

    let made = api.header("If-Match", &tag).put("/v1/rate-cards/rows", &safaricom("0.0216")).expect(200);
    assert_eq!(made.json["result"], "applied");
    assert_eq!(next_price(&mut connection, KENYA), 21_600, "in force from the answer on");
    assert!(sandbox.read(RATES).contains("*,639,02,0.0216,,,Kenya: Safaricom\n"), "remarks and notes stay");
    let stale = api.header("If-Match", &tag).put("/v1/rate-cards/rows", &safaricom("0.03")).expect(412);
    assert_eq!(stale.code(), "precondition_failed");
    let again = api.put("/v1/rate-cards/rows", &safaricom("0.0216")).expect(200);
    assert_eq!((&again.json["result"], &again.json["version"]), (&json!("unchanged"), &made.json["version"]));

    let gone = api.delete("/v1/rate-cards/rows?plan=*&mcc=639&mnc=02").expect(200);
    assert_eq!(gone.json["result"], "applied");
    assert_eq!(next_price(&mut connection, KENYA), 50_000, "the base price");
    assert_eq!(api.delete("/v1/rate-cards/rows?plan=*&mcc=639&mnc=02").expect(404).code(), "not_found");
    let audit = api.get("/v1/audit?resource=rate-cards").expect(200).json;
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["rates.remove", "rates.put"]);
    drop(connection);
    daemon.stop();
    let cdrs = books::balanced(&sandbox);
    assert_eq!(cdrs.iter().map(books::Cdr::net_micros).collect::<Vec<_>>(), [20_000, 21_600, 50_000]);
}

#[test]
fn plans_are_added_and_changed_whole() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let starter = api.get("/v1/plans/starter").expect(200);
    assert_eq!(
        (&starter.json["base_price"], &starter.json["tiers"][1]["discount_percent"]),
        (&json!("0.05"), &json!("5"))
    );
    let tag = starter.header("etag").unwrap().to_owned();
    let cheaper = json!({
        "name": "starter", "currency": "USD", "time_zone": "Africa/Nairobi", "base_price": 0.04,
        "tiers": [{ "from": 1, "to": 1 }, { "from": 2, "price_per_sms": "0.01" }],
    });
    let changed = api.header("If-Match", &tag).put("/v1/plans/starter", &cheaper).expect(200);
    assert_eq!(changed.json["base_price"], "0.04");
    assert_eq!(next_price(&mut connection, GERMANY), 40_000);
    assert_eq!(next_price(&mut connection, GERMANY), 10_000, "the second segment is in the second tier");
    assert_eq!(
        api.header("If-Match", &tag).put("/v1/plans/starter", &cheaper).expect(412).code(),
        "precondition_failed"
    );
    assert!(sandbox.read("plans.toml").starts_with("# Plans: the price of a segment"), "remarks stay");

    let retail = json!({
        "name": "retail", "currency": "USD", "time_zone": "Europe/Berlin", "base_price": null,
        "charge_on": "delivery", "refund_on": ["undelivered"],
    });
    let made = api.post("/v1/plans", &retail).expect(201);
    assert_eq!((&made.json["base_price"], &made.json["charge_on"]), (&Value::Null, &json!("delivery")));
    assert_eq!(api.get("/v1/plans/retail").expect(200).json, made.json);
    assert_eq!(api.post("/v1/plans", &retail).expect(409).code(), "already_exists");

    let before = files(&sandbox);
    let gap = json!({
        "name": "retail", "currency": "USD", "time_zone": "Europe/Berlin", "base_price": "0.04",
        "tiers": [{ "from": 1, "to": 10 }, { "from": 12 }],
    });
    let refused = api.put("/v1/plans/retail", &gap).expect(422);
    let error = &refused.json["errors"][0];
    assert!(error["field"].as_str().unwrap().contains("plans.toml:"), "{}", refused.json);
    assert!(error["message"].as_str().unwrap().contains("must be 11"), "{}", refused.json);
    assert_eq!(files(&sandbox), before);
}

#[test]
fn an_edit_has_to_fit_to_the_accounts_of_the_api() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    // Rates of every plan would keep all plans in one currency.
    upload(&api, "accept_flagged=true", "plan,mcc,mnc,price\nstarter,639,02,0.02\n").expect(200);
    api.post("/v1/accounts", &json!({ "id": "of_the_api", "plan": "enterprise" })).expect(201);
    let plan = api.get("/v1/plans/enterprise").expect(200).json;
    let before = files(&sandbox);
    let euros = json!({
        "name": "enterprise", "currency": "EUR", "time_zone": plan["time_zone"], "base_price": plan["base_price"],
    });
    let refused = api.put("/v1/plans/enterprise", &euros).expect(422);
    assert!(refused.json["detail"].as_str().unwrap().contains("of_the_api"), "{}", refused.json);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(next_price(&mut connection, KENYA), 20_000);
    assert_eq!(files(&sandbox), before);
}

#[test]
fn a_deck_is_compared_before_it_is_taken() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = files(&sandbox);
    let deck =
        "plan,mcc,mnc,price,note\n*,639,02,0.021,Safaricom\n*,639,03,0.036,Airtel\nstarter,641,10,0.03,MTN\n";
    let dry = upload(&api, "dry_run=true", deck).expect(200);
    assert_eq!(dry.json["result"], "dry_run");
    let counts = ["added", "changed", "unchanged", "flagged"].map(|key| dry.json[key].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 0, 2], "{}", dry.json);
    let flagged = &dry.json["flagged_rows"][0];
    assert_eq!((&flagged["row"]["mnc"], &flagged["price"]["percent"]), (&json!("03"), &json!("100")));
    assert_eq!(files(&sandbox), before);

    let refused = upload(&api, "", deck).expect(409);
    assert_eq!(refused.code(), "wrong_state");
    assert!(
        refused.json["errors"][0]["field"].as_str().unwrap().ends_with("samples.csv:3"),
        "{}",
        refused.json
    );
    assert_eq!(files(&sandbox), before);
    assert_eq!(next_price(&mut connection, KENYA), 20_000);

    let stale = api.header("If-Match", "\"1\"");
    assert_eq!(upload(&stale, "accept_flagged=true", deck).expect(412).code(), "precondition_failed");
    let careful = api.header("If-Match", dry.header("etag").unwrap());
    let taken = upload(&careful, "accept_flagged=true", deck).expect(200);
    assert_eq!(taken.json["result"], "applied");
    assert_eq!(sandbox.read(RATES), deck);
    assert_eq!(next_price(&mut connection, KENYA), 21_000);
    let again = upload(&api, "move_limit_percent=0", deck).expect(200);
    assert_eq!((&again.json["result"], &again.json["unchanged"]), (&json!("unchanged"), &json!(3)));

    // One plan's rows alone, without the column; those of every plan stay.
    let own = upload(&api, "plan=starter&accept_flagged=true", "mcc,mnc,price\n639,02,0.025\n").expect(200);
    assert_eq!((&own.json["added"], &own.json["removed"]), (&json!(1), &json!(1)));
    assert_eq!(next_price(&mut connection, KENYA), 25_000);
    assert!(sandbox.read(RATES).contains("*,639,02,0.021,Safaricom"));
}

#[test]
fn a_bad_deck_is_named_by_its_lines_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = files(&sandbox);
    let deck = "plan,mcc,mnc,price\n*,639,02,0.021\n*,639,03,cheap\nnobody,641,10,0.01\n*,639,99,0.01\n";
    for query in ["dry_run=true", "accept_flagged=true"] {
        let refused = upload(&api, query, deck).expect(422);
        let errors = refused.json["errors"].as_array().unwrap();
        for (line, key) in [(3, "price"), (4, "plan"), (5, "mnc")] {
            let named = errors.iter().any(|error| {
                error["field"] == format!("deck:{line}")
                    && error["message"].as_str().unwrap().starts_with(key)
            });
            assert!(named, "line {line}: {}", refused.json);
        }
        let told = refused.json.to_string();
        assert!(!told.contains(sandbox.path().to_str().unwrap()), "no path of this machine: {told}");
    }
    let json = api.post("/v1/rate-cards/upload", &json!({}));
    assert_eq!(json.expect(415).code(), "unsupported_media_type");
    assert_eq!(upload(&api, "file=plans.toml", deck).expect(422).code(), "unprocessable");
    assert_eq!(upload(&api, "plan=nobody", deck).expect(404).code(), "not_found");
    assert_eq!(upload(&api, "move_limit_percent=-1", deck).expect(422).code(), "unprocessable");
    assert_eq!(files(&sandbox), before);
    assert_eq!(next_price(&mut connection, KENYA), 20_000);
}

#[test]
fn a_deck_may_be_longer_than_other_bodies_and_has_a_limit_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "max_body_bytes = 1024");
    sandbox.set("api", "max_deck_bytes = 4096");
    let (_daemon, api) = start_with_admin(&sandbox);
    let deck = |octets: usize| format!("# {}\n{}", "x".repeat(octets), "plan,mcc,mnc,price\n*,639,02,0.02\n");
    assert_eq!(upload(&api, "dry_run=true", &deck(2_000)).expect(200).json["changed"], 1);
    assert_eq!(upload(&api, "dry_run=true", &deck(4_096)).expect(413).code(), "too_large");
}

#[test]
fn the_way_back_to_a_version() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = files(&sandbox);
    let first = api.get("/v1/tariffs").expect(200).json["items"][0].clone();
    assert_eq!(first["is_in_force"], true);
    api.put("/v1/rate-cards/rows", &safaricom("0.03")).expect(200);
    api.post("/v1/plans", &json!({ "name": "retail", "currency": "USD", "time_zone": "UTC" })).expect(201);
    assert_eq!(next_price(&mut connection, KENYA), 30_000);
    let versions = api.get("/v1/tariffs").expect(200).json;
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    assert_eq!(versions["items"][2]["version"], first["version"]);

    let version = first["version"].as_str().unwrap();
    let path = format!("/v1/tariffs/{version}/rollback");
    let dry = api.order(&format!("{path}?dry_run=true")).expect(200).json;
    assert_eq!((&dry["result"], &dry["restored"]), (&json!("dry_run"), &json!(["plans.toml", RATES])));
    assert_eq!(next_price(&mut connection, KENYA), 30_000);
    let back = api.order(&path).expect(200).json;
    assert_eq!((&back["result"], &back["version"]), (&json!("applied"), &first["version"]));
    assert_eq!(files(&sandbox), before);
    assert_eq!(next_price(&mut connection, KENYA), 20_000);
    assert_eq!(api.get(&format!("/v1/tariffs/{version}")).expect(200).json["is_in_force"], true);
    assert_eq!(api.order("/v1/tariffs/0000000000000000/rollback").expect(404).code(), "not_found");

    // An account with a plan that the version does not have is in the way.
    api.post("/v1/plans", &json!({ "name": "retail", "currency": "USD", "time_zone": "UTC" })).expect(201);
    api.post("/v1/accounts", &json!({ "id": "of_the_api", "plan": "retail" })).expect(201);
    let with_plan = files(&sandbox);
    assert_eq!(api.order(&path).expect(422).code(), "unprocessable");
    assert_eq!(files(&sandbox), with_plan);
}

#[test]
fn a_reload_is_ordered_and_says_what_came_of_it() {
    let sandbox = Sandbox::new();
    sandbox.replace("tollgate.toml", "watch_files = true", "watch_files = false");
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(api.order("/v1/reload").expect(200).json["result"], "unchanged");
    sandbox.replace(RATES, "*,639,02,0.02,", "*,639,02,0.03,");
    assert_eq!(next_price(&mut connection, KENYA), 20_000);
    let applied = api.order("/v1/reload").expect(200).json;
    assert_eq!(applied["result"], "applied");
    assert_eq!(next_price(&mut connection, KENYA), 30_000);
    sandbox.replace(RATES, "*,639,02,0.03,", "*,639,02,cheap,");
    let rejected = api.order("/v1/reload").expect(422);
    let line = 1 + sandbox.read(RATES).lines().position(|line| line.contains("cheap")).unwrap();
    let error = &rejected.json["errors"][0];
    assert_eq!(error["field"], format!("{RATES}:{line}"), "{}", rejected.json);
    assert!(error["message"].as_str().unwrap().starts_with("price: "), "{}", rejected.json);
    assert_eq!(next_price(&mut connection, KENYA), 30_000);
    // Nor is anything edited on top of it.
    assert_eq!(api.put("/v1/rate-cards/rows", &safaricom("0.04")).expect(422).code(), "unprocessable");
}

#[test]
fn a_customer_sees_the_plan_of_its_account_and_no_other() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let own = json!({ "rows": [
        { "plan": "starter", "mcc": "641", "price_per_sms": "0.03" },
        { "plan": "enterprise", "mcc": "641", "price_per_sms": "0.01" },
    ] });
    api.put("/v1/rate-cards/rows", &own).expect(200);
    let (email, password) = ("customer@example.com", "a long enough 1 password");
    let user = json!({
        "email": email, "name": "c", "role": "customer", "account": "biz_test_001", "password": password,
    });
    api.post("/v1/users", &user).expect(201);
    let customer = Api::login(&daemon, email, password);
    let names = |reply: Reply, key: &str| -> Vec<String> {
        let items = reply.expect(200).json["items"].as_array().unwrap().clone();
        items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(api.get("/v1/plans"), "name"), ["enterprise", "professional", "starter"]);
    assert_eq!(names(customer.get("/v1/plans"), "name"), ["starter"]);
    assert_eq!(customer.get("/v1/plans/enterprise").expect(404).code(), "not_found");
    assert!(names(api.get("/v1/rate-cards?plan=enterprise"), "plan").contains(&"enterprise".to_owned()));
    let seen = names(customer.get("/v1/rate-cards?mcc=641&sort=plan"), "plan");
    assert_eq!(seen, ["*", "*", "starter"]);
    let first = customer.get("/v1/rate-cards?mcc=641&sort=price&limit=2").expect(200).json;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest =
        customer.get(&format!("/v1/rate-cards?mcc=641&sort=price&limit=2&cursor={cursor}")).expect(200).json;
    let prices: Vec<&Value> = [&first, &rest]
        .into_iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|rate| &rate["price_per_sms"])
        .collect();
    assert_eq!(prices, ["0.017", "0.018", "0.03"]);
}

/// A daemon that may not write where it is not allowed to, whoever runs the tests.
fn start_without_privileges(sandbox: &Sandbox) -> Daemon {
    let command = sandbox.run_command();
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        return Daemon::start(command, sandbox.path().join("daemon.log"));
    }
    let mut without = Command::new("setpriv");
    without.args(["--inh-caps=-all", "--bounding-set=-dac_override"]).arg(command.get_program());
    without.args(command.get_args());
    Daemon::start(without, sandbox.path().join("daemon.log"))
}

#[test]
fn what_cannot_be_written_is_said_and_changes_nothing() {
    let sandbox = Sandbox::new();
    create_admin(&sandbox);
    let daemon = start_without_privileges(&sandbox);
    let api = Api::admin(&daemon);
    let before = files(&sandbox);
    let folders = [sandbox.config("rates"), sandbox.config("plans.toml").parent().unwrap().to_owned()];
    let set_mode = |mode: u32| {
        for folder in &folders {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("rights can be changed");
        }
    };
    set_mode(0o555);
    let refused = api.put("/v1/rate-cards/rows", &safaricom("0.03")).expect(409);
    assert_eq!(refused.code(), "wrong_state");
    assert!(
        refused.json["detail"].as_str().unwrap().contains("samples.csv: Permission denied"),
        "{}",
        refused.json
    );
    let plan = json!({ "name": "retail", "currency": "USD", "time_zone": "UTC" });
    assert_eq!(api.post("/v1/plans", &plan).expect(409).code(), "wrong_state");
    assert_eq!(files(&sandbox), before);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(next_price(&mut connection, KENYA), 20_000);
    set_mode(0o755);
    assert_eq!(api.put("/v1/rate-cards/rows", &safaricom("0.03")).expect(200).json["result"], "applied");
    assert_eq!(next_price(&mut connection, KENYA), 30_000);
}

/// Checks that the newest note of the audit log was written by the commit that put the newest tariff version in force.
#[track_caller]
fn noted_in_the_commit(api: &Api, action: &str) {
    let version = api.get("/v1/tariffs?limit=1").expect(200).json["items"][0].clone();
    let notes = api.get(&format!("/v1/audit?action={action}&limit=1")).expect(200).json;
    let note = &notes["items"][0];
    assert_eq!(note["at"], version["applied_at"], "{action}");
    let said = &note["after"]["tariff_version"];
    assert!(said.is_null() || *said == version["version"], "{action}: {said} is not {}", version["version"]);
}

#[test]
fn a_price_and_the_note_of_who_changed_it_are_one_commit() {
    let sandbox = Sandbox::new();
    sandbox.replace("tollgate.toml", "watch_files = true", "watch_files = false");
    let (daemon, api) = start_with_admin(&sandbox);
    let plan = json!({ "name": "retail", "currency": "USD", "time_zone": "UTC", "base_price": "0.04" });
    api.post("/v1/plans", &plan).expect(201);
    noted_in_the_commit(&api, "plan.create");
    api.put("/v1/rate-cards/rows", &safaricom("0.0216")).expect(200);
    noted_in_the_commit(&api, "rates.put");
    upload(&api, "plan=retail&accept_flagged=true", "plan,mcc,mnc,price\nretail,639,02,0.019\n").expect(200);
    noted_in_the_commit(&api, "rates.upload");
    sandbox.replace(RATES, "*,639,02,0.0216,", "*,639,02,0.0217,");
    assert_eq!(api.order("/v1/reload").expect(200).json["result"], "applied");
    noted_in_the_commit(&api, "config.reload");
    let rates = json!([{ "mcc": "639", "mnc": "02", "price": "0.015" }]);
    let account = json!({ "id": "own_price", "plan": "starter", "settings": { "rates": rates } });
    api.post("/v1/accounts", &account).expect(201);
    noted_in_the_commit(&api, "account.create");
    let rates = json!([{ "mcc": "639", "mnc": "02", "price": "0.016" }]);
    api.patch("/v1/accounts/own_price", &json!({ "rates": rates })).expect(200);
    noted_in_the_commit(&api, "account.update");
    // A reload that changes nothing is not noted.
    assert_eq!(api.order("/v1/reload").expect(200).json["result"], "unchanged");
    let reloads = api.get("/v1/audit?action=config.reload").expect(200).json;
    assert_eq!(reloads["items"].as_array().unwrap().len(), 1);
    daemon.stop();
    books::balanced(&sandbox);
}
