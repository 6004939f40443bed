//! Answers on their way: in gzip where it is taken, to be kept by nobody, and of the type that they say.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::api::start_with_admin;
use crate::support::sandbox::Sandbox;

#[test]
fn long_answers_are_compressed_for_who_takes_it_and_others_never() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start_with_admin(&sandbox);
    let zipping = api.header("Accept-Encoding", "br, gzip;q=0.8");
    let (plain, zipped) = (api.get("/v1/networks?limit=200"), zipping.get("/v1/networks?limit=200"));
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!((zipped.status, zipped.header("content-encoding")), (200, Some("gzip")));
    assert!(zipped.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-encoding")));
    assert!(zipped.body.len() * 3 < plain.body.len(), "{} of {}", zipped.body.len(), plain.body.len());
    assert_eq!(unzipped(&zipped.body), plain.body);
    let short = zipping.get("/v1/accounts/nobody").expect(404);
    assert_eq!(short.header("content-encoding"), None);
}

#[test]
fn no_answer_is_kept_by_others_or_taken_for_another_type() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start_with_admin(&sandbox);
    for path in ["/v1/accounts", "/v1/accounts/nobody", "/v1/nothing", "/v1/cdrs?limit=x", "/v1/session"] {
        let reply = api.get(path);
        let headers = [reply.header("cache-control"), reply.header("x-content-type-options")];
        assert_eq!(headers, [Some("no-store"), Some("nosniff")], "{path}: {}", reply.status);
    }
}

fn unzipped(octets: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is there");
    // Short enough to be taken at once.
    gzip.stdin.take().unwrap().write_all(octets).unwrap();
    gzip.wait_with_output().unwrap().stdout
}
