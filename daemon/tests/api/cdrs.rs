//! Messages over HTTP: found, settled by report, and exported as CSV, Parquet and .xlsx with what the command exports.

use crate::support::api::{Api, start_with_admin};
use crate::support::books::{self, micros};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, Login, Message, TLV_DISPATCH_ID};
use crate::workbook;
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::json;

const KENYA: &str = "254722000001";
const AIRTEL: &str = "254733000001";
const FRANCE: &str = "33612345678";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PASSWORD: &str = "a long enough 1 password";

/// Submits to each of them, and gives the ids.
fn submit(connection: &mut Connection, messages: &[Message]) -> Vec<String> {
    let submit = |message| {
        let response = connection.submit(message);
        assert_eq!(response.status, ESME_ROK);
        response.message_id()
    };
    messages.iter().map(submit).collect()
}

fn ids(api: &Api, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/cdrs?limit=3&{query}{cursor}")).expect(200).json;
        let items = page["items"].as_array().expect("items");
        ids.extend(items.iter().map(|cdr| cdr["message_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

fn balance(api: &Api, account: &str) -> i64 {
    let answer = api.get(&format!("/v1/accounts/{account}/balance")).expect(200);
    micros(answer.json["balance"].as_str().expect("a balance"))
}

#[test]
fn messages_are_found_by_what_they_are() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut first = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut second = Connection::bound(daemon.smpp, BUSINESS_2);
    let sale = |to: &str| Message::to(to).tlv(TLV_DISPATCH_ID, "sale");
    let ours = submit(
        &mut first,
        &[Message::to(KENYA), sale(AIRTEL), Message::to(FRANCE), sale(KENYA), Message::to(AIRTEL)],
    );
    let theirs = submit(&mut second, &[Message::to(KENYA), sale(FRANCE)]);
    let newest = |ids: &[&String]| ids.iter().rev().map(|id| (*id).clone()).collect::<Vec<_>>();

    let all: Vec<String> = newest(&ours.iter().collect::<Vec<_>>())
        .into_iter()
        .chain(newest(&theirs.iter().collect::<Vec<_>>()))
        .collect();
    assert_eq!(ids(&api, ""), all, "by account, and of each the newest first");
    let of = |query: &str| ids(&api, &format!("account=biz_test_001&{query}"));
    assert_eq!(of("dispatch_id=sale"), newest(&[&ours[1], &ours[3]]));
    assert_eq!(of("mcc=639&mnc=03"), newest(&[&ours[1], &ours[4]]));
    assert_eq!(of("country=FR"), newest(&[&ours[2]]));
    for number in [KENYA.to_owned(), format!("%2B{KENYA}"), format!("00{KENYA}")] {
        assert_eq!(of(&format!("destination={number}")), newest(&[&ours[0], &ours[3]]), "{number}");
    }
    assert!(api.get("/v1/cdrs?destination=ACME").expect(422).text().contains("destination"));
    assert_eq!(of("state=enroute").len(), 5);
    assert_eq!(of("state=delivered&operator=nobody").len(), 0);
    assert_eq!(of("to=2020-01-01").len() + of("from=2999-01-01").len(), 0);
    api.get("/v1/cdrs?country=France").expect(422);
    assert_eq!(ids(&api, "country=fr"), [ours[2].clone(), theirs[1].clone()]);
    let third = api.get("/v1/cdrs?limit=1&offset=2").expect(200).json;
    assert_eq!(third["items"][0]["message_id"], all[2]);
    assert_eq!(api.get("/v1/cdrs?account=nobody").expect(404).code(), "not_found");
    assert_eq!(api.get("/v1/cdrs?mcc=63").expect(422).code(), "unprocessable");
    assert_eq!(api.get("/v1/cdrs?cursor=MQ").expect(422).code(), "unprocessable");

    let cdr = api.get(&format!("/v1/cdrs/{}", ours[1])).expect(200).json;
    assert_eq!(
        (&cdr["source"], &cdr["price"], &cdr["tier_before"]),
        (&json!("Tollgate"), &json!("0.018"), &json!(1))
    );
    assert_eq!((&cdr["network"]["mnc"], &cdr["network"]["country_name"]), (&json!("03"), &json!("Kenya")));
    for id in ["1", "x", "99999999999999999999999"] {
        api.get(&format!("/v1/cdrs/{id}")).expect(404);
    }

    let user = json!({ "email": "two@example.com", "name": "two", "role": "customer", "account": "biz_test_002",
        "password": PASSWORD });
    api.post("/v1/users", &user).expect(201);
    let customer = Api::login(&daemon, "two@example.com", PASSWORD);
    assert_eq!(ids(&customer, ""), newest(&theirs.iter().collect::<Vec<_>>()));
    customer.get(&format!("/v1/cdrs/{}", theirs[0])).expect(200);
    customer.get(&format!("/v1/cdrs/{}", ours[0])).expect(404);
    customer.get(&format!("/v1/cdrs/{}/explain", ours[0])).expect(404);
    customer.get("/v1/cdrs?account=biz_test_001").expect(404);
    customer.get("/v1/cdrs/export?account=biz_test_001").expect(404);
    let exported = customer.get("/v1/cdrs/export").expect(200).text();
    assert_eq!(exported.lines().count(), 3);
    drop((first, second));
    daemon.stop();
}

#[test]
fn a_gateways_report_settles_a_message_once() {
    const LOGIN: Login = Login { system_id: "own_route", password: "secret01" };
    let sandbox = Sandbox::new();
    sandbox.add_account(
        LOGIN.system_id,
        "plan = \"starter\"\nopening_balance = \"1.00\"\ndelivery = \"charge_only\"",
    );
    let (daemon, api) = start_with_admin(&sandbox);
    let mut gateway = Connection::bound(daemon.smpp, LOGIN);
    let messages: Vec<Message> = (0..4).map(|_| Message::to(KENYA)).collect();
    let sent = submit(&mut gateway, &messages);
    let report = |id: &str, status: &str| {
        api.put(&format!("/v1/cdrs/{id}/status"), &json!({ "status": status, "error": 7 }))
    };
    let rejected = report(&sent[0], "rejected").expect(200).json;
    assert_eq!(
        (&rejected["state"], &rejected["refunded"], &rejected["error"]),
        (&json!("rejected"), &json!("0.02"), &json!(7))
    );
    report(&sent[1], "accepted").expect(200);
    for _ in 0..2 {
        let delivered = report(&sent[1], "delivered").expect(200).json;
        assert_eq!((&delivered["state"], &delivered["refunded"]), (&json!("delivered"), &json!("0.00")));
    }
    assert_eq!(report(&sent[1], "expired").expect(409).code(), "wrong_state");
    report(&sent[0], "delivered").expect(409);
    report(&sent[2], "undelivered").expect(200);
    report("1", "delivered").expect(404);
    report(&sent[3], "lost").expect(400);
    assert_eq!(balance(&api, LOGIN.system_id), 940_000, "one of four is given back");
    assert_eq!(ids(&api, "account=own_route&state=delivered"), [sent[1].clone()]);
    let rejected = api.get(&format!("/v1/cdrs/{}/explain", sent[0])).expect(200).json;
    assert_eq!((&rejected["agrees"], &rejected["state"]), (&json!(true), &json!("rejected")));
    drop(gateway);
    daemon.stop();
    books::balanced(&sandbox);
}

/// A cell of a Parquet row as CSV has it.
fn cell(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Bool(flag) => flag.to_string(),
        Field::TimestampMicros(at) => jiff::Timestamp::from_microsecond(*at).unwrap().to_string(),
        Field::Decimal(decimal) => {
            assert_eq!((decimal.precision(), decimal.scale()), (18, 6));
            let micros = i64::from_be_bytes(decimal.data().try_into().unwrap());
            let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let short = text.trim_end_matches('0');
            // Amounts are written with two decimals at least.
            let decimals = short.len() - short.find('.').unwrap() - 1;
            format!("{short}{}", "0".repeat(2_usize.saturating_sub(decimals)))
        }
        other => panic!("no column holds {other:?}"),
    }
}

fn parquet_rows(octets: Vec<u8>) -> Vec<Vec<String>> {
    let reader = SerializedFileReader::new(Bytes::from(octets)).expect("a Parquet file");
    let names =
        reader.metadata().file_metadata().schema().get_fields().iter().map(|field| field.name().to_owned());
    let rows = reader
        .get_row_iter(None)
        .expect("rows")
        .map(|row| row.expect("a row").get_column_iter().map(|(_, field)| cell(field)).collect());
    std::iter::once(names.collect()).chain(rows).collect()
}

fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(ToOwned::to_owned).collect()).collect()
}

