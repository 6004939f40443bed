//! The stream of live figures and changes: what each caller hears, how it goes on after a break, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people, user_id};
use crate::support::api::{ADMIN_EMAIL, ADMIN_PASSWORD, Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};
use crate::support::wait::SOON;

/// An event as a browser reads it.
#[derive(Clone, Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

/// A stream that is open.
struct Stream(BufReader<TcpStream>);

/// The cookie of a new session.
fn cookie(daemon: &Daemon, email: &str, password: &str) -> String {
    let login = json!({ "email": email, "password": password });
    let begun = Api::anonymous(daemon).post("/v1/session", &login).expect(200);
    begun.header("set-cookie").expect("a cookie").split(';').next().expect("a value").to_owned()
}

impl Stream {
    /// Asks, and reads the head of the answer, which is chunked.
    fn try_open(address: SocketAddr, cookie: &str, query: &str, more: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(address).expect("the daemon listens");
        stream.set_read_timeout(Some(SOON)).expect("a socket");
        let head = format!("GET /v1/stream{query} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{more}\r\n");
        stream.write_all(head.as_bytes()).expect("the daemon reads");
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).expect("an answer") > 0, "{head}");
        }
        if head.starts_with("HTTP/1.1 200 ") {
            assert!(head.contains("content-type: text/event-stream"), "{head}");
            return Ok(Self(reader));
        }
        Err(head)
    }

    fn open(daemon: &Daemon, cookie: &str, query: &str) -> Self {
        Self::try_open(daemon.http, cookie, query, "").unwrap_or_else(|head| panic!("{head}"))
    }

    /// The next line of the body; `None` at its end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the stream goes on");
        // Sizes of chunks stand between them; an event never begins or ends within a line.
        let is_size = line.ends_with("\r\n");
        if is_size && line.trim_end() == "0" || line.is_empty() {
            return None;
        }
        Some(if is_size { String::new() } else { line.trim_end_matches('\n').to_owned() })
    }

    /// The next event; `None` at the end.
    fn next(&mut self) -> Option<Event> {
        let (mut name, mut id) = (String::new(), String::new());
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("event", text)) => text.clone_into(&mut name),
                Some(("id", text)) => text.clone_into(&mut id),
                Some(("data", text)) => {
                    let data = serde_json::from_str(text).expect("JSON in one line");
                    return Some(Event { name, id, data });
                }
                _ => {}
            }
        }
    }

    /// The next event that is wanted.
    fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if wanted(&event) {
                return event;
            }
        }
    }

    fn change_of(&mut self, topic: &str) -> Event {
        self.until(|event| event.name == "change" && event.data["topic"] == topic)
    }
}

