//! A stand-in of PayPal on loopback, written from its public reference: orders that are approved by who pays and captured once for
//! a request id, answers that may be empty, refunds, disputes, and the check of an event's signature.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::sandbox::Sandbox;
use super::standin::{Asked, StandIn};

const SECRET: &str = "paypal-secret-0123456789";
/// The signature that is right.
pub const SIGNATURE: &str = "signed-by-paypal";

/// Answers until dropped.
pub struct PayPal {
    server: StandIn,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    counter: u64,
    orders: BTreeMap<String, Value>,
    disputes: Vec<Value>,
    /// The answer to each request id.
    answered: BTreeMap<String, (u16, String)>,
    /// Captures that were asked for, whatever was answered.
    captures_asked: usize,
    /// So many of the next captures are carried out and answered with nothing.
    empty_captures: u32,
    /// So many of the next captures are declined.
    declined_captures: u32,
}

impl PayPal {
    pub fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let server = StandIn::start({
            let state = Arc::clone(&state);
            move |asked| Some(state.lock().expect("no panic with it").answer(asked))
        });
        Self { server, state }
    }

    /// Makes a sandbox's daemon use this.
    pub fn configure(&self, sandbox: &Sandbox) {
        sandbox.write("paypal.secret", &format!("{SECRET}\n"));
        sandbox.append(
            "tollgate.toml",
            &format!(
                "[payments.paypal]\nclient_id = \"app\"\nclient_secret_file = \"paypal.secret\"\nwebhook_id = \"WH-1\"\n\
                 api_base = \"{}\"\ntimeout_seconds = 5\n",
                self.server.url()
            ),
        );
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic with it")
    }

    /// Approves an order, as its payer does on PayPal's page.
    pub fn approve(&self, order: &str) {
        self.state().orders.get_mut(order).expect("an order")["status"] = json!("APPROVED");
    }

    pub fn answer_captures_with_nothing(&self, captures: u32) {
        self.state().empty_captures = captures;
    }

    pub fn decline_captures(&self, captures: u32) {
        self.state().declined_captures = captures;
    }

    pub fn captures_asked(&self) -> usize {
        self.state().captures_asked
    }

    pub fn order(&self, order: &str) -> Value {
        self.state().orders[order].clone()
    }

    pub fn refund_in_dashboard(&self, order: &str, value: &str) {
        let mut state = self.state();
        let id = state.next("REF");
        let refund =
            json!({ "id": id, "status": "COMPLETED", "amount": { "currency_code": "USD", "value": value } });
        state.add(order, "refunds", refund);
    }

    pub fn dispute(&self, order: &str, value: &str, outcome: Option<&str>) {
        let mut state = self.state();
        let capture = state.orders[order]["purchase_units"][0]["payments"]["captures"][0]["id"].clone();
        state.disputes.retain(|dispute| dispute["capture"] != capture);
        let (status, outcome) = match outcome {
            Some(outcome) => ("RESOLVED", json!({ "outcome_code": outcome })),
            None => ("OPEN", Value::Null),
        };
        state.disputes.push(json!({
            "dispute_id": "PP-D-1", "capture": capture, "status": status, "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
            "dispute_amount": { "currency_code": "USD", "value": value }, "dispute_outcome": outcome,
        }));
    }
}

impl State {
    fn next(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{:08}", self.counter)
    }

    fn add(&mut self, order: &str, list: &str, item: Value) {
        let payments = &mut self.orders.get_mut(order).expect("an order")["purchase_units"][0]["payments"];
        let items = payments[list].as_array().cloned().unwrap_or_default();
        payments[list] = items.into_iter().chain([item]).collect();
    }

    fn answer(&mut self, asked: &Asked) -> (u16, String) {
        if asked.path() == "/v1/oauth2/token" {
            let is_known =
                asked.header("authorization") == Some("Basic YXBwOnBheXBhbC1zZWNyZXQtMDEyMzQ1Njc4OQ==");
            let token = json!({ "access_token": "A21.token", "expires_in": 32_400 }).to_string();
            return if is_known {
                (200, token)
            } else {
                (401, json!({ "error": "invalid_client" }).to_string())
            };
        }
        if asked.header("authorization") != Some("Bearer A21.token") {
            return (401, json!({ "name": "AUTHENTICATION_FAILURE" }).to_string());
        }
        let key = asked.header("paypal-request-id").map(ToOwned::to_owned);
        if asked.path().ends_with("/capture") {
            self.captures_asked += 1;
        }
        if let Some(known) = key.as_ref().and_then(|key| self.answered.get(key)) {
            return known.clone();
        }
        let answer = self.carry_out(asked);
        // Failures are not kept: the same request may be sent again.
        if let Some(key) = key.filter(|_| answer.0 < 300) {
            self.answered.insert(key, answer.clone());
        }
        answer
    }