/// The columns of which a spreadsheet makes a sum; every other value but flags is a text.
const NUMBERS: [&str; 14] = [
    "segments",
    "price",
    "refunded",
    "tier_before",
    "data_coding",
    "user_message_reference",
    "cost",
    "margin",
    "attempts",
    "error",
    "covered_by_bundles",
    "bought",
    "sold",
    "commission",
];

/// The rows of a workbook as CSV has them.
fn xlsx_rows(octets: &[u8]) -> Vec<Vec<String>> {
    let rows = workbook::rows(octets, 1);
    let text =
        |cell: &Option<workbook::Cell>| cell.as_ref().map_or_else(String::new, |cell| cell.text.clone());
    let names: Vec<String> = rows[0].iter().map(text).collect();
    let value = |cell: &Option<workbook::Cell>, name: &str| {
        let Some(cell) = cell else { return String::new() };
        let kind = if NUMBERS.contains(&name) { "" } else { "inlineStr" };
        if cell.kind == "b" {
            return (cell.text == "1").to_string();
        }
        assert_eq!(cell.kind, kind, "{name}: {cell:?}");
        cell.text.clone()
    };
    let row = |row: &Vec<Option<workbook::Cell>>| {
        let mut row = row.clone();
        row.resize(names.len(), None);
        row.iter().zip(&names).map(|(cell, name)| value(cell, name)).collect()
    };
    let rows: Vec<Vec<String>> = rows[1..].iter().map(row).collect();
    std::iter::once(names.clone()).chain(rows).collect()
}

