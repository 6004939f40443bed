//! The rights to change fields: each line of the table in docs/access.md is tried with a user of each column, and with an API
//! key that counts as one. Then what no field says: suspension, hidden plans, and what is not to be seen.

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people, user_id};
use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;

const PAGE: &str = include_str!("../../../docs/access.md");

/// A value that each field takes, by the name of the field.
fn value_of(field: &str, number: usize) -> Value {
    match field {
        "AccountPatch.name" | "NewUser.name" | "UserPatch.name" | "NewApiKey.name" => {
            json!(format!("N {number}"))
        }
        "AccountPatch.is_reseller" | "UserPatch.disabled" | "NewApiKey.include_subtree" => json!(true),
        "AccountPatch.earning" => json!({ "kind": "wholesale" }),
        "AccountPatch.caps" => json!([{ "name": "day", "span": "day", "max_messages": 1000 }]),
        "AccountPatch.email" => json!("mail@example.com"),
        "AccountPatch.system_id" => json!(format!("sys{number}")),
        "AccountPatch.plan" | "NewAccount.plan" => json!("starter"),
        "AccountPatch.credit_limit" | "NewAccount.opening_balance" => json!("1.00"),
        "AccountPatch.low_balance_threshold" => json!("5.00"),
        "AccountPatch.default_calling_code" => json!("254"),
        "AccountPatch.number_lengths" | "AccountPatch.below_cost" => json!("warn"),
        "AccountPatch.senders" => json!({ "policy": "any" }),
        "AccountPatch.templates" => json!("any"),
        // None of the limits at all, which is the most that can be asked for.
        "AccountPatch.rate_limit" | "AccountPatch.window" | "AccountPatch.price_list" => Value::Null,
        // Fewer than the account above has.
        "AccountPatch.max_binds" => json!(9),
        "AccountPatch.allowed_ips" | "AccountPatch.rates" => json!([]),
        "AccountPatch.idempotency_by_user_message_reference_seconds" => json!(60),
        "AccountPatch.reply_tlvs" | "AccountPatch.trusts_network_tlv" | "AccountPatch.chain" => json!(false),
        "AccountPatch.default_coding" => json!("latin1"),
        "AccountPatch.delivery" => json!("charge_only"),
        "AccountPatch.alert_webhook_url" => json!("https://example.com/hook"),
        "AccountPatch.overage_segments" => json!(1_000),
        "AccountPatch.smpp33_receipt_ids" => json!("decimal"),
        "AccountPatch.traffic_pumping" => json!({ "mode": "alert" }),
        "NewAccount.id" => json!(format!("made_{number}")),
        "NewAccount.settings" => json!({ "rate_limit": { "per_second": 5 } }),
        "NewAccount.parent" | "AccountPatch.parent" => json!("shop"),
        "NewAccount.password" => json!("secret-7"),
        "NewUser.email" | "UserPatch.email" => json!(format!("n{number}@example.com")),
        "NewUser.role" | "UserPatch.role" => json!("customer"),
        "NewUser.password" => json!(PASSWORD),
        "NewApiKey.scopes" => json!(["accounts:read"]),
        "NewApiKey.expires_at" => json!("2126-01-01T00:00:00Z"),
        "NewApiKey.allowed_ips" => json!(["127.0.0.1"]),
        "NewNickname.name" | "NicknameChange.name" => json!(format!("N{number}")),
        "NewNickname.category"
        | "NicknameChange.category"
        | "NewTemplate.category"
        | "TemplateChange.category" => {
            json!("otp")
        }
        "NewTemplate.name" | "TemplateChange.name" | "NewDispatch.name" | "DispatchChange.name" => {
            json!(format!("n{number}"))
        }
        "NewTemplate.body" | "TemplateChange.body" => json!("Code {code}"),
        "NewTemplate.language" | "TemplateChange.language" => json!("en"),
        "NewDispatch.id" => json!(format!("d{number}")),
        "NewDispatch.planned_messages" | "DispatchChange.planned_messages" => json!(10),
        _ if field.ends_with(".description") => json!("words"),
        _ => panic!("{field} needs a value here"),
    }
}

/// A caller, and the account that it asks about.
struct Asker {
    column: usize,
    name: &'static str,
    api: Api,
    account: &'static str,
    /// A user of that account, and one of its sender IDs, templates and dispatches.
    user: String,
    sender_id: String,
    template: String,
    dispatch: String,
    is_key: bool,
}

