//! Routes of messages to operators: by network, sender, account and data coding, and nothing is charged where none
//! takes it.

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::sandbox::Sandbox;
use crate::support::sm::{Party, Sm};
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, ESME_RINVDSTADR, ESME_ROK, TLV_PRICE_REQUEST};
use crate::support::smsc::Smsc;

const SAFARICOM: &str = "254722000001";
const AIRTEL: &str = "254733000001";
const TLV_REASON: u16 = 0x1452;

/// A narrow operator that is preferred, and a broad one behind it. `line` is what makes the first one narrow.
struct Pair {
    daemon: Daemon,
    sandbox: Sandbox,
    narrow: Smsc,
    broad: Smsc,
}

impl Pair {
    fn start(line: &str) -> Self {
        let [narrow, broad] = [(); 2].map(|()| Smsc::accepting());
        let sandbox = sandbox(&[
            Operator::new("narrow", narrow.port()).with("priority = 1").with(line),
            Operator::new("broad", broad.port()).with("priority = 2"),
        ]);
        let daemon = sandbox.start();
        narrow.until_bound();
        broad.until_bound();
        Self { daemon, sandbox, narrow, broad }
    }

    /// Ends it all, and says what each operator got.
    fn seen(self, gateways: Vec<Esme>) -> [Vec<Sm>; 2] {
        let sum = self.narrow.seen().len() + self.broad.seen().len();
        assert!(sum > 0, "the operators got something");
        drop(gateways);
        self.daemon.stop();
        outcomes::balanced(&self.sandbox);
        [self.narrow.seen(), self.broad.seen()]
    }
}

fn destinations(messages: &[Sm]) -> Vec<&str> {
    messages.iter().map(|message| message.destination.digits.as_str()).collect()
}

#[test]
fn by_network() {
    let pair = Pair::start("networks = [\"639/02\"]");
    let gateway = Esme::transceiver(pair.daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&[SAFARICOM, AIRTEL].map(Sm::to));
    pair.narrow.until_seen(1);
    pair.broad.until_seen(1);
    let [narrow, broad] = pair.seen(vec![gateway]);
    assert_eq!((destinations(&narrow), destinations(&broad)), (vec![SAFARICOM], vec![AIRTEL]));
}

#[test]
fn by_sender() {
    let pair = Pair::start("senders = [\"ACME\"]");
    let gateway = Esme::transceiver(pair.daemon.smpp, BUSINESS_1);
    let acme = Sm { source: Party::named("ACME"), ..Sm::to(SAFARICOM) };
    gateway.accepted_all(&[acme.clone(), Sm::to(SAFARICOM)]);
    pair.narrow.until_seen(1);
    pair.broad.until_seen(1);
    let [narrow, broad] = pair.seen(vec![gateway]);
    assert_eq!((narrow.len(), narrow[0].source.digits.as_str()), (1, "ACME"));
    assert_eq!((broad.len(), broad[0].source.digits.as_str()), (1, "Tollgate"));
}

#[test]
fn by_data_coding() {
    let pair = Pair::start("data_codings = [0]");
    let gateway = Esme::transceiver(pair.daemon.smpp, BUSINESS_1);
    gateway.accepted_all(
        &[0, 8].map(|data_coding| Sm { data_coding, ..Sm::to(SAFARICOM).text("as two octets ") }),
    );
    pair.narrow.until_seen(1);
    pair.broad.until_seen(1);
    let [narrow, broad] = pair.seen(vec![gateway]);
    let codings = |messages: &[Sm]| messages.iter().map(|message| message.data_coding).collect::<Vec<_>>();
    assert_eq!((codings(&narrow), codings(&broad)), (vec![0], vec![8]));
}

#[test]
fn by_account() {
    let pair = Pair::start("accounts = { only = [\"biz_test_002\"] }");
    let gateways = [BUSINESS_1, BUSINESS_2].map(|login| Esme::transceiver(pair.daemon.smpp, login));
    gateways[0].accepted(&Sm::to(SAFARICOM));
    gateways[1].accepted(&Sm::to(AIRTEL));
    pair.narrow.until_seen(1);
    pair.broad.until_seen(1);
    let [narrow, broad] = pair.seen(gateways.into());
    assert_eq!((destinations(&narrow), destinations(&broad)), (vec![AIRTEL], vec![SAFARICOM]));
}

#[test]
fn without_a_route_nothing_is_charged() {
    let operator = Smsc::accepting();
    let sandbox = sandbox(&[Operator::new("elsewhere", operator.port()).with("networks = [\"641\"]")]);
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let refused = gateway.submit(&Sm::to(SAFARICOM).tlv(TLV_PRICE_REQUEST, b"1"));
    assert_eq!(refused.status, ESME_RINVDSTADR);
    assert_eq!(refused.tlv(TLV_REASON).as_deref(), Some("no_route"));
    assert_eq!(gateway.submit(&Sm::to("256772000001")).status, ESME_ROK, "the operator serves Uganda");
    operator.until_seen(1);
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!(outcomes.values().map(outcomes::Outcome::destination).collect::<Vec<_>>(), ["256772000001"]);
}

#[test]
fn an_account_that_is_only_charged_is_not_routed() {
    let operator = Smsc::accepting();
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    sandbox.replace(
        "accounts.toml",
        "\nid = \"biz_test_001\"",
        "\nid = \"biz_test_001\"\ndelivery = \"charge_only\"",
    );
    let daemon = sandbox.start();
    let gateways = [BUSINESS_1, BUSINESS_2].map(|login| Esme::transceiver(daemon.smpp, login));
    gateways[0].accepted(&Sm::to(SAFARICOM));
    gateways[1].accepted(&Sm::to(AIRTEL));
    operator.until_seen(1);
    drop(gateways);
    daemon.stop();
    assert_eq!(destinations(&operator.seen()), [AIRTEL]);
    assert_eq!(outcomes::balanced(&sandbox).len(), 2);
}

/// TON national, which the account's default calling code completes.
fn national(digits: &str) -> Party {
    Party { ton: 2, npi: 1, digits: digits.into() }
}

#[test]
fn destinations_are_written_as_the_operator_wants_them() {
    for (format, to, written) in [
        ("\"international\"", national("0722000001"), Party::number(SAFARICOM)),
        ("\"plus\"", Party::number(SAFARICOM), Party::number("+254722000001")),
        ("\"double_zero\"", Party::number(SAFARICOM), Party::number("00254722000001")),
        ("{ national = \"254\" }", Party::number(SAFARICOM), national("722000001")),
        ("\"as_submitted\"", national("0722000001"), national("0722000001")),
    ] {
        let operator = Smsc::accepting();
        let entry = Operator::new("hand", operator.port()).smpp(&format!("number_format = {format}"));
        let sandbox = sandbox(&[entry]);
        let daemon = sandbox.start();
        let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
        gateway.accepted(&Sm { destination: to, ..Sm::to(SAFARICOM) });
        assert_eq!(operator.until_seen(1)[0].destination, written, "{format}");
        drop(gateway);
        daemon.stop();
    }
}