#[test]
fn an_export_is_what_the_command_exports() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    for login in [BUSINESS_2, BUSINESS_1] {
        let mut connection = Connection::bound(daemon.smpp, login);
        let message = |number: usize| {
            let message = Message::to([KENYA, AIRTEL, FRANCE][number % 3]);
            match number % 4 {
                0 => message.tlv(TLV_DISPATCH_ID, "sale, \"spring\""),
                1 => message.tlv(TLV_DISPATCH_ID, "=1+1"),
                _ => message,
            }
        };
        let sent = submit(&mut connection, &(0..60).map(message).collect::<Vec<_>>());
        let path = format!("/v1/cdrs/{}/status", sent[1]);
        api.put(&path, &json!({ "status": "rejected" })).expect(200);
    }
    let get = |query: &str| api.get(&format!("/v1/cdrs/export{query}")).expect(200);
    let csv = get("");
    assert_eq!(csv.header("content-type"), Some("text/csv"));
    let parquet = get("?format=parquet");
    assert_eq!(parquet.header("content-type"), Some("application/vnd.apache.parquet"));
    let (one, sale) = (
        get("?account=biz_test_002").text(),
        get("?dispatch_id=sale%2C%20%22spring%22&state=enroute").text(),
    );
    let none = get("?to=2020-01-01&format=parquet");
    let xlsx = get("?format=xlsx");
    assert_eq!(xlsx.header("content-type"), Some(XLSX));
    assert_eq!(xlsx.header("content-disposition"), Some("attachment; filename=\"cdrs.xlsx\""));
    let (xlsx_of_sale, xlsx_of_none) =
        (get("?dispatch_id=%3D1%2B1&format=xlsx"), get("?to=2020-01-01&format=xlsx"));
    // The filters of the list are those of the file. Each account has sent twenty messages to each number.
    for (query, messages) in [
        ("?country=fr", 40),
        ("?mcc=639&mnc=02&account=biz_test_001", 20),
        ("?destination=%2B254722000001&sender=Tollgate", 40),
        ("?sender=Nobody", 0),
        ("?operator=nobody", 0),
        ("?user_sms_id=7", 0),
    ] {
        assert_eq!(csv_rows(&get(query).text()).len(), 1 + messages, "{query}");
    }
    for (query, field) in [("country=France", "country"), ("mcc=6", "mcc"), ("destination=x", "destination")]
    {
        let refused = api.get(&format!("/v1/cdrs/export?{query}")).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field, "{}", refused.text());
    }
    daemon.stop();

    let command = sandbox.on_books(&["export", "cdr"]);
    assert!(csv.text() == command.stdout, "{}\n{}", csv.text(), command.stdout);
    assert_eq!(one, sandbox.on_books(&["export", "cdr", "--account", "biz_test_002"]).stdout);
    assert!(command.stdout.contains(",'=1+1,"), "{}", command.stdout);
    let rows = csv_rows(&sandbox.on_books(&["export", "cdr", "--raw"]).stdout);
    assert_eq!(rows.len(), 121);
    assert_eq!(parquet_rows(parquet.body), rows);
    assert_eq!(parquet_rows(none.body), rows[..1]);
    assert_eq!(csv_rows(&sale).len(), 31);
    assert_eq!(xlsx_rows(&xlsx.body), rows);
    assert_eq!(xlsx_rows(&xlsx_of_sale.body).len(), 31);
    assert_eq!(xlsx_rows(&xlsx_of_none.body), rows[..1]);
    let file = sandbox.path().join("cdrs.xlsx");
    let written =
        sandbox.on_books(&["export", "cdr", "--format", "xlsx", "--output", file.to_str().expect("UTF-8")]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert_eq!(xlsx_rows(&std::fs::read(file).expect("the workbook")), rows);
    books::balanced(&sandbox);
}