impl Asker {
    /// The status of a request with this field, and with what else it needs.
    fn status(&self, field: &str, number: usize) -> u16 {
        let (body, name) = field.split_once('.').expect("a schema and its field");
        let mut fields = match body {
            "NewAccount" => json!({ "id": format!("acc_{number}"), "plan": "starter" }),
            "NewUser" => json!({
                "email": format!("u{number}@example.com"), "name": "U", "role": "customer", "account": self.account,
            }),
            "NewApiKey" => json!({ "name": "k", "scopes": ["accounts:read"], "account": self.account }),
            "NewNickname" => {
                json!({ "name": format!("S{number}"), "category": "otp", "account": self.account })
            }
            "NicknameChange" => json!({ "name": format!("S{number}"), "category": "otp" }),
            "NewTemplate" => json!({
                "name": format!("t{number}"), "body": "Code {code}", "category": "otp", "account": self.account,
            }),
            "TemplateChange" => {
                json!({ "name": format!("t{number}"), "body": "Code {c}", "category": "otp" })
            }
            "NewDispatch" => json!({ "id": format!("c{number}"), "name": "d", "account": self.account }),
            "DispatchChange" => json!({ "name": "d" }),
            _ => json!({}),
        };
        fields[name] = match field {
            "NewUser.account"
            | "UserPatch.account"
            | "NewApiKey.account"
            | "NewNickname.account"
            | "NewTemplate.account"
            | "NewDispatch.account" => json!(self.account),
            _ => value_of(field, number),
        };
        let account = self.account;
        match body {
            "AccountPatch" => self.api.patch(&format!("/v1/accounts/{account}"), &fields),
            "NewAccount" => self.api.post("/v1/accounts", &fields),
            "NewUser" => self.api.post("/v1/users", &fields),
            "UserPatch" => self.api.patch(&format!("/v1/users/{}", self.user), &fields),
            "NewApiKey" => self.api.post("/v1/api-keys", &fields),
            "NewNickname" => self.api.post("/v1/nicknames", &fields),
            "NicknameChange" => self.api.put(&format!("/v1/nicknames/{}", self.sender_id), &fields),
            "NewTemplate" => self.api.post("/v1/templates", &fields),
            "TemplateChange" => self.api.put(&format!("/v1/templates/{}", self.template), &fields),
            "NewDispatch" => self.api.post("/v1/dispatches", &fields),
            "DispatchChange" => {
                self.api.put(&format!("/v1/dispatches/{}?account={account}", self.dispatch), &fields)
            }
            _ => panic!("{body} has no request here"),
        }
        .status
    }
}

fn asker(admin: &Api, column: usize, name: &'static str, api: Api, account: &'static str) -> Asker {
    let made = |path: &str, body: Value| -> String {
        let made = admin.post(path, &body).expect(201).json;
        made["id"].as_str().expect("an id").to_owned()
    };
    let unique = name.replace(' ', "_");
    let user = json!({
        "email": format!("{unique}.target@example.com"), "name": "T", "role": "customer", "account": account,
        "password": PASSWORD,
    });
    let short: String = unique.chars().rev().take(11).collect();
    let sender_id = json!({ "account": account, "name": short, "category": "otp" });
    let template = json!({ "account": account, "name": unique, "body": "x", "category": "otp" });
    Asker {
        column,
        name,
        api,
        account,
        user: made("/v1/users", user),
        sender_id: made("/v1/nicknames", sender_id),
        template: made("/v1/templates", template),
        dispatch: made("/v1/dispatches", json!({ "account": account, "id": unique, "name": "d" })),
        is_key: name.ends_with("key"),
    }
}

/// A key with every scope that its maker may give, for an account and those below it, for one account, or for all.
fn key_of(daemon: &Daemon, maker: &Api, account: Option<&str>, include_subtree: bool) -> Api {
    let of_all = [
        "accounts:read",
        "accounts:write",
        "content:read",
        "content:write",
        "messages:read",
        "messages:write",
    ];
    let new = json!({
        "name": "all", "scopes": of_all, "account": account, "include_subtree": include_subtree,
    });
    let key = maker.post("/v1/api-keys", &new).expect(201).json;
    Api::anonymous(daemon).with_token(key["key"].as_str().expect("the key"))
}

