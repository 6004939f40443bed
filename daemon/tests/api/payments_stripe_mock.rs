//! Requests to Stripe against Stripe's own mock, which checks their shape by its published document. It keeps no state, so that
//! nothing is concluded from what it answers.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::api::start_with_admin;
use crate::support::foreign::until_listening;
use crate::support::peer::tools;
use crate::support::ports::free_port;
use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "biz_test_001";

/// Ends with the test.
struct Mock(Child);

impl Mock {
    fn start(port: u16) -> Self {
        let mut mock = Command::new(tools().join("stripe-mock/stripe-mock"));
        mock.args(["-http-port", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let child = mock
            .spawn()
            .unwrap_or_else(|error| panic!("stripe-mock: {error}; `ops/setup.sh test` installs it"));
        until_listening(port);
        Self(child)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_request_to_stripe_is_one_that_stripe_documents() {
    let port = free_port();
    let _mock = Mock::start(port);
    let sandbox = Sandbox::new();
    sandbox.write("stripe.key", "sk_test_123\n");
    sandbox.append(
        "tollgate.toml",
        &format!(
            "[payments.stripe]\nsecret_key_file = \"stripe.key\"\napi_base = \"http://127.0.0.1:{port}\"\n"
        ),
    );
    let (daemon, admin) = start_with_admin(&sandbox);
    let begin = |body: Value| admin.post("/v1/payments", &body).expect(201).json;
    // A customer, a payment whose method is saved, and the payment as it is, its refunds and disputes with it.
    let payment =
        begin(json!({ "account": ACCOUNT, "provider": "stripe", "amount": "10.00", "save_method": true }));
    assert_ne!(payment["provider_id"], Value::Null, "{payment}");
    assert_ne!((&payment["state"], &payment["state"]), (&json!("failed"), &json!("unknown")), "{payment}");
    let path = format!("/v1/payments/{}", payment["id"].as_str().expect("an id"));
    admin.order(&format!("{path}/refresh")).expect(200);
    admin.order(&format!("{path}/cancel"));
    let log = daemon.log();
    daemon.stop();
    // A request of another shape is refused by the mock, and told in the log.
    assert!(!log.contains("gave no answer") && !log.contains("cannot be read"), "{log}");
}
