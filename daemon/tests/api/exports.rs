//! Lists of money as files: transactions, usage, invoices and their lines, as CSV and .xlsx, held against the same as JSON.

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, Message};
use crate::workbook;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

const KENYA: &str = "254722000001";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PASSWORD: &str = "a long enough 1 password";
/// More than a page has, so that a file is made of several.
const MANY: u32 = 1_100;

/// Submits so many, all before the first answer is read.
fn submit_many(connection: &mut Connection) {
    let submits: Vec<u8> = (1..=MANY).flat_map(|number| Message::to(KENYA).submit(number).encode()).collect();
    connection.send(&submits).expect("the daemon reads");
    for _ in 0..MANY {
        let response = connection.receive().expect("an answer").expect("the connection stays");
        assert_eq!(response.status, ESME_ROK);
    }
}

/// All items of a list in JSON.
fn listed(api: &Api, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{path}limit=1000{cursor}")).expect(200).json;
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// A row by the names of its columns.
type Row = Map<String, Value>;

fn csv_rows(reply: &Reply) -> Vec<Row> {
    assert_eq!(reply.header("content-type"), Some("text/csv"));
    let mut reader = csv::Reader::from_reader(&reply.body[..]);
    let names = reader.headers().expect("a header").clone();
    let row = |row: csv::StringRecord| {
        names.iter().zip(&row).map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

/// The rows of a workbook, and the types of the cells in the first of them.
fn xlsx_rows(reply: &Reply) -> (Vec<Row>, Row) {
    assert_eq!(reply.header("content-type"), Some(XLSX));
    let rows = workbook::rows(&reply.body, 1);
    let names: Vec<String> = rows[0].iter().map(|cell| cell.as_ref().expect("a name").text.clone()).collect();
    let named = |row: &[Option<workbook::Cell>], of: fn(&workbook::Cell) -> &str| {
        let text = |at: usize| row.get(at).and_then(Option::as_ref).map_or("", of);
        names.iter().enumerate().map(|(at, name)| (name.clone(), Value::from(text(at)))).collect::<Row>()
    };
    let kinds = rows.get(1).map(|row| named(row, |cell| &cell.kind)).unwrap_or_default();
    (rows[1..].iter().map(|row| named(row, |cell| &cell.text)).collect(), kinds)
}

/// An object of JSON as a row has it: everything a text, and objects in it laid flat.
fn flat(object: &Value) -> Row {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut row = Row::new();
    for (name, value) in object.as_object().expect("an object") {
        match value {
            Value::Object(details) if name == "details" => {
                row.extend(details.iter().map(|(name, value)| (name.clone(), text(value).into())));
            }
            value => _ = row.insert(name.clone(), text(value).into()),
        }
    }
    row
}

fn kind_of<'k>(kinds: &'k Row, name: &str) -> &'k str {
    kinds[name].as_str().expect("a type")
}

#[test]
fn transactions_are_the_same_in_a_file() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    submit_many(&mut Connection::bound(daemon.smpp, BUSINESS_1));
    let path = "/v1/accounts/biz_test_001";
    let topup = json!({ "amount": "123456789.654321", "reference": "=HYPERLINK(\"http://example.com\")",
        "details": "@SUM(A1)", "metadata": { "by": "+1" } });
    api.post(&format!("{path}/topups"), &topup).expect(201);
    api.post(&format!("{path}/adjustments"), &json!({ "amount": "-10.00", "reason": "-1+1" })).expect(201);
    let get = |query: &str| api.get(&format!("{path}/transactions?{query}")).expect(200);
    let json: Vec<Row> = listed(&api, &format!("{path}/transactions?")).iter().map(flat).collect();
    assert!(json.len() > 1_000);

    let raw = get("format=csv&raw=true");
    assert_eq!(raw.header("content-disposition"), Some("attachment; filename=\"transactions.csv\""));
    assert!(csv_rows(&raw) == json, "{} rows of CSV, {} of JSON", csv_rows(&raw).len(), json.len());
    let (rows, kinds) = xlsx_rows(&get("format=xlsx"));
    assert!(rows == json, "{} rows of the workbook", rows.len());
    assert_eq!((kind_of(&kinds, "id"), kind_of(&kinds, "amount")), ("inlineStr", ""));

    let neutral = csv_rows(&get("format=csv"));
    assert_eq!(neutral[0]["details"], "'-1+1");
    assert_eq!(neutral[0]["amount"], "-10.00", "a number stays one");
    assert_eq!(neutral[1]["reference"], "'=HYPERLINK(\"http://example.com\")");
    assert_eq!(neutral[1]["details"], "'@SUM(A1)");
    assert_eq!(neutral[1]["metadata"], "{\"by\":\"+1\"}");
    assert_eq!(csv_rows(&get("format=csv&kind=adjustment")).len(), 1);
    assert_eq!(csv_rows(&get("format=csv&max_amount=-1.00&from=2020-01-01")).len(), 1);

    for (query, status, word) in [
        ("format=csv&limit=5", 422, "limit"),
        ("format=xlsx&cursor=MQ", 422, "cursor"),
        ("format=csv&offset=1", 422, "offset"),
        ("format=parquet", 400, "format"),
        ("format=csv&min_amount=x", 422, "min_amount"),
    ] {
        let refused = api.get(&format!("{path}/transactions?{query}")).expect(status);
        assert!(refused.text().contains(word), "{query}: {}", refused.text());
    }
    daemon.stop();
}

