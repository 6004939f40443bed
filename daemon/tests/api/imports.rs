//! Price lists that are uploaded over the management API: drafts, what they say, and what a confirmation changes.

use std::fs;

use serde_json::{Value, json};

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::sandbox::{Sandbox, repository};
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message, TLV_PRICE, TLV_PRICE_REQUEST};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const RATES: &str = "rates/samples.csv";

fn upload(api: &Api, query: &str, list: &[u8], kind: &str) -> Reply {
    api.send("POST", &format!("/v1/imports?{query}"), Some((list.to_vec(), kind)))
}

fn confirm(api: &Api, draft: &Reply, query: &str) -> Reply {
    let id = draft.json["id"].as_str().expect("an id");
    let tag = draft.header("etag").expect("an ETag").to_owned();
    api.header("If-Match", &tag).order(&format!("/v1/imports/{id}/confirm?{query}"))
}

#[test]
fn a_draft_changes_nothing_and_its_confirmation_the_next_message() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut price = || {
        let response = connection.submit(&Message::to("254722000001").tlv(TLV_PRICE_REQUEST, "1"));
        assert_eq!(response.status, ESME_ROK);
        response.tlv(TLV_PRICE).expect("the price was asked for")
    };
    let before = sandbox.read(RATES);
    let list = "\u{feff}MCC;MNC;Preis USD\r\n639;2;0,021\r\n";
    let query = "plan=*&content=changes&name=acme.csv";
    let draft = upload(&api, query, list.as_bytes(), "text/csv").expect(201);
    assert_eq!(draft.json["mapping"]["decimal_mark"], "comma");
    assert_eq!(draft.json["difference"]["changed"], 1);
    let changed = &draft.json["difference"]["changed_rows"][0]["after"];
    assert_eq!((&changed["country_name"], &changed["mnc"]), (&json!("Kenya"), &json!("02")), "{changed}");
    assert_eq!((price(), sandbox.read(RATES)), ("0.02".to_owned(), before));

    let id = draft.json["id"].as_str().unwrap().to_owned();
    let without = api.order(&format!("/v1/imports/{id}/confirm")).expect(400);
    assert_eq!(without.code(), "invalid_request");
    let row = json!({ "rows": [{ "plan": "*", "mcc": "639", "mnc": "03", "price_per_sms": "0.0181" }] });
    api.put("/v1/rate-cards/rows", &row).expect(200);
    assert_eq!(confirm(&api, &draft, "").expect(412).code(), "precondition_failed");
    let again = api.get(&format!("/v1/imports/{id}")).expect(200);
    assert_eq!(confirm(&api, &again, "").expect(200).json["result"], "applied");
    assert_eq!(price(), "0.021");

    let shown = api.get(&format!("/v1/imports/{id}")).expect(200);
    assert_eq!((&shown.json["status"], &shown.json["difference"]), (&json!("confirmed"), &Value::Null));
    assert_eq!(confirm(&api, &shown, "").expect(409).code(), "wrong_state");
    let audit = api.get(&format!("/v1/audit?resource=import/{id}")).expect(200).json;
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["import.confirm", "import.create"]);
    api.delete(&format!("/v1/imports/{id}")).expect(204);
    assert_eq!(api.get("/v1/imports").expect(200).json["items"], json!([]));
}