#[test]
fn each_field_is_changed_by_those_who_may_and_by_nobody_else() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 1000\nrequests_burst = 2000");
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    let key = |maker: &Api, account, wide| key_of(&daemon, maker, account, wide);
    let askers = [
        asker(&admin, 1, "admin", admin.clone(), "client"),
        asker(&admin, 1, "admin key", key(&admin, None, false), "client"),
        asker(&admin, 2, "reseller below", rita.clone(), "client"),
        asker(&admin, 2, "reseller below key", key(&rita, Some("shop"), true), "client"),
        asker(&admin, 3, "reseller own", rita.clone(), "shop"),
        asker(&admin, 3, "reseller own key", key(&rita, Some("shop"), true), "shop"),
        asker(&admin, 4, "customer", carl.clone(), "client"),
        asker(&admin, 4, "customer key", key(&carl, Some("client"), false), "client"),
        asker(&admin, 4, "resellers narrow key", key(&rita, Some("client"), false), "client"),
    ];
    let rows = PAGE.lines().filter(|line| line.starts_with("| `") && line.contains('.'));
    let mut number = 0;
    for row in rows.filter(|row| row.split('|').count() > 5) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let field = cells[0].trim_matches('`');
        for asker in &askers {
            number += 1;
            // No key makes users, keys, or opening balances.
            let is_for_people = field.starts_with("NewUser")
                || field.starts_with("UserPatch")
                || field.starts_with("NewApiKey")
                || field == "NewAccount.opening_balance";
            let expected = match cells[asker.column] {
                "yes" => !(asker.is_key && is_for_people),
                "no" => false,
                _ => continue,
            };
            let status = asker.status(field, number);
            let is_refused = status == 403
                || field == "NewApiKey.include_subtree" && status == 422
                || field == "NewAccount.opening_balance" && status == 422;
            assert!(
                if expected { (200..300).contains(&status) } else { is_refused },
                "{field} by {}: {status}, where the page says {}",
                asker.name,
                cells[asker.column]
            );
        }
    }
    assert!(number > 400, "the page has its table: {number}");
}

#[test]
fn no_account_has_wider_limits_than_the_one_above_it() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let shop = |patch: Value| admin.patch("/v1/accounts/shop", &patch);
    shop(json!({ "rate_limit": { "per_second": 100 }, "max_binds": 5 })).expect(422);
    admin
        .patch("/v1/accounts/client", &json!({ "rate_limit": { "per_second": 50 }, "max_binds": 3 }))
        .expect(200);
    shop(json!({ "rate_limit": { "per_second": 100 }, "max_binds": 5, "window": 2_000 })).expect(200);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let named = |reply: Reply| reply.expect(422).json["errors"][0]["field"].clone();
    for caller in [&admin, &rita] {
        let change = |patch: Value| caller.patch("/v1/accounts/client", &patch);
        assert_eq!(named(change(json!({ "rate_limit": null }))), "rate_limit");
        assert_eq!(named(change(json!({ "rate_limit": { "per_second": 101 } }))), "rate_limit");
        assert_eq!(named(change(json!({ "rate_limit": { "per_second": 1, "burst": 101 } }))), "rate_limit");
        assert_eq!(named(change(json!({ "max_binds": 6 }))), "max_binds");
        assert_eq!(named(change(json!({ "window": 2_001 }))), "window");
        change(json!({ "window": 2_000, "max_binds": 5, "name": "C" })).expect(200);
    }
    let wide = json!({ "id": "wide", "plan": "starter", "settings": { "max_binds": 10 } });
    assert_eq!(named(rita.post("/v1/accounts", &wide)), "max_binds");
    let made = rita.post("/v1/accounts", &json!({ "id": "made", "plan": "starter" })).expect(201).json;
    let settings = &made["account"];
    assert_eq!((&settings["rate_limit"]["per_second"], &settings["max_binds"]), (&json!(100), &json!(5)));
    // What is given to an account below is not taken from the reseller unseen.
    assert_eq!(named(shop(json!({ "rate_limit": { "per_second": 49 } }))), "rate_limit");
    assert_eq!(named(shop(json!({ "window": null }))), "window");
    daemon.stop();
}

