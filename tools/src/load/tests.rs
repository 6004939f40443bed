//! The generator against scripted servers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::BytesMut;
use rusmpp::CommandId;

use super::*;
use wire::frames;

const PLAN: &str = "prefix,mcc,mnc\n254722,639,02\n";

/// The PDUs that the server received on one connection, binds apart.
type Received = Vec<(CommandId, u32, Vec<u8>)>;

/// A connection as the server sees it.
struct Peer {
    stream: TcpStream,
    bytes: Vec<u8>,
    received: Received,
}

impl Peer {
    fn accept(listener: &TcpListener) -> Self {
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut peer = Self { stream, bytes: Vec::new(), received: Vec::new() };
        let (command_id, sequence, _) = peer.take();
        assert_eq!(command_id, CommandId::BindTransceiver);
        peer.send(CommandId::BindTransceiverResp, sequence, b"server\0");
        peer
    }

    fn take(&mut self) -> (CommandId, u32, Vec<u8>) {
        loop {
            let mut frames = frames(&self.bytes);
            if let Some(frame) = frames.next() {
                let frame = frame.unwrap();
                let taken = (frame.header.command, frame.header.sequence, frame.body.to_vec());
                self.bytes.drain(..frames.consumed());
                return taken;
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).unwrap();
            assert!(count > 0, "the client closed the connection");
            self.bytes.extend(&chunk[..count]);
        }
    }

    /// Takes this many messages and returns their sequence numbers.
    fn messages(&mut self, count: usize) -> Vec<u32> {
        let taken: Vec<_> = (0..count).map(|_| self.take()).collect();
        assert!(taken.iter().all(|pdu| pdu.0 == CommandId::SubmitSm), "{taken:?}");
        let sequences = taken.iter().map(|pdu| pdu.1).collect();
        self.received.extend(taken);
        sequences
    }

    fn send(&mut self, command_id: CommandId, sequence: u32, body: &[u8]) {
        self.send_status(command_id, 0, sequence, body);
    }

    fn send_status(&mut self, command_id: CommandId, status: u32, sequence: u32, body: &[u8]) {
        let mut pdu = BytesMut::new();
        wire::write(&mut pdu, command_id, sequence, body);
        pdu[8..12].copy_from_slice(&status.to_be_bytes());
        self.stream.write_all(&pdu).unwrap();
    }

    fn acknowledge(&mut self, sequence: u32) {
        self.send(CommandId::SubmitSmResp, sequence, format!("{sequence}\0").as_bytes());
    }

    fn unbind(mut self) -> Received {
        let (command_id, sequence, _) = self.take();
        assert_eq!(command_id, CommandId::Unbind);
        self.send(CommandId::UnbindResp, sequence, b"");
        self.received
    }
}

/// Runs one bind of `messages` against a server that follows `script`.
fn run<T: Send + 'static>(
    limits: impl FnOnce(&mut Limits),
    messages: u64,
    record: Option<&Arc<Record>>,
    script: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (Report, T) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut all = Limits::new(listener.local_addr().unwrap());
    limits(&mut all);
    let server = thread::spawn(move || script(listener));
    let credentials = Credentials { system_id: "gateway".to_owned(), password: "secret".to_owned() };
    let binds = vec![Bind { credentials, mode: Mode::Transceiver, messages: Some(messages) }];
    let options = MessageOptions { key_tag: all.keyed.then_some(0x1450), ..MessageOptions::default() };
    let traffic = Traffic::new(&options, Destinations::read(PLAN.as_bytes()).unwrap()).unwrap();
    let report = start(&all, binds, &Arc::new(traffic), record).unwrap().finish();
    (report, server.join().unwrap())
}

#[test]
fn no_more_than_the_window_is_unanswered_and_answers_may_come_in_any_order() {
    let (report, ()) = run(
        |limits| limits.window = 10,
        100,
        None,
        |listener| {
            let mut peer = Peer::accept(&listener);
            for _ in 0..10 {
                let sequences = peer.messages(10);
                assert!(peer.bytes.is_empty(), "an eleventh message");
                sequences.into_iter().rev().for_each(|sequence| peer.acknowledge(sequence));
            }
            peer.unbind();
        },
    );
    assert_eq!(report.tally.acknowledged, 100);
    assert_eq!(report.answered(), 100);
    assert!(report.is_complete());
}

#[test]
fn refusals_are_counted_by_status() {
    let (report, ()) = run(
        |limits| limits.window = 4,
        4,
        None,
        |listener| {
            let mut peer = Peer::accept(&listener);
            let sequences = peer.messages(4);
            peer.send_status(CommandId::SubmitSmResp, 0x45, sequences[0], b"");
            peer.send_status(CommandId::SubmitSmResp, 0x45, sequences[1], b"\0");
            peer.send_status(CommandId::GenericNack, 0x03, sequences[2], b"");
            peer.acknowledge(sequences[3]);
            peer.unbind();
        },
    );
    assert_eq!(report.tally.refused.into_iter().collect::<Vec<_>>(), [(0x03, 1), (0x45, 2)]);
    assert_eq!(report.tally.acknowledged, 1);
}

