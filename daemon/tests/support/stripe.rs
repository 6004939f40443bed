//! A stand-in of Stripe on loopback. It keeps state, as the official mock does not: an idempotency key is answered alike, a card
//! is declined, refunds and disputes come from its "dashboard", and events are signed and sent by the test, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::api::{Api, Reply};
use super::sandbox::Sandbox;
use super::standin::{Asked, StandIn};
use super::webhook::hmac_sha256;

pub const GOOD_CARD: &str = "4242424242424242";
pub const DECLINED_CARD: &str = "4000000000009995";
const KEY: &str = "sk_test_standin_0123456789";
const WEBHOOK_SECRET: &str = "whsec_standin_0123456789";

/// Answers until dropped.
pub struct Stripe {
    server: StandIn,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// True while requests are held before anything of them is done.
    is_holding: AtomicBool,
    /// Requests that have come, whatever became of them.
    arrived: AtomicUsize,
}

#[derive(Default)]
struct State {
    counter: u64,
    /// By id: `PaymentIntent`s, refunds, disputes.
    intents: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    disputes: BTreeMap<String, Value>,
    /// The card of each method.
    cards: BTreeMap<String, String>,
    detached: BTreeSet<String>,
    /// The answer to each idempotency key, and the request that it was to.
    answered: BTreeMap<String, (String, u16, Value)>,
    /// Requests by method and path.
    asked: Vec<String>,
    /// So many of the next POSTs are carried out, and their connection is closed without an answer.
    swallowed: u32,
    /// True for no answer to anything.
    is_silent: bool,
    /// So many of the next refunds are refused.
    refused_refunds: u32,
}

type Fields = BTreeMap<String, String>;
type Answer = (u16, Value);

impl Stripe {
    pub fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let server = StandIn::start({
            let shared = Arc::clone(&shared);
            move |asked| shared.serve(asked)
        });
        Self { server, shared }
    }

    /// Makes a sandbox's daemon take cards by this.
    pub fn configure(&self, sandbox: &Sandbox) {
        sandbox.write("stripe.key", &format!("{KEY}\n"));
        sandbox.write("stripe.webhook", &format!("{WEBHOOK_SECRET}\n"));
        sandbox.append(
            "tollgate.toml",
            &format!(
                "[payments.stripe]\nsecret_key_file = \"stripe.key\"\nwebhook_secret_file = \"stripe.webhook\"\n\
                 publishable_key = \"pk_test_standin\"\napi_base = \"{}\"\ntimeout_seconds = 5\n",
                self.server.url()
            ),
        );
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no panic with it")
    }

    /// Enters a card, as the payer does on the page.
    pub fn pay(&self, intent: &str, card: &str) {
        self.state().pay(intent, card);
    }

    /// The card that is behind a saved method from now on.
    pub fn put_card(&self, method: &str, card: &str) {
        self.state().cards.insert(method.to_owned(), card.to_owned());
    }

    /// The methods that are known, with their cards.
    pub fn methods(&self) -> Vec<String> {
        self.state().cards.keys().cloned().collect()
    }

    pub fn set_status(&self, intent: &str, status: &str) {
        self.state().intents.get_mut(intent).expect("an intent")["status"] = json!(status);
    }

    /// A refund on the provider's own pages.
    pub fn refund_in_dashboard(&self, intent: &str, minor: i64) -> String {
        self.state().make_refund(intent, minor, &json!({}), "succeeded")
    }

    pub fn set_refund(&self, refund: &str, status: &str) {
        self.state().refunds.get_mut(refund).expect("a refund")["status"] = json!(status);
    }

    pub fn open_dispute(&self, intent: &str, minor: i64) -> String {
        let mut state = self.state();
        let id = state.next("dp");
        let currency = state.intents[intent]["currency"].clone();
        let dispute = json!({
            "id": id, "object": "dispute", "payment_intent": intent, "amount": minor, "currency": currency,
            "status": "needs_response", "reason": "fraudulent", "metadata": {},
        });
        state.disputes.insert(id.clone(), dispute);
        id
    }

    pub fn end_dispute(&self, dispute: &str, status: &str) {
        self.state().disputes.get_mut(dispute).expect("a dispute")["status"] = json!(status);
    }

    /// Carries out so many POSTs without an answer: the money is taken, and nobody is told.
    pub fn swallow_next(&self, requests: u32) {
        self.state().swallowed = requests;
    }

    pub fn be_silent(&self, is_silent: bool) {
        self.state().is_silent = is_silent;
    }

    /// Holds requests before anything of them is done, until it is told otherwise.
    pub fn hold(&self, is_holding: bool) {
        self.shared.is_holding.store(is_holding, Ordering::Relaxed);
    }

    /// Requests that have come, whatever became of them.
    pub fn arrived(&self) -> usize {
        self.shared.arrived.load(Ordering::Relaxed)
    }

    pub fn refuse_refunds(&self, refunds: u32) {
        self.state().refused_refunds = refunds;
    }

    pub fn intents(&self) -> Vec<Value> {
        self.state().intents.values().cloned().collect()
    }

    pub fn asked(&self, line: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.starts_with(line)).count()
    }

    /// The body of an event about an object as it is now.
    pub fn event(&self, id: &str, kind: &str, object: &str) -> String {
        let state = self.state();
        let known = [&state.intents, &state.refunds, &state.disputes];
        let found = known.into_iter().find_map(|objects| objects.get(object)).expect("an object");
        json!({ "id": id, "object": "event", "type": kind, "data": { "object": found } }).to_string()
    }

    /// Sends an event as Stripe does.
    pub fn send(api: &Api, body: &str) -> Reply {
        send_signed(api, body, WEBHOOK_SECRET, now_seconds())
    }

    /// Tells of an object as it is now.
    pub fn tell(&self, api: &Api, id: &str, kind: &str, object: &str) {
        Self::send(api, &self.event(id, kind, object)).expect(204);
    }

    /// The secrets that must stand nowhere.
    pub fn secrets() -> [&'static str; 2] {
        [KEY, WEBHOOK_SECRET]
    }
}