#[test]
fn what_a_level_above_has_stopped_stays_stopped() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let status = |reply: Reply| reply.json["status"].clone();

    // Her own decision is hers to lift, and an admin's is not, whichever came first.
    rita.order("/v1/accounts/client/suspend").expect(200);
    rita.order("/v1/accounts/client/resume").expect(200);
    rita.order("/v1/accounts/client/suspend").expect(200);
    admin.order("/v1/accounts/client/suspend").expect(200);
    rita.order("/v1/accounts/client/suspend").expect(200);
    rita.order("/v1/accounts/client/resume").expect(403);
    assert_eq!(status(rita.get("/v1/accounts/client").expect(200)), "suspended");
    daemon.stop();
    let daemon = sandbox.start();
    let (admin, rita) = (Api::admin(&daemon), Api::login(&daemon, "rita@example.com", PASSWORD));
    rita.order("/v1/accounts/client/resume").expect(403);
    admin.order("/v1/accounts/client/resume").expect(200);
    rita.order("/v1/accounts/shop/suspend").expect(403);

    let carl = format!("/v1/users/{}", user_id(&admin, "carl"));
    rita.patch(&carl, &json!({ "disabled": true })).expect(200);
    rita.patch(&carl, &json!({ "disabled": false })).expect(200);
    admin.patch(&carl, &json!({ "disabled": true })).expect(200);
    for patch in
        [json!({ "disabled": false }), json!({ "email": "free@example.com" }), json!({ "name": "C" })]
    {
        rita.patch(&carl, &patch).expect(403);
    }
    rita.delete(&carl).expect(403);
    admin.patch(&carl, &json!({ "disabled": false })).expect(200);
}

#[test]
fn a_suspended_account_reads_and_makes_nothing() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let keys = [
        key_of(&daemon, &rita, Some("shop"), true),
        // Of an account that is not suspended, but made by a user of the one that is.
        key_of(&daemon, &rita, Some("client"), false),
    ];
    admin.order("/v1/accounts/shop/suspend").expect(200);
    let refused = rita.post("/v1/accounts", &json!({ "id": "late", "plan": "starter" })).expect(403);
    assert!(refused.text().contains("suspended"), "{}", refused.text());
    let user = json!({ "email": "n@example.com", "name": "N", "role": "customer", "account": "client" });
    rita.post("/v1/users", &user).expect(403);
    rita.patch("/v1/accounts/client", &json!({ "name": "C" })).expect(403);
    rita.order("/v1/accounts/client/suspend").expect(403);
    rita.order("/v1/accounts/client/credentials/rotate").expect(403);
    rita.order("/v1/accounts/shop/webhook-secret/rotate").expect(403);
    rita.post("/v1/api-keys", &json!({ "name": "k", "scopes": ["accounts:read"], "account": "shop" }))
        .expect(403);
    for (api, account) in [(&keys[0], "shop"), (&keys[1], "client")] {
        api.post("/v1/nicknames", &json!({ "account": account, "name": "X", "category": "otp" })).expect(403);
        api.get("/v1/nicknames").expect(200);
    }
    assert_eq!(rita.get("/v1/accounts").expect(200).json["items"].as_array().map(Vec::len), Some(2));
    let change = json!({ "current_password": PASSWORD, "new_password": "sturdy-lynx-canoe-19" });
    rita.post("/v1/auth/change-password", &change).expect(204);
    // Another account of the same reseller is not stopped with it.
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    carl.post("/v1/nicknames", &json!({ "name": "Y", "category": "otp" })).expect(201);
    admin.order("/v1/accounts/shop/resume").expect(200);
    rita.post("/v1/accounts", &json!({ "id": "late", "plan": "starter" })).expect(201);
}

#[test]
fn a_plan_that_is_hidden_is_no_plan_to_whoever_gives_one() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let hidden = json!({ "name": "house", "currency": "USD", "time_zone": "UTC", "base_price": "0.001" });
    admin.post("/v1/plans", &hidden).expect(201);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let give = |plan: &str| rita.post("/v1/accounts", &json!({ "id": format!("of_{plan}"), "plan": plan }));
    let (hidden, none) = (give("house").expect(422), give("nowhere").expect(422));
    let said = |text: String, plan: &str| text.replace(plan, "PLAN");
    assert_eq!(
        said(hidden.json["detail"].to_string(), "house"),
        said(none.json["detail"].to_string(), "nowhere"),
        "a hidden plan is answered as one that does not exist"
    );
    give("starter").expect(201);
    // An account of another reseller is not there, whatever is asked of it.
    for patch in [json!({ "name": "S" }), json!({ "rate_limit": null }), json!({ "credit_limit": "1" })] {
        rita.patch("/v1/accounts/stranger", &patch).expect(404);
    }
    rita.order("/v1/accounts/stranger/suspend").expect(404);
    rita.order("/v1/accounts/stranger/credentials/rotate").expect(404);
}
