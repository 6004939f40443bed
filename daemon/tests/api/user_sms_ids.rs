//! The client's own id beside a message, as any text, and the text of the message where the configuration allows it. Over HTTP and SMPP, in CDRs, lists and exports.

use serde_json::{Value, json};

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::books;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, Connection, Message};

const KENYA: &str = "254722000001";
const TAG: u16 = 0x1453;
/// A text with everything in it that CSV and JSON escape, and the beginning of a formula.
const AWKWARD: &str = "=1+2, \"order\" 5\\6; ü";

fn charge(api: &Api, user_sms_id: Value, text: &str) -> Reply {
    let mut new = json!({ "account": "biz_test_001", "to": KENYA, "from": "BANK", "text": text });
    new["user_sms_id"] = user_sms_id;
    api.post("/v1/charges", &new)
}

fn id_of(charge: &Value) -> String {
    charge["message_id"].as_str().expect("a message id").to_owned()
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items").iter();
    items.map(|item| item.get("message_id").unwrap_or(&item["id"]).as_str().unwrap().to_owned()).collect()
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let records = reader.records().map(|record| record.expect("a row of CSV"));
    records.map(|record| record.iter().map(ToOwned::to_owned).collect()).collect()
}

/// The values of a column of an export by message.
fn column(csv: &str, name: &str) -> Vec<(String, String)> {
    let mut rows = rows(csv).into_iter();
    let header = rows.next().expect("a header");
    let at = header.iter().position(|column| column == name).expect("the column");
    rows.map(|row| (row[0].clone(), row[at].clone())).collect()
}

#[test]
fn a_client_gives_its_own_id_as_any_text_and_finds_the_message_by_it() {
    let sandbox = Sandbox::new();
    sandbox.set("tlv", "user_sms_id = 0x1453");
    let (daemon, api) = start_with_admin(&sandbox);
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let over_smpp = gateway.submit(&Message::to(KENYA).tlv(TAG, AWKWARD)).message_id();
    let plain = gateway.submit(&Message::to(KENYA)).message_id();
    let by_text = charge(&api, json!(AWKWARD), "Hello").expect(201).json;
    assert_eq!(by_text["user_sms_id"], AWKWARD);
    let by_number = charge(&api, json!(7), "Hello").expect(201).json;
    assert_eq!(by_number["user_sms_id"], 7, "as user_message_reference");
    let by_large = charge(&api, json!(4_711_000_000_u64), "Hello").expect(201).json;
    assert_eq!(by_large["user_sms_id"], "4711000000");

    for (wrong, why) in [(json!(""), "octets"), (json!("x".repeat(129)), "octets"), (json!("a\u{0}b"), "NUL")]
    {
        let refused = charge(&api, wrong, "Hello").expect(422);
        assert_eq!(refused.json["errors"][0]["field"], "user_sms_id", "{}", refused.text());
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    charge(&api, json!(-1), "Hello").expect(400);
    charge(&api, json!("x".repeat(128)), "Hello").expect(201);
    let too_long = gateway.submit(&Message::to(KENYA).tlv(TAG, &"x".repeat(129)));
    assert_ne!(too_long.status, 0, "an id that cannot be kept is not lost in silence");

    let shown = |id: &str| api.get(&format!("/v1/cdrs/{id}")).expect(200).json;
    assert_eq!(shown(&over_smpp)["user_sms_id"], AWKWARD);
    assert_eq!(shown(&plain)["user_sms_id"], Value::Null);
    assert_eq!(shown(&id_of(&by_number))["user_sms_id"], 7);
    assert_eq!(shown(&over_smpp)["message_text"], Value::Null, "texts are kept only where that is asked for");
    let escaped = AWKWARD.bytes().map(|octet| format!("%{octet:02X}")).collect::<Vec<_>>().concat();
    let mut wanted = vec![id_of(&by_text), over_smpp.clone()];
    for path in ["/v1/cdrs?account=biz_test_001&", "/v1/messages?"] {
        let found = ids(&api.get(&format!("{path}user_sms_id={escaped}")).expect(200).json);
        assert_eq!(found, wanted, "{path}");
        let found = ids(&api.get(&format!("{path}user_sms_id=7")).expect(200).json);
        assert_eq!(found, [id_of(&by_number)], "{path}");
        assert!(ids(&api.get(&format!("{path}user_sms_id=none")).expect(200).json).is_empty());
    }

    wanted.sort();
    let exported = api.get("/v1/cdrs/export?account=biz_test_001&raw=true").expect(200).text();
    let mut named: Vec<_> = column(&exported, "user_sms_id")
        .into_iter()
        .filter(|(_, id)| id == AWKWARD)
        .map(|row| row.0)
        .collect();
    named.sort();
    assert_eq!(named, wanted);
    // A spreadsheet would take it for a formula.
    let safe = api.get("/v1/cdrs/export?account=biz_test_001").expect(200).text();
    let formula = format!("'{AWKWARD}");
    assert_eq!(column(&safe, "user_sms_id").iter().filter(|(_, id)| *id == formula).count(), 2);
    drop(gateway);
    let log = daemon.stop();
    assert!(!log.contains("order"), "an id of a client is in no log");
    books::balanced(&sandbox);
}

#[test]
fn texts_are_kept_where_the_configuration_allows_it() {
    let sandbox = Sandbox::new();
    sandbox.set("storage", "message_text_days = 30");
    let (daemon, api) = start_with_admin(&sandbox);
    let text = "Your code, \"Ü 42\"";
    let by_api = id_of(&charge(&api, json!("a"), text).expect(201).json);
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let over_smpp = gateway.submit(&Message::to(KENYA)).message_id();
    let binary = json!({ "account": "biz_test_001", "to": KENYA, "from": "BANK", "payload": "00ff", "data_coding": 4 });
    let binary = id_of(&api.post("/v1/charges", &binary).expect(201).json);
    let shown =
        |api: &Api, id: &str| api.get(&format!("/v1/cdrs/{id}")).expect(200).json["message_text"].clone();
    let texts = |api: &Api| [&by_api, &over_smpp, &binary].map(|id| shown(api, id));
    let expected = [json!(text), json!("Your code is 493817"), Value::Null];
    assert_eq!(texts(&api), expected);
    let listed = api.get("/v1/cdrs?account=biz_test_001").expect(200).json;
    let listed: Vec<_> =
        listed["items"].as_array().unwrap().iter().rev().map(|item| item["message_text"].clone()).collect();
    assert_eq!(listed, expected);
    let exported = api.get("/v1/cdrs/export?account=biz_test_001").expect(200).text();
    assert_eq!(column(&exported, "message_text")[0], (by_api.clone(), text.to_owned()));

    // They are there after a crash, and no longer come with messages once they are switched off.
    drop(gateway);
    daemon.kill();
    sandbox.set("storage", "message_text_days = 0");
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    assert_eq!(texts(&api), expected);
    let later = id_of(&charge(&api, Value::Null, text).expect(201).json);
    assert_eq!(shown(&api, &later), Value::Null);
    let log = daemon.stop();
    assert!(!log.contains("42") || !log.contains("Your code"), "a text is in no log");
    let exported = sandbox.on_books(&["export", "cdr"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    assert_eq!(column(&exported.stdout, "message_text")[0], (by_api, text.to_owned()));
    books::balanced(&sandbox);
}