#[test]
fn requests_of_the_server_are_answered() {
    run(
        |_| {},
        1,
        None,
        |listener| {
            let mut peer = Peer::accept(&listener);
            let message = peer.messages(1)[0];
            for (request, response) in [
                (CommandId::EnquireLink, CommandId::EnquireLinkResp),
                (CommandId::DeliverSm, CommandId::DeliverSmResp),
            ] {
                peer.send(request, 900, b"");
                let answer = peer.take();
                assert_eq!((answer.0, answer.1), (response, 900));
            }
            peer.acknowledge(message);
            peer.unbind();
        },
    );
}

#[test]
fn with_keys_what_was_not_answered_is_sent_again_under_the_same_key() {
    let limits = |limits: &mut Limits| {
        limits.window = 6;
        limits.keyed = true;
        limits.key_run = 0xABCD;
        limits.reconnect_for = Duration::from_secs(10);
    };
    let (report, (first, second)) = run(limits, 6, None, |listener| {
        let mut peer = Peer::accept(&listener);
        let sequences = peer.messages(6);
        peer.acknowledge(sequences[1]);
        peer.acknowledge(sequences[4]);
        let first = peer.received;
        drop(peer.stream);
        let mut peer = Peer::accept(&listener);
        peer.messages(4).into_iter().for_each(|sequence| peer.acknowledge(sequence));
        (first, peer.unbind())
    });
    let bodies = |received: &Received| received.iter().map(|pdu| pdu.2.clone()).collect::<Vec<_>>();
    let mut unanswered = bodies(&first);
    unanswered.remove(4);
    unanswered.remove(1);
    assert_eq!(bodies(&second), unanswered);
    assert!(first[0].2.ends_with(b"\x14\x50\x00\x180000abcd0000000000000000"));
    assert_eq!((report.tally.acknowledged, report.tally.unknown), (6, 0));
    assert_eq!((report.tally.resent, report.tally.reconnects), (4, 1));
}

#[test]
fn without_keys_what_was_not_answered_is_recorded_as_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("record.csv");
    let record = Arc::new(Record::create(&path).unwrap());
    let limits = |limits: &mut Limits| {
        limits.window = 3;
        limits.reconnect_for = Duration::from_secs(10);
    };
    let (report, ()) = run(limits, 4, Some(&record), |listener| {
        let mut peer = Peer::accept(&listener);
        let sequences = peer.messages(3);
        peer.acknowledge(sequences[0]);
        peer.send_status(CommandId::SubmitSmResp, 0x58, sequences[1], b"");
        peer.messages(1);
        drop(peer);
        Peer::accept(&listener).unbind();
    });
    assert_eq!((report.tally.acknowledged, report.tally.unknown), (1, 2));
    assert!(!report.is_complete());
    let written = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Vec<&str>> = written.lines().map(|line| line.split(',').collect()).collect();
    let outcomes: Vec<&str> = lines.iter().skip(1).map(|fields| fields[0]).collect();
    assert_eq!(outcomes, ["acknowledged", "refused", "unknown", "unknown"]);
    assert_eq!((lines[1][1], lines[1][3], lines[1][7]), ("gateway", "2", "2"));
    assert_eq!(lines[2][6], "88");
    assert!(lines.iter().skip(1).all(|fields| fields[5].starts_with("254722")), "{written}");
}

#[test]
fn a_refused_bind_is_an_error_that_names_the_account() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let limits = Limits::new(listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let mut peer = Peer { stream, bytes: Vec::new(), received: Vec::new() };
        let sequence = peer.take().1;
        peer.send_status(CommandId::BindTransceiverResp, 0x0E, sequence, b"");
    });
    let credentials = Credentials { system_id: "gateway".to_owned(), password: "wrong".to_owned() };
    let binds = vec![Bind { credentials, mode: Mode::Transceiver, messages: None }];
    let destinations = Destinations::read(PLAN.as_bytes()).unwrap();
    let traffic = Arc::new(Traffic::new(&MessageOptions::default(), destinations).unwrap());
    let error = start(&limits, binds, &traffic, None).err().unwrap();
    assert_eq!(error.to_string(), "gateway: the server refused the bind with status 0x0000000E");
    server.join().unwrap();
}

/// The body of a receipt for the message with this id.
fn receipt(id: u32, stat: &str) -> Vec<u8> {
    let text = format!("id:{id} sub:001 dlvrd:001 stat:{stat} err:000 text:");
    let length = [u8::try_from(text.len()).unwrap()];
    [b"\0\x01\x01254722000000\0\x05\0TOLLGATE\0\x04\0\0\0\0\0\0\0\0", &length[..], text.as_bytes()].concat()
}

