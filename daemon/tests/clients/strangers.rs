//! Strangers: connections that do not bind, and guesses of passwords, keep nobody out who knows the password.

use std::net::TcpStream;

use crate::support::metrics::Scrape;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BIND_TRANSCEIVER, BUSINESS_1, BUSINESS_2, Connection, ESME_RINVPASWD, ESME_ROK, Login, Message, Pdu,
    bind_body,
};
use crate::support::wait::eventually;

const WRONG: Login = Login { password: "wrong", ..BUSINESS_1 };
/// The source of the sandbox's gateways is this machine, which the account does not allow.
const ELSEWHERE: Login = Login { system_id: "elsewhere", password: "secret01" };

#[test]
fn strangers_keep_no_gateway_out() {
    let sandbox = Sandbox::new();
    sandbox.add_account("elsewhere", "plan = \"starter\"\nallowed_ips = [\"192.0.2.0/24\"]");
    let daemon = sandbox.start();
    // Before there are many failures, which make answers wait.
    for login in [ELSEWHERE, Login { password: "wrong", ..ELSEWHERE }, WRONG] {
        let answer = Connection::open(daemon.smpp).bind(BIND_TRANSCEIVER, login);
        assert_eq!((answer.status, answer.body.len()), (ESME_RINVPASWD, 0), "{login:?}");
    }
    let mut bound = Connection::bound(daemon.smpp, BUSINESS_1);
    let idle: Vec<TcpStream> =
        (0..400).map(|_| TcpStream::connect(daemon.smpp).expect("the daemon listens")).collect();
    let guess = || {
        let mut guesser = Connection::open(daemon.smpp);
        let request = Pdu::request(BIND_TRANSCEIVER, 1, bind_body(WRONG));
        guesser.send(&request.encode()).expect("a guess can be sent");
    };
    (0..300).for_each(|_| guess());

    // One account bound before, the other did not; both come from the address of the strangers.
    let others: Vec<Connection> = (0..8)
        .flat_map(|_| [BUSINESS_1, BUSINESS_2])
        .map(|login| Connection::bound(daemon.smpp, login))
        .collect();
    assert_eq!(bound.submit(&Message::to("254722000001")).status, ESME_ROK);
    drop(idle);
    eventually("the connections that were sent away are counted", || {
        let name = "tollgate_refused_connections_total{listener=\"smpp\",reason=\"sent_away\"}";
        (Scrape::of(&daemon).count(name) >= 300).then_some(())
    });
    drop((bound, others));
    daemon.stop();
}
