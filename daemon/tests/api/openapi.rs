//! The OpenAPI document: served, printed and committed are one, and its page needs nothing from elsewhere.

use std::fs;
use std::path::Path;

use crate::support::api::Api;
use crate::support::sandbox::{Sandbox, repository, run};
use serde_json::Value;

#[test]
fn the_committed_document_is_the_one_that_is_printed() {
    let sandbox = Sandbox::new();
    let printed = run(&mut sandbox.tollgate("openapi"));
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let committed = fs::read_to_string(repository().join("docs/openapi.json")).expect("docs/openapi.json");
    assert!(
        printed.stdout == committed,
        "docs/openapi.json is not what the handlers say; `tollgate openapi > docs/openapi.json` writes it anew"
    );
}

#[test]
fn the_served_document_is_the_printed_one_and_its_page_is_all_there() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let api = Api::anonymous(&daemon);
    let served = api.get("/openapi.json").expect(200).json;
    let printed: Value = serde_json::from_str(&run(&mut sandbox.tollgate("openapi")).stdout).unwrap();
    assert_eq!(served, printed);
    assert_eq!(served["openapi"].as_str().unwrap().split('.').take(2).collect::<Vec<_>>(), ["3", "1"]);
    for (path, methods) in served["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let said = |key: &str| operation[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(said("summary") && said("operationId"), "{method} {path} is not described");
            assert!(operation["tags"].is_array(), "{method} {path} belongs to no part");
        }
    }

    let page = api.get("/docs/").expect(200).text();
    assert!(!page.contains("http://") && !page.contains("https://"), "the page asks others: {page}");
    let parts = page.split(['"', '\'']).filter(|part| {
        let kind = Path::new(part).extension().and_then(|kind| kind.to_str());
        matches!(kind, Some("js" | "css"))
    });
    for part in parts {
        let reply = api.get(&format!("/docs/{}", part.trim_start_matches("./")));
        assert_eq!(reply.status, 200, "{part}");
        assert!(!reply.body.is_empty(), "{part}");
    }
    daemon.stop();
}

#[test]
fn without_the_api_only_health_is_served() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "enabled = false");
    let daemon = sandbox.start();
    let api = Api::anonymous(&daemon);
    api.get("/healthz").expect(200);
    api.get("/readyz").expect(200);
    for path in ["/v1/accounts", "/openapi.json", "/docs/"] {
        api.get(path).expect(404);
    }
    daemon.stop();
}

#[test]
fn what_cannot_be_read_is_a_problem_and_costs_nobody_else_anything() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let api = Api::anonymous(&daemon).header("X-Request-Id", "seen-by-me");
    let missing = api.get("/v1/nothing").expect(404);
    assert_eq!(missing.header("content-type"), Some("application/problem+json"));
    assert_eq!((missing.code(), missing.json["request_id"].as_str()), ("not_found", Some("seen-by-me")));
    assert_eq!(missing.header("x-request-id"), Some("seen-by-me"));
    let method = api.delete("/v1/auth/login").expect(405);
    assert_eq!((method.code(), method.header("allow")), ("method_not_allowed", Some("POST")));
    let nobody = api.get("/v1/accounts").expect(401);
    assert_eq!((nobody.code(), nobody.header("www-authenticate")), ("unauthenticated", Some("Bearer")));
    let login = |body: &[u8], kind: &str| api.send("POST", "/v1/auth/login", Some((body.to_vec(), kind)));
    assert_eq!(login(b"{", "application/json").expect(400).code(), "invalid_request");
    assert_eq!(login(b"{\"user\":1}", "application/json").expect(400).code(), "invalid_request");
    assert_eq!(
        login(b"a=b", "application/x-www-form-urlencoded").expect(415).code(),
        "unsupported_media_type"
    );
    let long = vec![b' '; (1 << 20) + 1];
    assert_eq!(login(&long, "application/json").expect(413).code(), "too_large");
    api.get("/healthz").expect(200);
    daemon.stop();
}

#[test]
fn too_many_requests_are_told_when_to_come_back() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 1");
    sandbox.set("api", "requests_burst = 3");
    let daemon = sandbox.start();
    let api = Api::anonymous(&daemon);
    let replies: Vec<_> = (0..10).map(|_| api.get("/v1/accounts")).collect();
    assert!(replies.iter().take(3).all(|reply| reply.status == 401), "{replies:?}");
    let refused = replies.iter().find(|reply| reply.status == 429).expect("a burst ends");
    assert_eq!((refused.code(), refused.header("retry-after")), ("too_many_requests", Some("1")));
    api.get("/healthz").expect(200);
    daemon.stop();
}