#[test]
fn a_list_that_is_refused_names_its_lines_and_no_file_of_the_server() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start_with_admin(&sandbox);
    let list = "MCC,MNC,Price,Currency\n639,99,0.02,USD\n639,02,0.02,EUR\n639,03,0.00000001,USD\n";
    let refused = upload(&api, "plan=starter&name=acme.csv", list.as_bytes(), "text/plain").expect(422);
    let told = refused.json.to_string();
    for (line, word) in [(2, "MNC"), (3, "Currency"), (4, "Price")] {
        let named = refused.json["errors"].as_array().unwrap().iter().any(|error| {
            error["field"] == format!("acme.csv:{line}")
                && error["message"].as_str().unwrap().starts_with(word)
        });
        assert!(named, "line {line}: {told}");
    }
    assert!(!told.contains(sandbox.path().to_str().unwrap()), "{told}");
    for (query, field) in
        [("plan=starter&day_order=backwards", "day_order"), ("plan=*&rate_file=no.csv", "rate_file")]
    {
        let refused = upload(&api, query, b"MCC,MNC,Price\n639,02,0.02\n", "text/csv").expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field, "{}", refused.json);
    }
    let refused = upload(&api, "plan=starter", b"Code,Price\n63902,0.02\n", "text/csv").expect(422);
    assert!(refused.json.to_string().contains("by columns.mcc_mnc or columns.prefix"), "{}", refused.json);
    for (query, status) in [
        ("", 422),
        ("plan=starter&operator=alpha", 422),
        ("plan=nobody", 404),
        ("operator=nobody", 404),
        ("plan=starter&profile=nobody", 404),
        ("plan=starter&day_order=backwards", 422),
    ] {
        upload(&api, query, b"MCC,MNC,Price\n639,02,0.02\n", "text/csv").expect(status);
    }
    assert_eq!(
        upload(&api, "plan=starter", b"{}", "application/json").expect(415).code(),
        "unsupported_media_type"
    );
}

#[test]
fn a_workbook_with_flagged_prices_has_to_be_accepted() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start_with_admin(&sandbox);
    let list = fs::read(repository().join("provisioning/tests/import/lists/31-zeros-lost.xlsx")).unwrap();
    let draft = upload(&api, "plan=*", &list, XLSX).expect(201);
    assert_eq!(draft.json["mapping"]["encoding"], "xlsx");
    assert!(draft.json["difference"]["flagged"].as_u64().unwrap() > 0, "{}", draft.json);
    let refused = confirm(&api, &draft, "").expect(409);
    assert_eq!(refused.code(), "wrong_state");
    confirm(&api, &draft, "accept_flagged=true").expect(200);
    assert!(sandbox.read(RATES).contains("*,310,030,0.012,,,"), "{}", sandbox.read(RATES));
}

#[test]
fn costs_of_an_operator_of_the_api_are_imported() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start_with_admin(&sandbox);
    let operator = json!({
        "code": "gamma", "currency": "EUR", "price_per_sms": "0.03", "networks": ["639"],
        "smpp_config": { "host": "127.0.0.1", "port": 1, "system_id": "x", "password": "y" },
    });
    api.post("/v1/operators", &operator).expect(201);
    let list = "MCCMNC,PriceSubmit,Currency,Effective\n63902,0.0126,EUR,2026-01-01\n";
    let draft = upload(&api, "operator=gamma", list.as_bytes(), "text/csv").expect(201);
    assert_eq!(draft.json["difference"]["file"], "operator gamma of the API");
    confirm(&api, &draft, "accept_flagged=true").expect(200);
    let costs = api.get("/v1/operators/gamma").expect(200).json["costs"].clone();
    assert_eq!((&costs[0]["mnc"], &costs[0]["cost"]), (&json!("02"), &json!("0.0126")), "{costs}");
}

#[test]
fn profiles_are_kept_by_the_api_and_as_files() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.config("import-profiles")).unwrap();
    sandbox.write("import-profiles/acme.toml", "decimal_mark = \"comma\"\n");
    let (_daemon, api) = start_with_admin(&sandbox);
    let made = api.put("/v1/import-profiles/beta", &json!({ "day_order": "month_first" })).expect(200);
    assert_eq!(made.json["source"], "api");
    let listed = api.get("/v1/import-profiles").expect(200).json;
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme", "beta"]);
    let of_file = api.put("/v1/import-profiles/acme", &json!({})).expect(409);
    assert_eq!(of_file.code(), "provisioned_by_file");
    let wrong = api.put("/v1/import-profiles/beta", &json!({ "decimal_mark": "dot" })).expect(422);
    assert_eq!(wrong.json["errors"][0]["field"], "decimal_mark");
    let list = "MCC,MNC,Price USD,From\n639,02,0.02,01/12/2026\n";
    let draft = upload(&api, "plan=starter&profile=beta", list.as_bytes(), "text/csv").expect(201);
    assert_eq!(draft.json["difference"]["added_rows"][0]["row"]["effective_from"], "2026-01-12T00:00:00Z");
    api.delete("/v1/import-profiles/beta").expect(204);
    api.get("/v1/import-profiles/beta").expect(404);
}
