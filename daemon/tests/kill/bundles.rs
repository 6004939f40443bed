//! Kill rounds with many pockets: the first account has two resellers above it, of which the nearer one earns a commission.
//! The account and the upper reseller have bundles and caps; bundles are bought and tokens used while the daemon is killed.
//! `verify` counts every level, bundle, cap and commission again after each kill.

use serde_json::{Value, json};

use super::charging::{Life, charge_and_kill};
use crate::support::api::{Api, create_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;

const RESELLER: &str = "/v1/accounts/top/bundles";
const CUSTOMER: &str = "/v1/accounts/biz_test_001/bundles";
/// Purchases of tokens in one round at most.
const PURCHASES_MAX: usize = 200;

/// Bundles of one data directory, as far as the daemon has answered.
#[derive(Default)]
pub struct Bundles {
    admin: Option<Api>,
    /// Everything that was acknowledged: the ids of bundles, by their paths.
    bought: Vec<String>,
}

#[test]
fn in_a_chain_with_bundles_and_caps_no_level_loses_a_message_or_pays_twice() {
    let cdrs = charge_and_kill(6, begin);
    let free = cdrs.iter().filter(|cdr| cdr.account == "biz_test_001" && cdr.net_micros() == 0);
    assert!(cdrs.len() < 1_000 || free.count() > 0, "no message was covered by a bundle");
}

fn begin() -> Life {
    let mut life = Life::begin();
    let sandbox = &life.sandbox;
    add_chain(sandbox);
    let bundle = |name, price, units, unit| {
        format!(
            "[[bundle]]\nname = \"{name}\"\nprice = \"{price}\"\ncurrency = \"USD\"\nunits = {units}\n\
             unit = \"{unit}\"\nvalidity = {{ days = 30 }}\n"
        )
    };
    let products = [bundle("bulk", "1.00", 150, "segments"), bundle("extras", "0.01", 5, "tokens")];
    sandbox.write("bundles.toml", &products.concat());
    sandbox.set("tariff", "bundles = \"bundles.toml\"");
    create_admin(sandbox);
    life.bundles = Some(Bundles::default());
    life
}

/// Puts two resellers above the first account, and caps that some rounds reach upon it and the upper one.
fn add_chain(sandbox: &Sandbox) {
    let cap = |name, span, limit| {
        format!("[[account.caps]]\nname = \"{name}\"\nspan = \"{span}\"\n{limit}\nhard = true\n")
    };
    let reseller =
        "plan = \"enterprise\"\nis_reseller = true\nchain = true\nopening_balance = \"100000.00\"\n";
    let of_reseller =
        [cap("daily", "day", "max_amount = \"60.00\""), cap("monthly", "month", "max_messages = 100000000")];
    sandbox.add_account("top", &format!("{reseller}{}", of_reseller.concat()));
    sandbox.add_account("agent", &format!("{reseller}parent = \"top\"\n"));
    let id = "id = \"biz_test_001\" ";
    let commission = "{ commission_percent = \"12.5\", of = \"charge\" }";
    let with_parent = format!("parent = \"agent\"\nearning = {commission}\n{id}");
    sandbox.replace("accounts.toml", &format!("\n{id}"), &format!("\n{with_parent}"));
    let threshold = "low_balance_threshold = \"50.00\"\n";
    let code = "default_calling_code = \"254\"            # for national numbers such as 0722000000\n";
    let of_customer = [
        cap("minutes", "minute", "max_messages = 2500"),
        cap("hourly", "hour", "max_messages = 100000000\ngives_back = false"),
    ];
    let capped = format!("{threshold}{code}{}", of_customer.concat());
    sandbox.replace("accounts.toml", &format!("{threshold}{code}"), &capped);
}

impl Bundles {
    /// Everything that was bought and acknowledged is there, and there is more for the messages of this round.
    pub fn begin_round(&mut self, daemon: &Daemon) {
        let admin = match &self.admin {
            None => Api::admin(daemon),
            Some(admin) => admin.at_daemon(daemon),
        };
        for path in &self.bought {
            admin.get(path).expect(200);
        }
        self.bought.clear();
        admin.post(CUSTOMER, &json!({ "product": "bulk", "grant": true })).expect(201);
        let bought = admin.post(RESELLER, &json!({ "product": "bulk" })).expect(201).json;
        self.bought.push(path_of(&bought));
        self.admin = Some(admin);
    }

    /// Buys tokens and uses some of them, until the daemon is gone.
    pub fn until_killed(&mut self) {
        let admin = self.admin.clone().expect("the round has begun");
        let purchase = json!({ "product": "extras" });
        let use_of_tokens = json!({ "tokens": 3, "description": "a call" });
        for _ in 0..PURCHASES_MAX {
            let post = |path: &str, body: &Value| {
                admin.try_send("POST", path, Some((body.to_string().into_bytes(), "application/json")))
            };
            let Ok(bought) = post(RESELLER, &purchase) else { return };
            self.bought.push(path_of(&bought.expect(201).json));
            let Ok(used) = post(&format!("{RESELLER}/consume"), &use_of_tokens) else { return };
            used.expect(201);
        }
    }
}

fn path_of(bought: &Value) -> String {
    format!("{RESELLER}/{}", bought["id"].as_str().expect("a bundle's id"))
}
