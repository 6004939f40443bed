//! Chains and transfers in more than one currency: every level in its own, converted at the dated rates, half to even.

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::books::micros;
use crate::support::sandbox::Sandbox;

const PLANS: &str = r#"
[[plan]]
name = "euro"
currency = "EUR"
time_zone = "Europe/Berlin"
base_price = "refuse"

[[plan]]
name = "shilling"
currency = "KES"
time_zone = "Africa/Nairobi"
base_price = "refuse"

[[plan]]
name = "pound"
currency = "GBP"
time_zone = "UTC"
base_price = "0.05"
"#;

pub fn with_rates() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.append("plans.toml", PLANS);
    // Prices for every plan would need one currency.
    sandbox.write("rates/samples.csv", &sandbox.read("rates/samples.csv").replace("\n*,", "\nstarter,"));
    let rates = "base,quote,rate,effective_from\nEUR,USD,1.1,2020-01-01\nEUR,KES,142.45,2020-01-01\n";
    sandbox.write("exchange_rates.csv", rates);
    sandbox.set("tariff", "exchange_rates = \"exchange_rates.csv\"");
    sandbox
}

pub fn balance(api: &Api, account: &str) -> String {
    let balance = api.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone();
    balance.as_str().expect("a balance").to_owned()
}

fn make(api: &Api, id: &str, plan: &str, parent: &Value, settings: &Value) {
    let new = json!({ "id": id, "plan": plan, "parent": parent, "settings": settings });
    api.post("/v1/accounts", &new).expect(201);
    let topup = json!({ "amount": "1000.00", "reference": "r" });
    api.post(&format!("/v1/accounts/{id}/topups"), &topup).expect(201);
}

/// An importer in dollars, a shop in euros, and two customers in shillings, on one of which the shop earns a commission.
pub fn make_market(api: &Api) {
    let reseller = json!({ "is_reseller": true, "chain": true });
    make(api, "importer", "starter", &Value::Null, &reseller);
    let list = |name: &str, owner: &str, currency: &str, mark_up: &Value| {
        let list = json!({ "name": name, "owner": owner, "currency": currency, "mark_ups": [mark_up] });
        api.post("/v1/price-lists", &list).expect(201);
    };
    list("trade", "importer", "EUR", &json!({ "percent": "10" }));
    let bought = json!({ "is_reseller": true, "chain": true, "price_list": "trade" });
    make(api, "shop", "euro", &json!("importer"), &bought);
    list("retail", "shop", "KES", &json!({ "percent": "25", "per_segment": "0.5" }));
    let settings = json!({ "price_list": "retail", "delivery": "charge_only" });
    make(api, "client", "shilling", &json!("shop"), &settings);
    let commission = json!({ "kind": "commission", "percent": "50", "of": "margin" });
    let settings = json!({ "price_list": "retail", "delivery": "charge_only", "earning": commission });
    make(api, "billed", "shilling", &json!("shop"), &settings);
}

#[test]
fn a_chain_in_three_currencies_is_charged_explained_and_rated_again() {
    let sandbox = with_rates();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_market(&admin);
    let send = |account: &str| {
        let message = json!({ "account": account, "from": "ACME", "to": "254722000001", "text": "hello" });
        let sent = admin.post("/v1/charges", &message).expect(201).json;
        sent["message_id"].as_str().expect("an id").to_owned()
    };
    let first = send("client");
    // 0.02 USD are 0.018182 EUR, with ten percent 0.02; that are 2.849 KES, and 2.849 x 1.25 + 0.5.
    let balances = || ["importer", "shop", "client", "billed"].map(|id| balance(&admin, id));
    assert_eq!(balances(), ["999.98", "999.98", "995.93875", "1000.00"]);
    let second = send("billed");
    // The importer sells to the customer: the shop pays nothing, and earns half of 4.06125 KES in euros less its 0.02.
    assert_eq!(balances(), ["999.96", "999.98", "995.93875", "995.93875"]);
    let statement = admin.get("/v1/accounts/shop/resales").expect(200).json;
    // 4.06125 / 142.45 = 0.02851 EUR.
    assert_eq!(statement["commission_balance"], "0.004255");
    for id in [&first, &second] {
        let explained = admin.get(&format!("/v1/cdrs/{id}/explain")).expect(200).json;
        assert_eq!((&explained["agrees"], &explained["currency"]), (&json!(true), &json!("KES")));
    }
    for (account, currency) in [("importer", "USD"), ("shop", "EUR"), ("client", "KES")] {
        let path = format!("/v1/accounts/{account}/transactions");
        let listed = admin.get(&path).expect(200).json["items"].as_array().expect("items").clone();
        assert!(listed.iter().all(|one| one["currency"] == currency), "{account}");
        let sum: i64 = listed.iter().map(|one| micros(one["amount"].as_str().expect("an amount"))).sum();
        assert_eq!(sum, micros(&balance(&admin, account)), "{account}");
    }
    daemon.stop();
    let verified = sandbox.on_books(&["verify", "--rerate"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn money_moves_between_wallets_of_two_currencies_at_the_rate_of_the_day() {
    let sandbox = with_rates();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_market(&admin);
    let amount = |amount: &str| json!({ "amount": amount, "reference": "november" });
    // 100 / 142.45 = 0.702000702…
    let keyed = admin.header("Idempotency-Key", "fund-1");
    let given = keyed.post("/v1/accounts/client/fund", &amount("100.00")).expect(201).json;
    assert_eq!((&given["amount"], &given["currency"]), (&json!("100.00"), &json!("KES")));
    assert_eq!(keyed.post("/v1/accounts/client/fund", &amount("100.00")).expect(201).json, given);
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), ("999.297999".into(), "1100.00".into()));
    let of_shop =
        admin.get("/v1/accounts/shop/transactions?kind=transfer_out").expect(200).json["items"][0].clone();
    assert_eq!((&of_shop["amount"], &of_shop["currency"]), (&json!("-0.702001"), &json!("EUR")));
    // 40 / 142.45 = 0.280800280…
    let taken = admin.post("/v1/accounts/client/withdraw", &amount("40.00")).expect(201).json;
    assert_eq!(taken["amount"], "-40.00");
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), ("999.578799".into(), "1060.00".into()));
    // What is nothing in the other currency moves nothing, and so does what the parent does not have.
    for (route, what, status) in
        [("fund", "0.000001", 422), ("withdraw", "0.000001", 422), ("fund", "150000.00", 402)]
    {
        let refused = admin.post(&format!("/v1/accounts/client/{route}"), &amount(what)).expect(status);
        assert!(status != 422 || refused.json["errors"][0]["field"] == "amount", "{}", refused.text());
    }
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), ("999.578799".into(), "1060.00".into()));
    // Without an exchange rate nothing can be moved.
    make(&admin, "plain", "starter", &Value::Null, &json!({ "is_reseller": true }));
    make(&admin, "abroad", "pound", &json!("plain"), &json!({}));
    let refused = admin.post("/v1/accounts/abroad/fund", &amount("1.00")).expect(422);
    assert!(refused.text().contains("no exchange rate between GBP and USD"), "{}", refused.text());
    daemon.stop();
    assert_eq!(sandbox.on_books(&["verify"]).code, Some(0));
}