/// Sends an event that is signed with this secret at this time.
pub fn send_signed(api: &Api, body: &str, secret: &str, seconds: u64) -> Reply {
    let signature = hmac_sha256(secret, &format!("{seconds}.{body}"));
    let signed = api.header("Stripe-Signature", &format!("t={seconds},v1={signature}"));
    signed.send("POST", "/v1/payments/webhooks/stripe", Some((body.as_bytes().to_vec(), "application/json")))
}

/// Sends an event with the right secret at another time.
pub fn send_at(api: &Api, body: &str, seconds: u64) -> Reply {
    send_signed(api, body, WEBHOOK_SECRET, seconds)
}

pub fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

impl Shared {
    fn serve(&self, asked: &Asked) -> Option<(u16, String)> {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        while self.is_holding.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(2));
        }
        let mut state = self.state.lock().expect("no panic with it");
        if state.is_silent {
            return None;
        }
        let is_known = asked.header("authorization").is_some_and(|value| value == format!("Bearer {KEY}"));
        let (status, answer) = if is_known {
            state.answer(&asked.method, &asked.target, &asked.body, asked.header("idempotency-key"))
        } else {
            (401, json!({ "error": { "type": "invalid_request_error", "message": "no such key" } }))
        };
        if asked.method == "POST" && state.swallowed > 0 {
            state.swallowed -= 1;
            return None;
        }
        Some((status, answer.to_string()))
    }
}

