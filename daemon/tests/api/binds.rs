//! Binds as the API shows and ends them.

use std::thread;

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people};
use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BIND_TRANSCEIVER, BUSINESS_2, Connection, ESME_ROK, Message, Pdu, RESPONSE, UNBIND,
};
use crate::support::wait::eventually;

fn binds(api: &Api) -> Vec<Value> {
    let page = api.get("/v1/binds").expect(200).json;
    let items = page["items"].as_array().expect("a list").clone();
    assert_eq!(page["total"], items.len(), "{page}");
    items
}

/// Answers the unbind that the daemon sends, and reads to the end.
fn is_unbound(connection: &mut Connection) -> bool {
    let Ok(Some(request)) = connection.receive() else { return false };
    assert_eq!(request.command, UNBIND, "{request:?}");
    connection.send(&request.response().encode()).expect("the connection stands");
    matches!(connection.receive(), Ok(None))
}

#[test]
fn a_bind_shows_what_it_does_and_ends_when_somebody_says_so() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let mut first = Connection::open(daemon.smpp);
    let body = [b"biz_test_001\0secret01\0VMS\0".as_slice(), &[0x34, 0, 0, 0]].concat();
    assert_eq!(first.call(BIND_TRANSCEIVER, body).status, ESME_ROK);
    let mut second = Connection::bound(daemon.smpp, BUSINESS_2);
    let bind = binds(&admin).remove(0);
    assert_eq!((&bind["system_type"], &bind["version"]), (&json!("VMS"), &json!("3.4")));
    assert_eq!((&bind["messages"], &bind["last_message_at"]), (&json!(0), &Value::Null));

    for _ in 0..3 {
        assert_eq!(first.submit(&Message::to("256772123456")).status, ESME_ROK);
    }
    assert_ne!(first.submit(&Message::to("12")).status, ESME_ROK, "a refused one counts too");
    let bind = eventually("the counts of the bind", || {
        Some(binds(&admin).remove(0)).filter(|bind| bind["messages"] == 4 && bind["in_flight"] == 0)
    });
    assert!(bind["last_message_at"].is_string() && bind["window"].as_u64() > Some(1), "{bind}");

    // Nobody ends what he cannot see.
    let path = format!("/v1/binds/{}", bind["id"].as_str().expect("an id"));
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    assert_eq!(binds(&rita), Vec::<Value>::new());
    rita.delete(&path).expect(404);
    for nothing in ["/v1/binds/0", "/v1/binds/x", "/v1/binds/-1"] {
        admin.delete(nothing).expect(404);
    }

    thread::scope(|scope| {
        let unbound = scope.spawn(|| is_unbound(&mut first));
        admin.delete(&path).expect(204);
        assert!(unbound.join().expect("no panic"), "it is unbound and closed in good order");
    });
    let left = eventually("one bind less", || Some(binds(&admin)).filter(|binds| binds.len() == 1));
    assert_eq!(left[0]["account"], "biz_test_002");
    assert_eq!(second.submit(&Message::to("256772123456")).status, ESME_ROK, "nobody else is touched");
    admin.delete(&path).expect(404);
    let note = admin.get("/v1/audit?action=bind.disconnect").expect(200).json["items"][0].clone();
    assert_eq!(note["before"]["account"], "biz_test_001", "{note}");

    // Answers that are owed come first.
    let path = format!("/v1/binds/{}", left[0]["id"].as_str().expect("an id"));
    let requests: Vec<u8> =
        (100..150).flat_map(|sequence| Message::to("256772123456").submit(sequence).encode()).collect();
    second.send(&requests).expect("the connection stands");
    admin.delete(&path).expect(204);
    let mut answered = 0;
    while let Some(pdu) = second.receive().expect("the connection stands") {
        if pdu.command == UNBIND {
            second.send(&pdu.response().encode()).expect("the connection stands");
        } else {
            assert_eq!(pdu.command & RESPONSE, RESPONSE, "{pdu:?}");
            answered += u32::from(Pdu { body: Vec::new(), ..pdu }.status == ESME_ROK);
        }
    }
    let charged = admin.get("/v1/cdrs?account=biz_test_002&limit=1000").expect(200).json;
    let charged = charged["items"].as_array().expect("a list").len();
    assert_eq!(usize::try_from(answered).expect("a few") + 1, charged, "what was charged was answered");
    daemon.stop();
}
