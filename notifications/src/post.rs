//! The post of an event to a URL that an account has chosen.
//!
//! The host is looked up at the time of the call, an address that is neither public nor in a network of the settings is not
//! called, and the connection goes to the addresses that were checked: names are not looked up again. Redirects are not followed,
//! and whoever set the URL learns the status of the answer or that there was none, but not why.

use std::net::SocketAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tollgate_engine::time::UnixMicros;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::signature::signatures;
use crate::url::webhook_url;
use crate::webhook_addresses::WebhookAddresses;

const MICROS_PER_SECOND: u64 = 1_000_000;
/// Longest time of a call, once the name is looked up.
pub const POST_MAX: Duration = Duration::from_secs(5);
/// Longest time until there is a connection.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;

/// The one text for all calls without an answer: more would tell what listens where.
pub const NO_ANSWER: &str = "the URL gave no answer, or is not one that may be called";

/// An event that is posted.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The same at every try.
    pub id: &'a str,
    /// The event as JSON.
    pub body: &'a str,
}

/// The status of the answer, or the text that there was none.
pub type Posted = Result<u16, String>;

/// True if a call was answered with a status of 200 to 299.
pub fn is_delivered(posted: &Posted) -> bool {
    matches!(posted, Ok(200..=299))
}

/// The addresses of one call, which were checked.
#[derive(Debug)]
struct CheckedAddresses(Vec<SocketAddr>);

impl Resolver for CheckedAddresses {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        for address in self.0.iter().take(ADDRESSES_MAX) {
            addresses.push(*address);
        }
        Ok(addresses)
    }
}

/// Posts an event to an account's alert URL once. It waits for the look-up of the name, the connection and the answer.
pub fn post(to: &WebhookAddresses, url: &str, secret: &str, event: &Event<'_>, now: UnixMicros) -> Posted {
    let signed = (!secret.is_empty()).then(|| signature(secret, now, event.body));
    let signed = signed.map(|signed| ("X-Tollgate-Signature", signed));
    send(to, url, std::iter::once(("X-Tollgate-Event", event.id.to_owned())).chain(signed), event.body)
}

/// Posts an event to a webhook endpoint once, as Standard Webhooks has it, with a signature of each secret.
pub fn post_signed(
    to: &WebhookAddresses,
    url: &str,
    secrets: &[&str],
    event: &Event<'_>,
    now: UnixMicros,
) -> Posted {
    let seconds = now.0 / MICROS_PER_SECOND;
    let headers = [
        ("webhook-id", event.id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures(secrets, event.id, seconds, event.body)),
    ];
    send(to, url, headers, event.body)
}

fn send(
    to: &WebhookAddresses,
    url: &str,
    headers: impl IntoIterator<Item = (&'static str, String)>,
    body: &str,
) -> Posted {
    let url = webhook_url(url).map_err(|_| NO_ANSWER.to_owned())?;
    let found = url.socket_addrs(|| None).map_err(|_| NO_ANSWER.to_owned())?;
    let checked = to.admitted(found);
    if checked.is_empty() {
        return Err(NO_ANSWER.to_owned());
    }
    let mut call = agent(checked).post(url.as_str()).header("Content-Type", "application/json");
    for (name, value) in headers {
        call = call.header(name, value);
    }
    let answer = call.send(body);
    answer.map(|answer| answer.status().as_u16()).map_err(|_| NO_ANSWER.to_owned())
}

/// A client that connects to these addresses alone, keeps no connection open, and asks no proxy.
fn agent(checked: Vec<SocketAddr>) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(POST_MAX))
        .timeout_connect(Some(CONNECT_MAX))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_idle_connections(0)
        .proxy(None)
        .user_agent("tollgate")
        .build();
    ureq::Agent::with_parts(config, DefaultConnector::default(), CheckedAddresses(checked))
}

/// `t=` and the seconds since 1970, `v1=` and the HMAC-SHA256 of the seconds, a full stop and the body.
fn signature(secret: &str, now: UnixMicros, body: &str) -> String {
    let seconds = now.0 / MICROS_PER_SECOND;
    // A key may have any length (RFC 2104 §2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_signature_is_what_others_make_of_it() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
        let signed = signature("whsec_test", UnixMicros(1_700_000_000_999_999), r#"{"a":1}"#);
        assert_eq!(signed, SIGNED);
    }

    /// Every way to get no answer.
    #[test]
    fn all_failures_are_told_by_one_text() {
        let loopback = WebhookAddresses::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let garbage = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = garbage.local_addr().unwrap().port();
        let ssh = std::thread::spawn(move || garbage.accept().unwrap().0.write_all(b"SSH-2.0-x\r\n"));
        let event = Event { id: "evt_1", body: "{}" };
        for url in [
            format!("http://{closed}/"),
            format!("http://127.0.0.1:{port}/"),
            "http://no-such-host.invalid/".to_owned(),
            "http://10.0.0.1/".to_owned(),
            "http://u:p@127.0.0.1/".to_owned(),
            format!("https://{closed}/"),
        ] {
            let posted = post(&loopback, &url, "whsec_test", &event, UnixMicros(0));
            assert_eq!(posted, Err(NO_ANSWER.to_owned()), "{url}");
        }
        let _ = ssh.join();
        // What listens on this machine is not asked unless the settings say so, whatever the form of its address.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in
            ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"]
        {
            let url = format!("http://{host}:{port}/");
            let posted = post(&WebhookAddresses::default(), &url, "whsec_test", &event, UnixMicros(0));
            assert_eq!(posted, Err(NO_ANSWER.to_owned()), "{url}");
            assert!(listener.accept().is_err(), "{url} was called");
        }
    }

    const SIGNED: &str = "t=1700000000,v1=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789";
}