#[test]
fn usage_is_the_same_in_a_file() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    for login in [BUSINESS_1, BUSINESS_2] {
        let mut connection = Connection::bound(daemon.smpp, login);
        for number in ["254722000001", "254733000001", "33612345678"] {
            assert_eq!(connection.submit(&Message::to(number)).status, ESME_ROK);
        }
    }
    let path = "/v1/accounts/biz_test_001/usage";
    let whole = api.get(&format!("{path}?daily=true")).expect(200).json;
    for table in ["country_usage", "network_usage", "operator_usage", "daily_usage"] {
        let expected: Vec<Row> = whole[table].as_array().expect("a table").iter().map(flat).collect();
        let with_account = |row: Row| {
            let mut whole: Row = row;
            for name in ["account", "currency", "time_zone"] {
                assert_eq!(whole.remove(name).as_ref(), Some(&flat_of(&api, path, name)), "{table}");
            }
            assert!(whole.remove("from").is_some() && whole.remove("to").is_some());
            assert!(whole.remove("whose").is_none_or(|whose| whose == "own"), "{table}");
            whole
        };
        let csv = csv_rows(&api.get(&format!("{path}?format=csv&table={table}")).expect(200));
        assert_eq!(csv.into_iter().map(with_account).collect::<Vec<_>>(), expected, "{table}");
        let (rows, _) = xlsx_rows(&api.get(&format!("{path}?format=xlsx&table={table}")).expect(200));
        assert_eq!(rows.into_iter().map(with_account).collect::<Vec<_>>(), expected, "{table}");
    }
    let usual = api.get(&format!("{path}?format=csv")).expect(200);
    assert_eq!(usual.header("content-disposition"), Some("attachment; filename=\"network_usage.csv\""));
    assert!(api.get(&format!("{path}?table=daily_usage")).expect(422).text().contains("table"));

    let of_all: Vec<Row> = listed(&api, "/v1/usage?").iter().map(flat).collect();
    assert_eq!(of_all.len(), 2);
    assert_eq!(csv_rows(&api.get("/v1/usage?format=csv").expect(200)), of_all);
    let (rows, kinds) = xlsx_rows(&api.get("/v1/usage?format=xlsx").expect(200));
    assert_eq!(rows, of_all);
    assert_eq!(["messages_sent", "cost", "success_rate"].map(|name| kind_of(&kinds, name)), [""; 3]);
    assert!(api.get("/v1/usage?format=csv&limit=1").expect(422).text().contains("limit"));
    daemon.stop();
}

/// A field of the usage of an account.
fn flat_of(api: &Api, path: &str, name: &str) -> Value {
    flat(&api.get(path).expect(200).json)[name].clone()
}