impl Peer {
    fn send_receipt(&mut self, id: u32, stat: &str) {
        self.send(CommandId::DeliverSm, 500 + id, &receipt(id, stat));
    }

    /// Takes the answers to this many receipts.
    fn take_receipt_answers(&mut self, count: usize) {
        for _ in 0..count {
            assert_eq!(self.take().0, CommandId::DeliverSmResp);
        }
    }
}

fn waiting(limits: &mut Limits) {
    limits.window = 4;
    limits.receipts_wait = Some(Duration::from_secs(10));
}

#[test]
fn receipts_are_answered_counted_and_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("record.csv");
    let record = Arc::new(Record::create(&path).unwrap());
    let (report, ()) = run(waiting, 4, Some(&record), |listener| {
        let mut peer = Peer::accept(&listener);
        let ids = peer.messages(4);
        peer.send_receipt(ids[0], "DELIVRD");
        for id in &ids {
            peer.acknowledge(*id);
        }
        for (id, stat) in [(ids[1], "UNDELIV"), (ids[2], "DELIVRD"), (ids[2], "DELIVRD"), (999, "EXPIRED")] {
            peer.send_receipt(id, stat);
        }
        peer.take_receipt_answers(5);
        assert!(peer.bytes.is_empty(), "one receipt is still to come");
        peer.send_receipt(ids[3], "DELIVRD");
        peer.take_receipt_answers(1);
        peer.unbind();
    });
    assert!(report.is_complete(), "{report}");
    let by_state: Vec<_> = report.tally.receipts.iter().map(|(state, count)| (*state, *count)).collect();
    assert_eq!(by_state, [("DELIVRD", 4), ("EXPIRED", 1), ("UNDELIV", 1)]);
    let json = report.to_json();
    let counted = ["received", "again", "strays", "outstanding"].map(|name| json["receipts"][name].clone());
    assert_eq!(counted, [6, 1, 1, 0]);
    assert!(json["receipts"]["received_per_second"].as_u64().is_some_and(|rate| rate > 0), "{json}");
    assert!(report.to_string().contains("4 DELIVRD, 1 EXPIRED, 1 UNDELIV\n"), "{report}");

    let written = std::fs::read_to_string(&path).unwrap();
    let receipts: Vec<&str> = written.lines().filter(|line| line.starts_with("receipt,")).collect();
    assert_eq!(receipts[1], "receipt,gateway,0,503,,254722000000,UNDELIV,3");
    assert_eq!(receipts.len(), 6);
}

#[test]
fn receipts_that_do_not_come_are_given_up() {
    let limits = |limits: &mut Limits| limits.receipts_wait = Some(Duration::from_millis(200));
    let (report, ()) = run(limits, 1, None, |listener| {
        let mut peer = Peer::accept(&listener);
        let id = peer.messages(1)[0];
        peer.acknowledge(id);
        peer.unbind();
    });
    assert_eq!((report.receipts.unwrap().outstanding, report.is_complete()), (1, false));
    assert!(report.to_string().contains("1 never came"), "{report}");
}

#[test]
fn without_the_wish_receipts_are_answered_and_nothing_else() {
    let (report, received) = run(
        |_| {},
        1,
        None,
        |listener| {
            let mut peer = Peer::accept(&listener);
            let id = peer.messages(1)[0];
            peer.send_receipt(id, "DELIVRD");
            peer.take_receipt_answers(1);
            peer.acknowledge(id);
            peer.unbind()
        },
    );
    assert!(report.receipts.is_none() && report.tally.receipts.is_empty());
    assert!(report.to_json()["receipts"].is_null());
    assert_eq!(registered_delivery(&received[0].2), 0);
}

#[test]
fn messages_ask_for_receipts_where_that_is_wished() {
    let options = MessageOptions { receipts: true, ..MessageOptions::default() };
    let traffic = Arc::new(Traffic::new(&options, Destinations::read(PLAN.as_bytes()).unwrap()).unwrap());
    let stream = traffic.wire(1, 10);
    for frame in frames(&stream) {
        assert_eq!(registered_delivery(frame.unwrap().body), 1);
    }
}

/// The field of a submit_sm without service_type and times.
fn registered_delivery(body: &[u8]) -> u8 {
    let after_c_octets = |octets: &[u8]| octets.iter().position(|octet| *octet == 0).unwrap() + 1;
    let source_at = 3;
    let destination_at = source_at + after_c_octets(&body[source_at..]) + 2;
    let esm_class_at = destination_at + after_c_octets(&body[destination_at..]);
    body[esm_class_at + 5]
}
