//! Logs tell what happened, and never what a message said or by which password somebody bound.

use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BIND_TRANSCEIVER, BUSINESS_1, Connection, ESME_RINVPASWD, ESME_ROK, Login, Message, SUBMIT_SM,
    TLV_IDEMPOTENCY_KEY,
};
use serde_json::Value;

const TEXT: &str = "The eagle has landed";
const WRONG: Login = Login { system_id: "biz_test_001", password: "hunter2" };

/// Everything that might tempt a log line: good and bad binds, messages charged, refused, repeated and unreadable.
fn log_of_a_busy_session(level: &str, format: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.set("log", &format!("level = \"{level}\""));
    sandbox.set("log", &format!("format = \"{format}\""));
    let daemon = sandbox.start();
    assert_eq!(Connection::open(daemon.smpp).bind(BIND_TRANSCEIVER, WRONG).status, ESME_RINVPASWD);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let message = Message::to("254722000001").text(TEXT).tlv(TLV_IDEMPOTENCY_KEY, "once");
    assert_eq!(connection.submit(&message).status, ESME_ROK);
    assert_eq!(connection.submit(&message).status, ESME_ROK);
    assert_ne!(connection.submit(&Message::to("2109999999").text(TEXT)).status, ESME_ROK);
    // The last octet of the mandatory part is the text's length: here it promises more than there is.
    let mut unreadable = Message::to("254722000001").text("").submit(0).body;
    unreadable.pop();
    unreadable.push(200);
    unreadable.extend_from_slice(TEXT.as_bytes());
    assert_ne!(connection.call(SUBMIT_SM, unreadable).status, ESME_ROK);
    daemon.logged("the session in the log", |line| line.contains(BUSINESS_1.system_id));
    drop(connection);
    daemon.stop()
}

#[track_caller]
fn expect_discreet(log: &str) {
    for secret in [TEXT, "eagle", "hunter2", BUSINESS_1.password, "$argon2id$"] {
        assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
    }
    // Debug output of a byte slice, and hexadecimal.
    let bytes = format!("{:?}", &TEXT.as_bytes()[..8]);
    let hexadecimal = format!("{:02x?}", &TEXT.as_bytes()[..8]);
    for written in [bytes.trim_matches(['[', ']']), &hexadecimal.replace(['[', ']', ',', ' '], "")] {
        assert!(!log.to_lowercase().contains(written), "the text's bytes are in the log:\n{log}");
    }
}

#[test]
fn a_developers_log_holds_no_text_and_no_password() {
    expect_discreet(&log_of_a_busy_session("trace", "text"));
}

#[test]
fn a_log_for_programs_is_json_in_every_line() {
    let log = log_of_a_busy_session("debug", "json");
    expect_discreet(&log);
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["level"].is_string() && event["timestamp"].is_string(), "{event}");
    }
}
