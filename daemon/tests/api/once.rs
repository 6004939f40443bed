//! Exactly once: a hundred top-ups and a hundred charges, each asked for by many at the same time under its key, with the
//! daemon killed in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::api::{Api, create_admin};
use crate::support::books::{self, micros};
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;
use serde_json::{Value, json};

const KEYS: usize = 100;
const ASKERS: usize = 8;
const PATHS: [&str; 2] = ["/v1/accounts/biz_test_001/topups", "/v1/charges"];

/// The ids that each key was answered with.
type Answers = BTreeMap<String, BTreeSet<String>>;

fn body(path: &str, number: usize) -> Value {
    if path == PATHS[0] {
        json!({ "amount": format!("0.{:06}", number + 1), "reference": format!("payment {number}") })
    } else {
        json!({ "account": "biz_test_001", "to": format!("25470{number:07}"), "text": "once" })
    }
}

/// One asker works through every key, from a place of its own on, and goes on where the daemon is gone.
fn ask_all(api: &Api, start: usize, answered: &AtomicUsize) -> Answers {
    let mut answers = Answers::new();
    for at in 0..2 * KEYS {
        let at = (start + at * 37) % (2 * KEYS);
        let (path, number) = (PATHS[at % 2], at / 2);
        let key = format!("{path} {number}");
        let api = api.header("Idempotency-Key", &key.replace('/', "-"));
        let octets = body(path, number).to_string().into_bytes();
        let Ok(reply) = api.try_send("POST", path, Some((octets, "application/json"))) else { continue };
        let reply = reply.expect(201);
        let id = reply.json["id"].as_str().or(reply.json["message_id"].as_str()).expect("an id").to_owned();
        answers.entry(key).or_default().insert(id);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    answers
}

#[test]
fn a_hundred_of_each_are_done_once_each_across_a_crash() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    sandbox.set("api", "requests_burst = 100000");
    create_admin(&sandbox);
    let mut answers = Answers::new();
    for round in 0..3 {
        let daemon = sandbox.start();
        let (api, answered) = (Api::admin(&daemon), AtomicUsize::new(0));
        let told = thread::scope(|scope| {
            let (api, answered) = (&api, &answered);
            let askers: Vec<_> =
                (0..ASKERS).map(|asker| scope.spawn(move || ask_all(api, asker * 25, answered))).collect();
            if round < 2 {
                // In the middle of what is new, and in the middle of what is half known.
                eventually("the askers to be under way", || {
                    (answered.load(Ordering::Relaxed) >= 60 + 200 * round).then_some(())
                });
                daemon.kill();
            } else {
                let told = askers.into_iter().map(|asker| asker.join().unwrap()).collect::<Vec<_>>();
                check_balance(api);
                daemon.stop();
                return told;
            }
            askers.into_iter().map(|asker| asker.join().unwrap()).collect()
        });
        for (key, ids) in told.into_iter().flatten() {
            answers.entry(key).or_default().extend(ids);
        }
    }
    assert_eq!(answers.len(), 2 * KEYS);
    for (key, ids) in &answers {
        assert_eq!(ids.len(), 1, "{key} was answered with {ids:?}");
    }
    let cdrs = books::by_id(books::balanced(&sandbox));
    assert_eq!(cdrs.len(), KEYS, "nothing is charged twice");
    let charges = answers.iter().filter(|(key, _)| key.starts_with(PATHS[1]));
    assert!(charges.flat_map(|(_, ids)| ids).all(|id| cdrs.contains_key(id)));
}

/// Asserts that memory holds what the hundred top-ups and charges come to.
fn check_balance(api: &Api) {
    let page = |kind: &str| {
        let path = format!("/v1/accounts/biz_test_001/transactions?limit=1000&kind={kind}");
        api.get(&path).expect(200).json["items"].as_array().unwrap().clone()
    };
    let sum = |items: &[Value]| items.iter().map(|one| micros(one["amount"].as_str().unwrap())).sum::<i64>();
    let (top_ups, debits) = (page("top_up"), page("sms_debit"));
    assert_eq!((top_ups.len(), debits.len()), (KEYS, KEYS));
    assert_eq!(sum(&top_ups), 5_050);
    let balance = api.get("/v1/accounts/biz_test_001/balance").expect(200).json;
    assert_eq!(micros(balance["balance"].as_str().unwrap()), 1_000_000_000 + 5_050 + sum(&debits));
}
