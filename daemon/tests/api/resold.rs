//! The charges that a reseller's wallet pays for messages of accounts below: in its transactions, its usage and its invoices, equal to the
//! balance to the last millionth, and shown to nobody else.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::auth::PASSWORD;
use crate::support::api::{Api, start_with_admin};
use crate::support::books::micros;
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;

/// An importer without credit above a postpaid trader, who sells to one customer and earns a commission on another.
struct Market {
    sandbox: Sandbox,
    daemon: Daemon,
    admin: Api,
}

fn money(json: &Value) -> i64 {
    micros(json.as_str().unwrap_or_else(|| panic!("{json} is an amount")))
}

/// An instant that everything until now lies before.
fn instant() -> String {
    let at = Timestamp::now() + SignedDuration::from_millis(2);
    eventually("the clock to move on", || (Timestamp::now() > at).then_some(()));
    at.to_string()
}

impl Market {
    fn open() -> Self {
        let sandbox = Sandbox::new();
        let (daemon, admin) = start_with_admin(&sandbox);
        let make = |id: &str, parent: Value, settings: &Value| {
            let new = json!({ "id": id, "plan": "starter", "parent": parent, "settings": settings });
            admin.post("/v1/accounts", &new).expect(201);
        };
        let reseller = |credit: &str| json!({ "is_reseller": true, "chain": true, "credit_limit": credit });
        make("importer", Value::Null, &reseller("50.00"));
        make("trader", json!("importer"), &reseller("50.00"));
        for (name, owner, percent) in [("trade", "importer", "10"), ("retail", "trader", "25")] {
            let list = json!({ "name": name, "owner": owner, "currency": "USD",
                               "mark_ups": [{ "percent": percent, "per_segment": "0.001" }] });
            admin.post("/v1/price-lists", &list).expect(201);
        }
        admin.patch("/v1/accounts/trader", &json!({ "price_list": "trade" })).expect(200);
        let below = |earning: Value| json!({ "price_list": "retail", "delivery": "charge_only", "credit_limit": "50.00", "earning": earning });
        make("customer", json!("trader"), &below(json!({ "kind": "wholesale" })));
        let commission = json!({ "kind": "commission", "percent": "50", "of": "margin" });
        make("billed", json!("trader"), &below(commission));
        admin.patch("/v1/accounts/trader", &json!({ "delivery": "charge_only" })).expect(200);
        Self { sandbox, daemon, admin }
    }

    fn send(&self, account: &str, to: &str) -> String {
        let message = json!({ "account": account, "from": "ACME", "to": to, "text": "hello" });
        let sent = self.admin.post("/v1/charges", &message).expect(201).json;
        sent["message_id"].as_str().expect("an id").to_owned()
    }

    fn refund(&self, message: &str) {
        let refund = json!({ "reason": "sent twice" });
        self.admin.post(&format!("/v1/charges/{message}/refund"), &refund).expect(200);
    }

    /// A user of an account.
    fn user(&self, name: &str, role: &str, account: &str) -> Api {
        let email = format!("{name}@example.com");
        let user =
            json!({ "email": email, "name": name, "role": role, "account": account, "password": PASSWORD });
        self.admin.post("/v1/users", &user).expect(201);
        Api::login(&self.daemon, &email, PASSWORD)
    }

