//! From octets to a submit, and from an answer to octets.

use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::BytesMut;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup};
use rusmpp::encode::owned::Encode;
use rusmpp::pdus::BindTransceiver;
use rusmpp::{Command, CommandStatus};
use tollgate_smpp::frame::Frames;
use tollgate_smpp::pdu::{Submit, SubmitKind};
use tollgate_smpp::session::{ServerSession, SessionConfig, work_through};
use tollgate_smpp::{Answer, MessageRef, Replacement, Reply, RequestOutcome, SessionHandler};

use super::fixture::{BATCH, Fixture, NOW, PDU_OCTETS_MAX};

pub fn decode(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for frame in Frames::new(black_box(&fixture.wire), PDU_OCTETS_MAX) {
                let frame = frame.unwrap();
                black_box(Submit::parse(SubmitKind::SubmitSm, frame.header.sequence, frame.body).unwrap());
            }
        });
    });
}

/// The answers to a batch, written into the session's output.
pub fn encode(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let now = Instant::now();
    let first_id = NOW.0 * 100;
    let answers = || {
        (1..=BATCH).map(|sequence| Answer {
            sequence,
            reply: Reply::Submitted { message_id: first_id + u64::from(sequence), tlvs: None },
        })
    };
    group.bench_function("encode", |bencher| {
        bencher.iter_batched_ref(
            || (session_with_batch(fixture, now), answers().collect::<Vec<_>>()),
            |(session, answers)| {
                session.handle_answers(now, answers);
                black_box(session.output().len())
            },
            BatchSize::LargeInput,
        );
    });
}

/// A bound session that waits for the answers to a whole batch.
fn session_with_batch(fixture: &Fixture, now: Instant) -> ServerSession {
    let mut session = ServerSession::new(Arc::new(SessionConfig::default()), now);
    let mut input = bind();
    work_through::<Undecided>(&mut session, None, &mut input, now, NOW.0).expect("a bind");
    session.handle_bound(now, BATCH + 1, 0);
    let written = session.output().len();
    session.handle_written(now, written);
    work_through(&mut session, Some(&mut Undecided), &mut BytesMut::from(&*fixture.wire), now, NOW.0);
    assert_eq!(session.in_flight(), BATCH);
    session
}

fn bind() -> BytesMut {
    let mut body = BytesMut::new();
    Command::new(CommandStatus::EsmeRok, 1, BindTransceiver::default()).encode(&mut body);
    let length = u32::try_from(size_of::<u32>() + body.len()).unwrap().to_be_bytes();
    BytesMut::from([&length, &*body].concat().as_slice())
}

/// A handler that answers later.
struct Undecided;

impl SessionHandler for Undecided {
    fn submit(&mut self, _: u64, _: &Submit<'_>) -> RequestOutcome {
        RequestOutcome::Pending
    }

    fn query(&mut self, _: u32, _: MessageRef<'_>) -> RequestOutcome {
        RequestOutcome::Pending
    }

    fn cancel(&mut self, _: u64, _: u32, _: MessageRef<'_>) -> RequestOutcome {
        RequestOutcome::Pending
    }

    fn replace(&mut self, _: u64, _: u32, _: MessageRef<'_>, _: Replacement<'_>) -> RequestOutcome {
        RequestOutcome::Pending
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn poll_answers(&mut self, _: &mut Context<'_>, _: &mut Vec<Answer>) -> Poll<()> {
        Poll::Pending
    }
}
