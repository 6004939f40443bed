//! Binds of a simulator, driven by hand: what comes out when.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use clap::Parser;
use tollgate_smpp::pdu::{Submit, SubmitKind};
use tollgate_smpp::{
    Answer, BindHandler, BindMode, BindOutcome, BindRequest, CommandId, Delivery, DeliveryOutcome, Reply,
    RequestOutcome, SessionHandler,
};

use super::command::SimCommand;
use super::handler::SimHandler;
use super::session::SimSession;

const NOON: u64 = 1_795_248_000_000_000;
const RECEIPT: u8 = 1;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    command: SimCommand,
}

/// The command that a command line with these flags makes.
pub(crate) fn options(flags: &[&str]) -> SimCommand {
    Cli::try_parse_from(["sim", "--first-id=1000"].iter().chain(flags)).unwrap().command
}

fn simulator(flags: &[&str]) -> SimHandler {
    SimHandler(Arc::new(options(flags).sim().unwrap()))
}

fn request(mode: BindMode, interface_version: u8) -> BindRequest {
    BindRequest {
        mode,
        system_id: b"gateway".to_vec(),
        password: b"secret".to_vec(),
        system_type: Vec::new(),
        interface_version,
    }
}

async fn try_bind(gate: &SimHandler, request: BindRequest) -> Result<SimSession, u32> {
    match gate.bind(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await {
        BindOutcome::Bound { session, .. } => Ok(session),
        BindOutcome::Refused { status, slow_down } => {
            assert!(!slow_down, "a simulator has nothing to guard");
            Err(status)
        }
    }
}

async fn bind(gate: &SimHandler, mode: BindMode) -> SimSession {
    try_bind(gate, request(mode, 0x34)).await.unwrap()
}

/// Submits one message and flushes.
fn submit(session: &mut SimSession, sequence: u32, registered_delivery: u8) -> RequestOutcome {
    let fields = [0, 0, 0, 0, 0, registered_delivery, 0, 0, 0];
    let body = [b"\0\x05\0Bank\0\x01\x01491701234567\0", &fields[..], b"\x02hi"].concat();
    let verdict = session.submit(NOON, &Submit::parse(SubmitKind::SubmitSm, sequence, &body).unwrap());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(session.poll_flush(cx).is_ready());
    verdict
}

fn answers_now(session: &mut SimSession) -> Vec<Answer> {
    let mut answers = Vec::new();
    let _ = session.poll_answers(&mut Context::from_waker(Waker::noop()), &mut answers);
    answers
}

fn deliveries_now(session: &mut SimSession) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    let _ = session.poll_deliveries(&mut Context::from_waker(Waker::noop()), 100, &mut deliveries);
    deliveries
}

/// The next receipts, however long they take.
async fn deliveries(session: &mut SimSession) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    let next = poll_fn(|cx| session.poll_deliveries(cx, 100, &mut deliveries));
    tokio::time::timeout(Duration::from_secs(10), next).await.expect("a receipt");
    deliveries
}

async fn answers(session: &mut SimSession) -> Vec<Answer> {
    let mut answers = Vec::new();
    let next = poll_fn(|cx| session.poll_answers(cx, &mut answers));
    tokio::time::timeout(Duration::from_secs(10), next).await.expect("an answer");
    answers
}

fn accepted(sequence: u32, message_id: u64) -> Answer {
    Answer { sequence, reply: Reply::Submitted { message_id, tlvs: None } }
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.short_message.clone()).unwrap()
}