impl State {
    fn next(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}_standin{:06}", self.counter)
    }

    /// The same key with the same request is answered alike; with another it is an error.
    fn answer(&mut self, method: &str, target: &str, body: &str, key: Option<&str>) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.asked.push(format!("{method} {path}"));
        let request = format!("{path} {body}");
        if let Some((known, status, answer)) = key.and_then(|key| self.answered.get(key)) {
            if *known == request {
                return (*status, answer.clone());
            }
            return (400, json!({ "error": { "type": "idempotency_error", "message": "another request" } }));
        }
        let fields = form(if method == "GET" { query } else { body });
        let answer = self.carry_out(method, path, &fields);
        if let Some(key) = key {
            self.answered.insert(key.to_owned(), (request, answer.0, answer.1.clone()));
        }
        answer
    }

    fn carry_out(&mut self, method: &str, path: &str, fields: &Fields) -> Answer {
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["customers"]) => (200, json!({ "id": self.next("cus"), "object": "customer" })),
            ("POST", ["payment_intents"]) => self.begin(fields),
            ("GET", ["payment_intents", "search"]) => self.search(&fields["query"]),
            ("GET", ["payment_intents", id]) => found(self.intents.get(*id)),
            ("POST", ["payment_intents", id, "cancel"]) => self.cancel(id),
            ("POST", ["refunds"]) => self.refund(fields),
            ("GET", ["refunds"]) => of_intent(&self.refunds, &fields["payment_intent"]),
            ("GET", ["disputes"]) => of_intent(&self.disputes, &fields["payment_intent"]),
            ("POST", ["payment_methods", id, "detach"]) => {
                self.detached.insert((*id).to_owned());
                (200, json!({ "id": id, "object": "payment_method" }))
            }
            _ => (404, error("resource_missing", "no such path")),
        }
    }

    fn begin(&mut self, fields: &Fields) -> Answer {
        let (Some(amount), Some(currency)) =
            (fields.get("amount").and_then(|amount| amount.parse::<i64>().ok()), fields.get("currency"))
        else {
            return (400, error("parameter_missing", "amount and currency"));
        };
        let id = self.next("pi");
        let metadata: BTreeMap<&str, &String> = fields
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value)))
            .collect();
        let intent = json!({
            "id": id, "object": "payment_intent", "amount": amount, "amount_received": 0, "currency": currency,
            "status": "requires_payment_method", "client_secret": format!("{id}_secret_x"), "metadata": metadata,
            "customer": fields.get("customer"), "payment_method": null, "last_payment_error": null,
        });
        self.intents.insert(id.clone(), intent);
        if let Some(method) = fields.get("payment_method") {
            if fields.get("confirm").is_none() || fields.get("off_session").is_none() {
                return (400, error("parameter_missing", "a saved method is confirmed off-session"));
            }
            let Some(card) = self.cards.get(method).filter(|_| !self.detached.contains(method)).cloned()
            else {
                return (400, error("resource_missing", "no such payment method"));
            };
            self.pay_with(&id, method, &card);
            let intent = self.intents[&id].clone();
            if intent["status"] != "succeeded" {
                let mut declined = error("card_declined", "Your card has insufficient funds.");
                declined["error"]["type"] = json!("card_error");
                declined["error"]["decline_code"] = json!("insufficient_funds");
                declined["error"]["payment_intent"] = intent;
                return (402, declined);
            }
        }
        (200, self.intents[&id].clone())
    }

    fn pay(&mut self, intent: &str, card: &str) {
        let method = self.next("pm");
        self.cards.insert(method.clone(), card.to_owned());
        self.pay_with(intent, &method, card);
    }

    fn pay_with(&mut self, id: &str, method: &str, card: &str) {
        let charge = self.next("ch");
        let intent = self.intents.get_mut(id).expect("an intent");
        assert_ne!(intent["status"], "canceled", "a cancelled intent is not paid");
        if card == GOOD_CARD {
            intent["status"] = json!("succeeded");
            intent["amount_received"] = intent["amount"].clone();
            intent["latest_charge"] = json!(charge);
            intent["last_payment_error"] = Value::Null;
            intent["payment_method"] = json!({
                "id": method, "type": "card",
                "card": { "brand": "visa", "last4": &card[12..], "exp_month": 12, "exp_year": 2030 },
            });
        } else {
            intent["status"] = json!("requires_payment_method");
            intent["last_payment_error"] = json!({
                "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
                "message": "Your card has insufficient funds.",
            });
        }
    }

    fn search(&self, query: &str) -> Answer {
        let wanted = query.split('\'').nth(3).unwrap_or_default();
        let found: Vec<&Value> =
            self.intents.values().filter(|intent| intent["metadata"]["tollgate_payment"] == wanted).collect();
        (200, json!({ "object": "search_result", "data": found }))
    }

    fn cancel(&mut self, id: &str) -> Answer {
        let Some(intent) = self.intents.get_mut(id) else {
            return (404, error("resource_missing", "no such intent"));
        };
        if matches!(intent["status"].as_str(), Some("succeeded" | "processing" | "canceled")) {
            return (400, error("payment_intent_unexpected_state", "it cannot be cancelled"));
        }
        intent["status"] = json!("canceled");
        (200, intent.clone())
    }

    fn refund(&mut self, fields: &Fields) -> Answer {
        if self.refused_refunds > 0 {
            self.refused_refunds -= 1;
            return (400, error("charge_already_refunded", "it was refunded"));
        }
        let (intent, minor) =
            (fields["payment_intent"].clone(), fields["amount"].parse().expect("an amount"));
        let metadata = json!({
            "tollgate_refund": fields.get("metadata[tollgate_refund]"),
            "tollgate_payment": fields.get("metadata[tollgate_payment]"),
        });
        let id = self.make_refund(&intent, minor, &metadata, "succeeded");
        (200, self.refunds[&id].clone())
    }

    fn make_refund(&mut self, intent: &str, minor: i64, metadata: &Value, status: &str) -> String {
        let id = self.next("re");
        let currency = self.intents[intent]["currency"].clone();
        let refund = json!({
            "id": id, "object": "refund", "payment_intent": intent, "amount": minor, "currency": currency,
            "status": status, "reason": "requested_by_customer", "metadata": metadata,
        });
        self.refunds.insert(id.clone(), refund);
        id
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({ "error": { "type": "invalid_request_error", "code": code, "message": message } })
}

fn found(object: Option<&Value>) -> Answer {
    object.map_or_else(|| (404, error("resource_missing", "no such object")), |object| (200, object.clone()))
}

fn of_intent(objects: &BTreeMap<String, Value>, intent: &str) -> Answer {
    let data: Vec<&Value> = objects.values().filter(|object| object["payment_intent"] == intent).collect();
    (200, json!({ "object": "list", "data": data, "has_more": false }))
}

/// The fields of a form.
fn form(text: &str) -> Fields {
    let decoded = |part: &str| {
        let mut octets = Vec::new();
        let mut rest = part.bytes();
        while let Some(octet) = rest.next() {
            octets.push(match octet {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
                    u8::from_str_radix(std::str::from_utf8(&digits).expect("digits"), 16).expect("digits")
                }
                octet => octet,
            });
        }
        String::from_utf8(octets).expect("UTF-8")
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}
