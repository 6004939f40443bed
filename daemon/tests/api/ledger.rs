//! The ledger held against a clerk's: top-ups, adjustments, charges, refunds and repeated requests in any order, and after each
//! the balance, at the end every balance of the past. `SEED` repeats a run's random choices.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::books::{self, micros};
use crate::support::sandbox::Sandbox;
use serde_json::{Value, json};

const STEPS: usize = 150;
const ACCOUNT: &str = "clerk";
const CREDIT_MICROS: i64 = 250_000;
const PRICE_MICROS: i64 = 20_000;

/// The clerk's own record of the ledger.
struct Clerk {
    api: Api,
    random: Random,
    balance: i64,
    /// Messages that were charged and not given back.
    charged: Vec<String>,
    /// Every request that was done, with its key and its answer, to be sent again.
    done: Vec<(String, String, Value, Value)>,
    /// The instant of each entry of the ledger, and the balance before it.
    past: Vec<(String, i64)>,
    transactions: usize,
}

/// A small generator (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound).unwrap()
    }
}

fn decimal(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", micros.abs() / 1_000_000, micros.abs() % 1_000_000)
}

impl Clerk {
    fn step(&mut self, number: usize) {
        match self.random.below(6) {
            0 => self.top_up(number),
            1 => self.adjust(number),
            2 if !self.charged.is_empty() => self.refund(number),
            3 if !self.done.is_empty() => self.repeat(),
            _ => self.charge(number),
        }
        let told = self.api.get(&format!("/v1/accounts/{ACCOUNT}/balance")).expect(200).json;
        assert_eq!(micros(told["balance"].as_str().unwrap()), self.balance, "after step {number}");
        assert_eq!(micros(told["available"].as_str().unwrap()), self.balance + CREDIT_MICROS);
    }

    fn post(&mut self, number: usize, path: String, body: Value) -> Reply {
        let key = format!("step-{number}");
        let reply = self.api.header("Idempotency-Key", &key).post(&path, &body);
        if matches!(reply.status, 200 | 201) {
            self.transactions += 1;
            self.done.push((key, path, body, reply.json.clone()));
        }
        reply
    }

    fn moved(&mut self, amount: i64, answer: &Value) {
        self.past.push((answer["at"].as_str().unwrap().to_owned(), self.balance));
        self.balance += amount;
    }

    fn top_up(&mut self, number: usize) {
        let amount = 1 + i64::try_from(self.random.below(60_000)).unwrap();
        let body = json!({ "amount": decimal(amount), "reference": format!("step {number}") });
        let answer = self.post(number, format!("/v1/accounts/{ACCOUNT}/topups"), body).expect(201).json;
        self.moved(amount, &answer);
        assert_eq!(micros(answer["balance_after"].as_str().unwrap()), self.balance);
    }

    fn adjust(&mut self, number: usize) {
        let amount = 100_000 - i64::try_from(self.random.below(200_000)).unwrap();
        let body = json!({ "amount": decimal(amount), "reason": "by chance" });
        let reply = self.post(number, format!("/v1/accounts/{ACCOUNT}/adjustments"), body);
        if amount == 0 {
            reply.expect(422);
        } else if amount < 0 && self.balance + CREDIT_MICROS < -amount {
            assert_eq!(reply.expect(402).code(), "insufficient_funds");
        } else {
            let answer = reply.expect(201).json;
            self.moved(amount, &answer);
        }
    }

    fn charge(&mut self, number: usize) {
        let body = json!({ "account": ACCOUNT, "to": format!("25470{number:07}"), "text": "x" });
        let reply = self.post(number, "/v1/charges".into(), body);
        if self.balance + CREDIT_MICROS < PRICE_MICROS {
            assert_eq!(reply.expect(402).code(), "insufficient_funds");
            return;
        }
        let answer = reply.expect(201).json;
        self.balance -= PRICE_MICROS;
        assert_eq!(micros(answer["balance"].as_str().unwrap()), self.balance);
        self.charged.push(answer["message_id"].as_str().unwrap().to_owned());
    }

    fn refund(&mut self, number: usize) {
        let at = self.random.below(self.charged.len() as u64);
        let id = self.charged.swap_remove(at);
        let path = format!("/v1/charges/{id}/refund");
        let answer = self.post(number, path.clone(), json!({ "reason": "by chance" })).expect(200).json;
        self.moved(PRICE_MICROS, &answer);
        self.api.post(&path, &json!({ "reason": "once more" })).expect(409);
    }

    /// A request that was done is answered as it was, whatever has come since, and moves nothing.
    fn repeat(&mut self) {
        let at = self.random.below(self.done.len() as u64);
        let (key, path, body, before) = self.done[at].clone();
        let mut answer = self.api.header("Idempotency-Key", &key).post(&path, &body).json;
        if path == "/v1/charges" {
            // The balance is that of the moment.
            assert_eq!(micros(answer["balance"].as_str().unwrap()), self.balance);
            answer["balance"] = before["balance"].clone();
        }
        assert_eq!(answer, before);
    }
}

#[test]
fn whatever_comes_in_whatever_order_the_clerk_has_the_same() {
    let seed = env::var("SEED").map_or_else(|_| clock_seed(), |seed| seed.parse().expect("SEED is a number"));
    println!("SEED={seed}");
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    sandbox.set("api", "requests_burst = 100000");
    sandbox.add_account(
        ACCOUNT,
        "plan = \"starter\"\nopening_balance = \"0.10\"\ncredit_limit = \"0.25\"\ndelivery = \"charge_only\"",
    );
    let (daemon, api) = start_with_admin(&sandbox);
    let mut clerk = Clerk {
        api,
        random: Random(seed),
        balance: 100_000,
        charged: Vec::new(),
        done: Vec::new(),
        past: Vec::new(),
        transactions: 1,
    };
    for number in 0..STEPS {
        clerk.step(number);
    }
    for (at, before) in &clerk.past {
        let path = format!("/v1/accounts/{ACCOUNT}/balance?at={at}");
        let told = clerk.api.get(&path).expect(200).json;
        assert_eq!(micros(told["balance"].as_str().unwrap()), *before, "before {at}");
    }
    let all = clerk.api.get(&format!("/v1/accounts/{ACCOUNT}/transactions?limit=1000")).expect(200).json;
    let amounts = all["items"].as_array().unwrap().iter().map(|one| micros(one["amount"].as_str().unwrap()));
    let amounts: Vec<i64> = amounts.collect();
    assert_eq!((amounts.len(), amounts.iter().sum::<i64>()), (clerk.transactions, clerk.balance));
    daemon.stop();
    books::balanced(&sandbox);
}

/// Never zero, which the generator could not leave.
fn clock_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::from(now.subsec_nanos()) << 32 | now.as_secs() | 1
}