#[tokio::test]
async fn without_delays_messages_are_answered_at_once_and_receipts_follow() {
    let gate = simulator(&[]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    assert_eq!(submit(&mut session, 7, RECEIPT), RequestOutcome::Pending);
    submit(&mut session, 8, 0);
    assert_eq!(answers_now(&mut session), [accepted(7, 1000), accepted(8, 1001)]);
    let receipts = deliveries_now(&mut session);
    assert_eq!(receipts.len(), 1);
    assert!(
        text(&receipts[0]).starts_with("id:1000 sub:001 dlvrd:001 submit date:2611210800 "),
        "{receipts:?}"
    );
    session.delivered(receipts[0].token, DeliveryOutcome::Accepted);
    session.flush_delivered();
    assert_eq!(deliveries_now(&mut session), []);
    let counts = &gate.0.counts;
    assert_eq!(
        (counts.accepted.get(), counts.receipts_sent.get(), counts.receipts_acknowledged.get()),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn answers_and_receipts_take_their_time() {
    let gate = simulator(&["--latency-ms=30", "--receipt-delay-ms=30"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    let begun = Instant::now();
    submit(&mut session, 7, RECEIPT);
    assert_eq!((answers_now(&mut session), deliveries_now(&mut session)), (vec![], vec![]));
    assert_eq!(answers(&mut session).await, [accepted(7, 1000)]);
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert_eq!(deliveries(&mut session).await.len(), 1);
    assert!(begun.elapsed() >= Duration::from_millis(60), "the delay begins with the response");
}

#[tokio::test]
async fn refusals_have_the_latency_of_answers() {
    let gate = simulator(&["--error-percent=100", "--error-status=0x45"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    assert_eq!(submit(&mut session, 7, RECEIPT), RequestOutcome::Refused(0x45));
    let gate = simulator(&["--error-percent=100", "--latency-ms=5"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    assert_eq!(submit(&mut session, 7, RECEIPT), RequestOutcome::Pending);
    assert_eq!(answers(&mut session).await, [Answer { sequence: 7, reply: Reply::Refused(0x08) }]);
    assert_eq!(deliveries_now(&mut session), []);
    assert_eq!((gate.0.counts.failed.get(), gate.0.counts.accepted.get()), (1, 0));
}

#[tokio::test]
async fn a_lost_response_leaves_a_message_that_was_taken() {
    let gate = simulator(&["--lost-response-percent=100"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    submit(&mut session, 7, RECEIPT);
    let withheld = Reply::Withheld { command: CommandId::SubmitSm };
    assert_eq!(answers_now(&mut session), [Answer { sequence: 7, reply: withheld }]);
    assert_eq!(deliveries_now(&mut session).len(), 1);
    assert_eq!((gate.0.counts.accepted.get(), gate.0.counts.responses_lost.get()), (1, 1));
}

#[tokio::test]
async fn an_early_receipt_goes_out_before_its_answer() {
    let gate = simulator(&["--receipt-early-percent=100", "--receipt-duplicate-percent=100"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    submit(&mut session, 7, RECEIPT);
    assert_eq!(answers_now(&mut session), [], "it waits for its receipt");
    assert_eq!(deliveries_now(&mut session).len(), 2, "and the second one goes at the same time");
    assert_eq!(answers_now(&mut session), [accepted(7, 1000)]);
}

#[tokio::test]
async fn an_early_receipt_over_another_bind_goes_out_well_before_the_answer() {
    let gate = simulator(&["--receipt-early-percent=100"]);
    let mut receiver = bind(&gate, BindMode::Receiver).await;
    let mut transmitter = bind(&gate, BindMode::Transmitter).await;
    submit(&mut transmitter, 7, RECEIPT);
    assert_eq!(deliveries_now(&mut receiver).len(), 1);
    assert_eq!(answers_now(&mut transmitter), []);
    assert_eq!(answers(&mut transmitter).await, [accepted(7, 1000)]);
}

#[tokio::test]
async fn receipts_of_transmitters_go_to_receivers_of_the_same_system_id() {
    let gate = simulator(&[]);
    let mut transmitter = bind(&gate, BindMode::Transmitter).await;
    let mut receiver = bind(&gate, BindMode::Receiver).await;
    let stranger = BindRequest { system_id: b"stranger".to_vec(), ..request(BindMode::Receiver, 0x34) };
    let mut stranger = try_bind(&gate, stranger).await.unwrap();
    let waiting = tokio::spawn(async move {
        let received = deliveries(&mut receiver).await;
        (received, receiver)
    });
    tokio::task::yield_now().await;
    submit(&mut transmitter, 7, RECEIPT);
    assert_eq!(answers_now(&mut transmitter), [accepted(7, 1000)]);
    let (received, _receiver) = waiting.await.unwrap();
    assert!(text(&received[0]).starts_with("id:1000 "), "a receiver that sleeps is woken");
    assert_eq!(deliveries_now(&mut stranger), []);
}

#[tokio::test]
async fn what_a_bind_leaves_behind_goes_to_the_next() {
    let gate = simulator(&[]);
    let mut first = bind(&gate, BindMode::Transceiver).await;
    for sequence in 1..=3 {
        submit(&mut first, sequence, RECEIPT);
    }
    let mut sent = Vec::new();
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(first.poll_deliveries(cx, 2, &mut sent).is_ready());
    assert_eq!(sent.len(), 2, "no more than there is room for");
    first.delivered(sent[0].token, DeliveryOutcome::Accepted);
    first.delivered(sent[1].token, DeliveryOutcome::Unanswered);
    first.flush_delivered();
    drop(first);
    let mut second = bind(&gate, BindMode::Transceiver).await;
    let ids = deliveries_now(&mut second).iter().map(text).collect::<Vec<_>>();
    let mut ids: Vec<&str> = ids.iter().filter_map(|text| text.get(..8)).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["id:1001 ", "id:1002 "]);
}

#[tokio::test]
async fn a_receipt_refused_for_now_comes_again_and_one_refused_for_good_does_not() {
    let gate = simulator(&[]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    submit(&mut session, 1, RECEIPT);
    submit(&mut session, 2, RECEIPT);
    let sent = deliveries_now(&mut session);
    session.delivered(sent[0].token, DeliveryOutcome::Refused(0x14));
    session.delivered(sent[1].token, DeliveryOutcome::Refused(0x45));
    session.delivered(sent[1].token, DeliveryOutcome::Accepted);
    session.flush_delivered();
    assert_eq!(deliveries_now(&mut session), [], "not at once");
    let again = deliveries(&mut session).await;
    assert_eq!((again.len(), again[0].token > sent[1].token), (1, true));
    let counts = &gate.0.counts;
    assert_eq!((counts.receipts_again.get(), counts.receipts_refused.get()), (1, 1));
}

#[tokio::test]
async fn no_more_receipts_are_kept_than_there_is_room_for() {
    let gate = simulator(&["--receipts-max=2", "--receipt-early-percent=100"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    for sequence in 1..=3 {
        submit(&mut session, sequence, RECEIPT);
    }
    assert_eq!(answers_now(&mut session), [accepted(3, 1002)], "no receipt to wait for");
    assert_eq!(deliveries_now(&mut session).len(), 2);
    assert_eq!(gate.0.counts.receipts_dropped.get(), 1);
}

#[tokio::test]
async fn every_so_many_messages_the_connection_is_cut() {
    let gate = simulator(&["--disconnect-every=3"]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    submit(&mut session, 1, 0);
    submit(&mut session, 2, 0);
    assert!(!session.hangs_up());
    assert_eq!(answers_now(&mut session).len(), 2);
    submit(&mut session, 3, 0);
    submit(&mut session, 4, 0);
    assert!(session.hangs_up());
    assert_eq!(answers_now(&mut session), [], "taken, and nobody hears of it");
    assert_eq!((gate.0.counts.accepted.get(), gate.0.counts.disconnects.get()), (3, 1));
}

#[tokio::test]
async fn ids_are_written_as_asked_and_short_for_smpp_3_3() {
    let flags = ["--id-format=hex", "--receipt-id-format=decimal", "--first-id=1234567890123"];
    let gate = simulator(&flags[..2]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    submit(&mut session, 1, RECEIPT);
    let command = CommandId::SubmitSm;
    let named = Reply::SubmittedAs { command, message_id: (*b"3e8").into() };
    assert_eq!(answers_now(&mut session), [Answer { sequence: 1, reply: named }]);
    assert!(text(&deliveries_now(&mut session)[0]).starts_with("id:1000 "));

    let options = Cli::try_parse_from(["sim"].iter().chain(&flags)).unwrap().command;
    let gate = SimHandler(Arc::new(options.sim().unwrap()));
    let mut old = try_bind(&gate, request(BindMode::Transceiver, 0x33)).await.unwrap();
    submit(&mut old, 1, RECEIPT);
    let short = 1_234_567_890_123 % (1 << 32);
    assert_eq!(answers_now(&mut old), [accepted(1, short)]);
    let receipt = &deliveries_now(&mut old)[0];
    assert!(text(receipt).starts_with(&format!("id:{short:X} ")), "{}", text(receipt));
    assert_eq!(receipt.tlvs, []);
}

#[tokio::test]
async fn every_kind_of_submit_is_taken_and_every_destination_gets_its_receipt() {
    let gate = simulator(&[]);
    let mut session = bind(&gate, BindMode::Transceiver).await;
    let cx = &mut Context::from_waker(Waker::noop());
    let data_sm = b"\0\0\0\0\x01\x01491701\0\0\x01\0";
    session.submit(NOON, &Submit::parse(SubmitKind::DataSm, 1, data_sm).unwrap());
    let destinations = b"\x02\x01\x01\x01491702\0\x01\x01\x01491703\0";
    let multi = [b"\0\0\0\0", &destinations[..], b"\0\0\0\0\0\x01\0\0\0\x02hi"].concat();
    session.submit(NOON, &Submit::parse(SubmitKind::SubmitMulti, 2, &multi).unwrap());
    assert!(session.poll_flush(cx).is_ready());

    let data = Answer { sequence: 1, reply: Reply::DataAccepted { message_id: 1000, tlvs: None } };
    let multi = Reply::MultiSubmitted { message_id: 1001, unsuccessful: Vec::new() };
    assert_eq!(answers_now(&mut session), [data, Answer { sequence: 2, reply: multi }]);
    let receipts = deliveries_now(&mut session);
    let named: Vec<_> = receipts
        .iter()
        .map(|receipt| (text(receipt)[..7].to_owned(), String::from_utf8_lossy(&receipt.source.digits)))
        .collect();
    let expected = [("id:1000", "491701"), ("id:1001", "491702"), ("id:1001", "491703")];
    assert_eq!(named, expected.map(|(id, from)| (id.to_owned(), from.into())));
}

#[tokio::test]
async fn only_those_who_are_named_may_bind() {
    let status =
        async |flags: &[&str]| try_bind(&simulator(flags), request(BindMode::Receiver, 0x34)).await.err();
    assert_eq!(status(&[]).await, None);
    assert_eq!(status(&["--system-id=gateway", "--password=secret"]).await, None);
    assert_eq!(status(&["--system-id=other", "--password=secret"]).await, Some(0x0F));
    assert_eq!(status(&["--system-id=gateway", "--password=other"]).await, Some(0x0E));
    assert!(!format!("{:?}", options(&["--password=other"])).contains("other"));
}

#[tokio::test]
async fn a_message_is_on_record_before_it_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("record.csv");
    let record = format!("--record={}", path.display());
    let gate = simulator(&[&record, "--id-format=padded", "--reject-prefix=4917=0x0B"]);
    let mut session = bind(&gate, BindMode::Transmitter).await;
    assert_eq!(submit(&mut session, 1, 0), RequestOutcome::Refused(0x0B));
    let gate = simulator(&[&record, "--id-format=padded"]);
    let mut session = bind(&gate, BindMode::Transmitter).await;
    submit(&mut session, 1, 0);
    let lines = std::fs::read_to_string(&path).unwrap();
    let hash = "8f434346648f6b96";
    let expected = format!("00000000000000001000,Bank,491701234567,,2,0,0,{hash}");
    assert_eq!(lines.lines().skip(1).collect::<Vec<_>>(), [expected]);
    assert_eq!(answers_now(&mut session).len(), 1);
}

#[test]
fn options_that_contradict_one_another_are_refused() {
    assert!(options(&["--id-format=uuid", "--receipt-id-format=hex"]).sim().is_err());
    assert!(options(&["--id-format=uuid"]).sim().is_ok());
    assert!(Cli::try_parse_from(["sim", "--tls-key=key.pem"]).is_err());
}