    fn carry_out(&mut self, asked: &Asked) -> (u16, String) {
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let parts: Vec<&str> = asked.path().trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("POST", ["v2", "checkout", "orders"]) => self.begin(&body),
            ("GET", ["v2", "checkout", "orders", id]) => match self.orders.get(*id) {
                Some(order) => (200, order.to_string()),
                None => failed("RESOURCE_NOT_FOUND"),
            },
            ("POST", ["v2", "checkout", "orders", id, "capture"]) => self.capture(id),
            ("POST", ["v2", "payments", "captures", id, "refund"]) => self.refund(id, &body),
            ("GET", ["v1", "customer", "disputes"]) => {
                let wanted = asked.target.rsplit('=').next().unwrap_or_default();
                let items: Vec<&Value> =
                    self.disputes.iter().filter(|dispute| dispute["capture"] == wanted).collect();
                (200, json!({ "items": items }).to_string())
            }
            ("POST", ["v1", "notifications", "verify-webhook-signature"]) => {
                let is_own = body["transmission_sig"] == SIGNATURE && body["webhook_id"] == "WH-1";
                let status =
                    if is_own && body["webhook_event"]["id"].is_string() { "SUCCESS" } else { "FAILURE" };
                (200, json!({ "verification_status": status }).to_string())
            }
            _ => failed("RESOURCE_NOT_FOUND"),
        }
    }

    fn begin(&mut self, body: &Value) -> (u16, String) {
        let id = self.next("ORDER");
        let mut order = body.clone();
        order["id"] = json!(id);
        order["status"] = json!("PAYER_ACTION_REQUIRED");
        order["purchase_units"][0]["payments"] = json!({});
        order["links"] = json!([{ "rel": "payer-action", "href": format!("https://paypal.example/checkoutnow?token={id}") }]);
        self.orders.insert(id, order.clone());
        (200, order.to_string())
    }

    fn capture(&mut self, id: &str) -> (u16, String) {
        let capture = self.next("CAP");
        let Some(order) = self.orders.get(id) else { return failed("RESOURCE_NOT_FOUND") };
        match order["status"].as_str() {
            Some("APPROVED") if self.declined_captures > 0 => {
                self.declined_captures -= 1;
                return failed("INSTRUMENT_DECLINED");
            }
            Some("APPROVED") => {}
            Some("COMPLETED") => return failed("ORDER_ALREADY_CAPTURED"),
            _ => return failed("ORDER_NOT_APPROVED"),
        }
        let amount = order["purchase_units"][0]["amount"].clone();
        self.add(id, "captures", json!({ "id": capture, "status": "COMPLETED", "amount": amount }));
        let order = self.orders.get_mut(id).expect("an order");
        order["status"] = json!("COMPLETED");
        if self.empty_captures > 0 {
            self.empty_captures -= 1;
            return (201, String::new());
        }
        (201, order.to_string())
    }

    fn refund(&mut self, capture: &str, body: &Value) -> (u16, String) {
        let id = self.next("REF");
        let of = |order: &Value| order["purchase_units"][0]["payments"]["captures"][0]["id"] == capture;
        let Some(order) = self.orders.iter().find(|(_, order)| of(order)).map(|(id, _)| id.clone()) else {
            return failed("RESOURCE_NOT_FOUND");
        };
        let refund = json!({
            "id": id, "status": "COMPLETED", "amount": body["amount"], "invoice_id": body["invoice_id"],
            "custom_id": body["custom_id"],
        });
        self.add(&order, "refunds", refund.clone());
        (201, refund.to_string())
    }
}

fn failed(issue: &str) -> (u16, String) {
    let error = json!({
        "name": "UNPROCESSABLE_ENTITY", "message": "it failed",
        "details": [{ "issue": issue, "description": format!("it failed: {issue}") }],
    });
    (422, error.to_string())
}