    fn balance(&self, account: &str) -> i64 {
        money(&self.admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"])
    }

    /// Six messages of four accounts, two of which are given back.
    fn trade(&self) -> Vec<String> {
        let sent: Vec<String> = [
            ("customer", "254722000001"),
            ("trader", "254722000002"),
            ("billed", "254722000003"),
            ("customer", "254733000004"),
            ("customer", "254722000005"),
            ("trader", "254733000006"),
        ]
        .iter()
        .map(|(account, to)| self.send(account, to))
        .collect();
        self.refund(&sent[4]);
        self.refund(&sent[5]);
        sent
    }
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().expect("items").clone()
}

/// All transactions of an account, read so many at once.
fn transactions(api: &Api, account: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/accounts/{account}/transactions?limit={limit}{cursor}");
        let page = api.get(&path).expect(200).json;
        all.extend(items(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[test]
fn the_transactions_of_a_reseller_are_all_that_moved_its_wallet() {
    let market = Market::open();
    let sent = market.trade();
    for account in ["importer", "trader", "customer", "billed"] {
        let all = transactions(&market.admin, account, 100);
        let sum: i64 = all.iter().map(|one| money(&one["amount"])).sum();
        assert_eq!(sum, market.balance(account), "{account}");
        for limit in [1, 2, 3] {
            assert_eq!(transactions(&market.admin, account, limit), all, "{account}, {limit} at once");
        }
        let ids: Vec<&str> = all.iter().map(|one| one["id"].as_str().expect("an id")).collect();
        assert!(ids.is_sorted_by(|one, next| one > next), "{ids:?}");
        let csv = market.admin.get(&format!("/v1/accounts/{account}/transactions?format=csv")).expect(200);
        assert_eq!(csv.text().lines().count(), 1 + all.len());
        let kind = format!("/v1/accounts/{account}/transactions?kind=sms_debit");
        let debits = items(&market.admin.get(&kind).expect(200).json);
        let of_kind: Vec<Value> = all.iter().filter(|one| one["kind"] == "sms_debit").cloned().collect();
        assert_eq!(debits, of_kind, "{account}");
    }
    let trader = market.user("tess", "reseller", "trader");
    let bought = trader.get(&format!("/v1/accounts/trader/transactions/{}", sent[0])).expect(200).json;
    assert_eq!((&bought["sent_by"], &bought["amount"]), (&json!("customer"), &json!("-0.023")));
    assert_eq!(bought["details"], "1 segment to 254722000001");
    // What the trader earns a commission on is not paid by it.
    trader.get(&format!("/v1/accounts/trader/transactions/{}", sent[2])).expect(404);
    let own = trader.get(&format!("/v1/accounts/trader/transactions/{}", sent[1])).expect(200).json;
    assert_eq!(own["sent_by"], Value::Null);

    // Nobody is shown another level's price.
    let listed = trader.get("/v1/accounts/trader/transactions").expect(200).text();
    assert!(!listed.contains("0.02975") && !listed.contains("\"-0.02\""), "{listed}");
    let customer = market.user("carl", "customer", "customer");
    let listed = customer.get("/v1/accounts/customer/transactions").expect(200).text();
    assert!(listed.contains("-0.02975") && !listed.contains("-0.023\""), "{listed}");
    for path in ["transactions", "usage?whose=all", "wallet"] {
        customer.get(&format!("/v1/accounts/trader/{path}")).expect(404);
        trader.get(&format!("/v1/accounts/importer/{path}")).expect(404);
    }
    let wecall = trader.get("/api/billing/transactions/trader/?limit=50").expect(200).json;
    let sum: i64 = wecall.as_array().expect("a list").iter().map(|one| money(&one["amount"])).sum();
    assert_eq!(sum, market.balance("trader"));
    market.daemon.stop();
    assert_eq!(market.sandbox.on_books(&["verify"]).code, Some(0));
}

#[test]
fn usage_and_invoices_of_a_reseller_have_what_it_paid_for_accounts_below() {
    let market = Market::open();
    let start = instant();
    market.trade();
    let end = instant();
    let trader = market.user("tess", "reseller", "trader");
    let paid = BTreeMap::from(["importer", "trader", "customer"].map(|id| (id, -market.balance(id))));
    for (account, sent) in [("importer", [0, 6]), ("trader", [2, 3]), ("customer", [3, 0])] {
        let usage = |whose: &str| {
            let path = format!("/v1/accounts/{account}/usage?whose={whose}&daily=true");
            market.admin.get(&path).expect(200).json
        };
        let [own, below, all] = ["own", "below", "all"].map(usage);
        assert_eq!(
            [&own, &below].map(|one| one["total_messages_sent"].clone()),
            sent.map(Value::from),
            "{account}"
        );
        assert_eq!(money(&own["total_cost"]) + money(&below["total_cost"]), paid[account], "{account}");
        assert_eq!(money(&all["total_cost"]), paid[account], "{account}");
        for table in ["country_usage", "network_usage", "daily_usage"] {
            let rows = all[table].as_array().expect("rows").iter();
            assert_eq!(rows.map(|row| money(&row["cost"])).sum::<i64>(), paid[account], "{account}: {table}");
        }
    }
    let listed = trader.get("/v1/usage?whose=all").expect(200).json;
    let of_trader = items(&listed).into_iter().find(|row| row["account"] == "trader").expect("the trader");
    assert_eq!((money(&of_trader["cost"]), &of_trader["whose"]), (paid["trader"], &json!("all")));
    let file = trader.get("/v1/accounts/trader/usage?whose=below&format=csv").expect(200).text();
    assert!(file.starts_with("account,currency,whose,") && file.contains("trader,USD,below,"), "{file}");
    let wecall = trader.get("/api/billing/usage/trader/?period=THIS_MONTH").expect(200).json;
    assert_eq!(money(&wecall["total_cost"]), paid["trader"]);

    for account in ["importer", "trader", "customer"] {
        let asked = json!({ "account": account, "period_start": start, "period_end": end });
        let invoice = market.admin.post("/v1/invoices", &asked).expect(201).json;
        assert_eq!(money(&invoice["exact_amount"]), paid[account], "{account}");
        let lines = invoice["line_items"].as_array().expect("lines");
        let resold = lines.iter().filter(|line| line["details"]["is_resale"] == true);
        let resold: i64 = resold
            .map(|line| money(&line["unit_price"]) * line["quantity"].as_i64().expect("a quantity"))
            .sum();
        let path = format!("/v1/accounts/{account}/usage?whose=below");
        assert_eq!(resold, money(&market.admin.get(&path).expect(200).json["total_cost"]), "{account}");
        let number = invoice["id"].as_str().expect("an id");
        let sent = market.admin.order(&format!("/v1/invoices/{number}/send")).expect(200).json;
        assert_eq!(sent["amount_due"], sent["total_amount"], "it has paid nothing yet: {account}");
    }
    // One line says what was given back of the messages of accounts below, and where they went.
    let invoice = trader.get("/v1/invoices?account=trader").expect(200).json;
    let number = items(&invoice)[0]["invoice_number"].as_str().expect("a number").to_owned();
    let lines = trader.get(&format!("/v1/invoices/{number}")).expect(200).json["line_items"].clone();
    let lines = lines.as_array().expect("lines").clone();
    let refund = |line: &&Value| line["details"]["is_refund"] == true && line["details"]["is_resale"] == true;
    let refund = lines.iter().find(refund).expect("a line of refunds below");
    assert_eq!(refund["description"], "Refund of SMS of accounts below to Safaricom, Kenya (639/02)");
    assert_eq!((&refund["quantity"], &refund["unit_price"]), (&json!(1), &json!("-0.023")));
    market.daemon.stop();
    assert_eq!(market.sandbox.on_books(&["verify"]).code, Some(0));
}

#[test]
fn series_of_a_reseller_are_its_statement_and_those_of_the_house_what_the_importer_paid() {
    let market = Market::open();
    market.trade();
    let trader = market.user("trader", "reseller", "trader");
    let totals = |api: &Api, query: &str, name: &str| -> i64 {
        let series = api.get(&format!("/v1/series?{query}")).expect(200).json;
        let money = series["totals"]["money"].as_array().expect("amounts").clone();
        money.iter().filter_map(|one| one[name].as_str()).map(micros).sum()
    };
    let check = |trader: &Api, admin: &Api| {
        let statement = trader.get("/v1/accounts/trader/resales").expect(200).json;
        let of_statement = |name: &str| -> i64 {
            statement["totals"].as_array().expect("totals").iter().map(|total| money(&total[name])).sum()
        };
        assert!(of_statement("sold") > 0 && of_statement("commission") > 0, "{statement}");
        for query in ["measure=revenue,cost,margin&step=day", "measure=revenue,cost,margin&by=network"] {
            assert_eq!(totals(trader, query, "revenue"), of_statement("sold"));
            let (cost, margin) = (totals(trader, query, "cost"), totals(trader, query, "margin"));
            assert_eq!(cost, of_statement("bought"));
            assert_eq!(margin, of_statement("margin") + of_statement("commission"));
        }
        let refused = trader.get("/v1/series?measure=revenue&by=account").expect(422).json;
        assert_eq!(refused["errors"][0]["field"], "by");
        let by_account = trader.get("/v1/series?measure=messages,spend&by=account").expect(200).json;
        let keys: BTreeMap<String, u64> = by_account["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .map(|one| (one["key"].as_str().unwrap().to_owned(), one["totals"]["messages"].as_u64().unwrap()))
            .collect();
        let sent = [("billed", 1), ("customer", 3), ("trader", 2)];
        assert_eq!(keys, sent.map(|(account, count)| (account.to_owned(), count)).into());
        // The importer pays the house for all of them, and each account pays its own.
        for query in ["measure=revenue,spend", "measure=revenue,spend&by=account"] {
            assert_eq!(totals(admin, query, "revenue"), -market.balance("importer"));
        }
        let spend: i64 = totals(admin, "measure=spend&account=customer", "spend");
        assert_eq!(spend, -market.balance("customer"));
        // What accounts paid for their own messages is the same however it is told.
        let by_account = totals(admin, "measure=spend&by=account", "spend");
        assert_ne!(by_account, -market.balance("importer"), "accounts pay other prices than the importer");
        for query in ["measure=spend", "measure=spend&by=country", "measure=spend&by=network&step=day"] {
            assert_eq!(totals(admin, query, "spend"), by_account, "{query}");
        }
    };
    check(&trader, &market.admin);
    market.daemon.stop();
    assert_eq!(market.sandbox.on_books(&["verify"]).code, Some(0));
}
