//! The schedule of the running service: a day that ends is invoiced, sent and mailed by itself, once.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::support::api::{Api, create_admin};
use crate::support::daemon::Daemon;
use crate::support::mail::MailServer;
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;
use crate::support::wall_clock::WallClock;

const ACCOUNT: &str = "owes";
const EMAIL: &str = "owes@example.com";

fn charge(api: &Api) {
    let message = json!({ "account": ACCOUNT, "to": "254722000001", "text": "a text" });
    api.post("/v1/charges", &message).expect(201);
}

/// The invoices of the account that were sent, the oldest first, once there are so many.
fn sent(api: &Api, count: usize) -> Vec<Value> {
    let listed = || {
        let listed = api.get(&format!("/v1/invoices?account={ACCOUNT}")).expect(200).json;
        listed["items"].as_array().cloned().unwrap_or_default()
    };
    // The schedule looks every few seconds.
    eventually("the invoice of the day to be drafted", || (listed().len() >= count).then_some(()));
    eventually("it to be sent", || {
        let mut sent = listed();
        sent.retain(|invoice| invoice["status"] == "sent");
        sent.sort_by_key(|invoice| invoice["period_start"].to_string());
        (sent.len() >= count).then_some(sent)
    })
}

fn has_been_sent(api: &Api) -> usize {
    let events = format!("/v1/events?account={ACCOUNT}&type=invoice.sent");
    api.get(&events).expect(200).json["items"].as_array().map_or(0, Vec::len)
}

/// The wall clock goes on by days, and somebody says that it is right.
fn days_later(clock: &WallClock, daemon: &Daemon, days: i64) -> Api {
    clock.set(&format!("+{days}d"));
    let api = Api::admin(daemon);
    let wanted = (Timestamp::now() + (24 * days - 1).hours()).to_string();
    eventually("the clock to be believed", || {
        let told = api.order("/v1/clock/trust").json;
        let is_there = told["now"].as_str().is_some_and(|now| now > wanted.as_str());
        (is_there && told["trusted"] == json!(true)).then_some(())
    });
    // The session before has ended with its day.
    Api::admin(daemon)
}

#[test]
fn a_day_that_has_ended_is_invoiced_sent_and_mailed_by_itself_and_once() {
    let server = MailServer::start(0);
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    server.serve(&sandbox);
    create_admin(&sandbox);
    let clock = WallClock::of(&sandbox);
    let daemon = clock.start(&sandbox);
    let api = Api::admin(&daemon);
    let settings = json!({ "credit_limit": "5.00", "delivery": "charge_only", "email": EMAIL });
    let account = json!({ "id": ACCOUNT, "plan": "starter", "settings": settings });
    api.post("/v1/accounts", &account).expect(201);
    charge(&api);
    // Chosen with no time for the schedule to look before the day ends.
    let terms = json!({ "cycle": "daily", "send_automatically": true });
    api.put(&format!("/v1/accounts/{ACCOUNT}/invoice-terms"), &terms).expect(200);

    let api = days_later(&clock, &daemon, 1);
    let first = sent(&api, 1).remove(0);
    let (number, open) = (&first["invoice_number"], &first["amount_open"]);
    let mail = server.mail_to(EMAIL, 0);
    assert!(mail.subject().contains(number.as_str().expect("a number")), "{}", mail.content);
    assert!(mail.content.contains(open.as_str().expect("an amount")), "{}", mail.content);
    let link = mail.word("http").expect("the link to the page").to_owned();
    let shown = api.get(&format!("/v1/invoices/{}", number.as_str().expect("a number"))).expect(200).json;
    assert_eq!(shown["pay_link"], json!(link));
    let page = Api::anonymous(&daemon).get(&link[link.find("/pay/").expect("a page")..]).expect(200).text();
    assert!(page.contains(number.as_str().expect("a number")), "{page}");
    let told = api.get(&format!("/v1/events?account={ACCOUNT}&type=invoice.sent")).expect(200).json;
    assert_eq!((&told["items"][0]["data"]["pay_link"], has_been_sent(&api)), (&json!(link), 1));

    // A kill and another day: what was sent is not sent again.
    charge(&api);
    daemon.kill();
    let daemon = clock.start(&sandbox);
    let api = days_later(&clock, &daemon, 2);
    let both = sent(&api, 2);
    assert_eq!(both.len(), 2);
    assert_eq!(both[0]["period_end"], both[1]["period_start"], "no time is between the two");
    server.mail_to(EMAIL, 1);
    assert_eq!((server.count_to(EMAIL), has_been_sent(&api)), (2, 2));
    daemon.stop();
    let verified = sandbox.on_books(&["verify"]);
    assert_eq!(verified.code, Some(0), "{}", verified.stdout);
}