#[test]
fn invoices_and_their_lines_are_the_same_in_a_file_and_seen_by_the_same() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    for (id, parent) in [("shop", json!(null)), ("client", json!("shop")), ("stranger", json!(null))] {
        let account = json!({ "id": id, "plan": "starter", "parent": parent,
            "settings": { "is_reseller": id == "shop" } });
        api.post("/v1/accounts", &account).expect(201);
        api.post(&format!("/v1/accounts/{id}/topups"), &json!({ "amount": "5.00", "reference": "r" }))
            .expect(201);
        let charge = json!({ "account": id, "to": KENYA, "text": "x" });
        let charged = api.post("/v1/charges", &charge).expect(201).json;
        let message = charged["message_id"].as_str().expect("an id");
        api.post("/v1/charges", &charge).expect(201);
        api.post(&format!("/v1/charges/{message}/refund"), &json!({ "reason": "a test" })).expect(200);
    }
    let from = (Timestamp::now() - SignedDuration::from_hours(24)).to_string();
    let draft = |account: &str| {
        let to = Timestamp::now().to_string();
        let body = json!({ "account": account, "period_start": from, "period_end": to });
        let id = api.post("/v1/invoices", &body).expect(201).json["id"].as_str().unwrap().to_owned();
        api.order(&format!("/v1/invoices/{id}/send")).expect(200).json
    };
    let numbers =
        ["shop", "client", "stranger"].map(|id| draft(id)["invoice_number"].as_str().unwrap().to_owned());

    let all: Vec<Row> = listed(&api, "/v1/invoices?").iter().map(flat).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(csv_rows(&api.get("/v1/invoices?format=csv").expect(200)), all);
    let (rows, kinds) = xlsx_rows(&api.get("/v1/invoices?format=xlsx").expect(200));
    assert_eq!(rows, all);
    assert_eq!(["id", "total_amount"].map(|name| kind_of(&kinds, name)), ["inlineStr", ""]);
    assert_eq!(csv_rows(&api.get("/v1/invoices?format=csv&account=client").expect(200)).len(), 1);
    assert_eq!(csv_rows(&api.get("/v1/invoices?format=csv&status=paid").expect(200)).len(), 0);

    let path = format!("/v1/invoices/{}", numbers[1]);
    let invoice = api.get(&path).expect(200).json;
    let lines: Vec<Row> = invoice["line_items"].as_array().expect("lines").iter().map(flat).collect();
    let of_invoice = |mut row: Row| {
        for name in ["invoice_number", "account", "period_start", "period_end", "currency"] {
            assert_eq!(row.remove(name).as_ref(), Some(&invoice[name]));
        }
        row
    };
    let csv = api.get(&format!("{path}?format=csv")).expect(200);
    assert_eq!(
        csv.header("content-disposition"),
        Some(&*format!("attachment; filename=\"{}.csv\"", numbers[1]))
    );
    assert_eq!(csv_rows(&csv).into_iter().map(of_invoice).collect::<Vec<_>>(), lines);
    let (rows, kinds) = xlsx_rows(&api.get(&format!("{path}?format=xlsx")).expect(200));
    assert_eq!(["is_refund", "unit_price", "quantity"].map(|name| kind_of(&kinds, name)), ["b", "", ""]);
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["is_refund"], &rows[1]["is_refund"]), (&json!("0"), &json!("1")));

    for (name, role, account) in [("rita", "reseller", "shop"), ("carl", "customer", "client")] {
        let user = json!({ "email": format!("{name}@example.com"), "name": name, "role": role, "account": account,
            "password": PASSWORD });
        api.post("/v1/users", &user).expect(201);
    }
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    let accounts = |caller: &Api, path: &str| {
        let rows = csv_rows(&caller.get(path).expect(200));
        rows.iter().map(|row| row["account"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(accounts(&rita, "/v1/invoices?format=csv"), ["client", "shop"], "the newest first");
    assert_eq!(accounts(&carl, "/v1/invoices?format=csv"), ["client"]);
    assert_eq!(accounts(&rita, "/v1/usage?format=csv"), ["client", "shop"]);
    for (caller, account) in [(&rita, "stranger"), (&carl, "shop")] {
        caller.get(&format!("/v1/accounts/{account}/transactions?format=csv")).expect(404);
        caller.get(&format!("/v1/accounts/{account}/usage?format=csv")).expect(404);
        caller.get(&format!("/v1/invoices?format=csv&account={account}")).expect(404);
    }
    carl.get("/v1/usage?format=csv").expect(403);
    rita.get(&format!("/v1/invoices/{}?format=xlsx", numbers[2])).expect(404);
    carl.get(&format!("/v1/invoices/{}?format=csv", numbers[0])).expect(404);
    daemon.stop();
}