#[test]
fn everybody_hears_of_his_own_and_goes_on_after_a_break() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let (of_admin, of_carl) =
        (cookie(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD), cookie(&daemon, "carl@example.com", PASSWORD));
    let mut house = Stream::open(&daemon, &of_admin, "");
    let mut carl = Stream::open(&daemon, &of_carl, "");
    let own = carl.until(|event| event.name == "account");
    assert_eq!((&own.data["balance"]["account"], &own.data["binds"]), (&json!("client"), &json!(0)));

    // What is submitted shows within a second or two, and the bind that submits it.
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let begun = house.change_of("binds");
    assert_eq!(begun.data["id"], "biz_test_001");
    assert_eq!(gateway.submit(&Message::to("256772123456")).status, ESME_ROK);
    assert_ne!(gateway.submit(&Message::to("12")).status, ESME_ROK);
    let live = house.until(|event| event.name == "live" && event.data["per_second"]["charged"] == 1);
    assert_eq!(
        (&live.data["binds"], &live.data["per_second"]["segments"]),
        (&json!(1), &json!(1)),
        "{}",
        live.data
    );
    assert!(live.data["answers"]["p99_micros"].as_u64() > Some(0) && live.data["operators"] == json!([]));
    assert_eq!(live.data["refusals"].as_array().map(Vec::len), Some(1), "{}", live.data);

    // Of three changes carl hears of the one of his account.
    admin.patch("/v1/accounts/stranger", &json!({ "name": "S" })).expect(200);
    admin.patch("/v1/accounts/client", &json!({ "name": "C" })).expect(200);
    let topup = json!({ "amount": "5.00", "reference": "r" });
    admin.post("/v1/accounts/stranger/topups", &topup).expect(201);
    let ids = [0, 1].map(|_| house.change_of("accounts").data["id"].clone());
    assert_eq!(ids, [json!("stranger"), json!("client")]);
    let posted = house.change_of("wallets");
    assert_eq!(posted.data["id"], "stranger");
    let heard = carl.until(|event| event.name == "change");
    let etag = admin.get("/v1/accounts/client").expect(200).header("etag").map(str::to_owned);
    assert_eq!(heard.data["id"], "client");
    assert_eq!(Some(format!("\"{}\"", heard.data["revision"])), etag, "the revision is the version");
    let key = json!({ "name": "k", "scopes": ["accounts:read"] });
    admin.post("/v1/api-keys", &key).expect(201);
    assert!(house.change_of("api_keys").data["id"].is_string());

    // What was missed comes first, by header or parameter; what is not known any more is said.
    drop((house, carl));
    let query = format!("?topics=accounts,wallets&last_event_id={}", begun.id);
    let mut back = Stream::open(&daemon, &of_admin, &query);
    let topics: Vec<Value> = (0..3).map(|_| back.next().expect("an event").data["topic"].clone()).collect();
    assert_eq!(topics, [json!("accounts"), json!("accounts"), json!("wallets")]);
    let header = format!("Last-Event-ID: {}\r\n", posted.id);
    let mut back =
        Stream::try_open(daemon.http, &of_admin, "", &header).unwrap_or_else(|head| panic!("{head}"));
    assert_eq!(back.next().expect("an event").data["topic"], "api_keys");
    let mut lost = Stream::open(&daemon, &of_admin, "?last_event_id=1-1&seconds=1");
    assert_eq!(lost.next().expect("an event").name, "resync");
    assert_eq!(lost.until(|event| event.name == "end").data["reason"], "done");
    assert!(lost.next().is_none());
    for (query, status) in [("?topics=nothing", 422), ("?seconds=0", 422), ("?since=1", 400)] {
        let head = Stream::try_open(daemon.http, &of_admin, query, "").err().expect("a refusal");
        assert!(head.contains(&format!(" {status} ")), "{query}: {head}");
    }
    daemon.stop();
}

#[test]
fn eight_streams_are_served_a_ninth_is_not_and_each_ends_with_its_session() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let of_rita = cookie(&daemon, "rita@example.com", PASSWORD);
    let mut streams: Vec<Stream> = (0..8).map(|_| Stream::open(&daemon, &of_rita, "")).collect();
    let head = Stream::try_open(daemon.http, &of_rita, "", "").err().expect("a refusal");
    assert!(head.contains(" 429 ") && head.contains("retry-after"), "{head}");
    admin.patch("/v1/accounts/shop", &json!({ "name": "S" })).expect(200);
    for stream in &mut streams {
        assert_eq!(stream.change_of("accounts").data["id"], "shop");
        stream.until(|event| event.name == "account");
    }
    // A place is free again once its browser has gone.
    drop(streams.pop());
    let mut again = loop {
        if let Ok(stream) = Stream::try_open(daemon.http, &of_rita, "", "") {
            break stream;
        }
    };
    again.until(|event| event.name == "account");

    let mut other = Stream::open(&daemon, &cookie(&daemon, "sven@example.com", PASSWORD), "");
    let path = format!("/v1/users/{}", user_id(&admin, "rita"));
    admin.patch(&path, &json!({ "disabled": true })).expect(200);
    for stream in streams.iter_mut().chain([&mut again]) {
        assert_eq!(stream.until(|event| event.name == "end").data["reason"], "session_over");
        assert!(stream.next().is_none());
    }
    let head = Stream::try_open(daemon.http, &of_rita, "", "").err().expect("a refusal");
    assert!(head.contains(" 401 "), "{head}");
    other.until(|event| event.name == "account");
    daemon.stop();
    let mut rest = Vec::new();
    let _ = other.0.read_to_end(&mut rest);
    assert!(String::from_utf8_lossy(&rest).contains("\"stopping\""), "the stop is said");
}
