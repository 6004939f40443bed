//! The chunks of one session: the one that charges go into, and those that wait for room in the committer's queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::chunk::Chunk;
use tollgate_storage::committer::Committer;

use crate::metrics::Metrics;

/// Emptied chunks that are kept for their memory.
const SPARE_CHUNKS_MAX: usize = 4;

/// The chunks of one session, in order.
#[derive(Debug)]
pub struct Chunks {
    open: Option<Box<Chunk>>,
    /// Chunks that wait for room in the committer's queue, before the open one.
    waiting: VecDeque<Box<Chunk>>,
    #[expect(
        clippy::vec_box,
        reason = "a chunk stays in its box from the session to the committer and back"
    )]
    spare: Vec<Box<Chunk>>,
    /// The number of requests in chunks that are closed and did not come back.
    inflight: u32,
    metrics: Arc<Metrics>,
}

impl Chunks {
    /// The chunks of a session without charges.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { open: None, waiting: VecDeque::new(), spare: Vec::new(), inflight: 0, metrics }
    }

    /// The chunk that a CDR was pushed to just now.
    pub fn open(&mut self) -> &mut Chunk {
        let Some(chunk) = self.open.as_deref_mut() else {
            unreachable!("a CDR was pushed, and no chunk is open")
        };
        chunk
    }

    /// The open chunk if a charge of this time, tariff and month fits into it; otherwise a new one, made of a spare chunk
    /// where there is one.
    pub fn chunk_for(
        &mut self,
        now: UnixMicros,
        tariff: u32,
        month: Month,
        begin: impl FnOnce(Option<Box<Chunk>>) -> Box<Chunk>,
    ) -> &mut Chunk {
        let fits = |chunk: &Chunk| {
            let header = chunk.header();
            header.submitted_at == now && header.tariff == tariff && chunk.takes_month(month)
        };
        if !self.open.as_deref().is_some_and(fits) {
            self.close();
        }
        let spare = &mut self.spare;
        self.open.get_or_insert_with(|| begin(spare.pop()))
    }

    /// Hands every chunk to the committer, as far as there is room.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>, committer: &Committer) -> Poll<()> {
        self.close();
        while let Some(chunk) = self.waiting.pop_front() {
            let mut chunk = Some(chunk);
            let polled = committer.poll_charge(cx, &mut chunk);
            if let Some(back) = chunk {
                self.waiting.push_front(back);
            }
            ready!(polled);
        }
        Poll::Ready(())
    }

    /// Notes that a chunk has come back from the committer.
    pub fn came_back(&mut self, chunk: &Chunk) {
        let requests = requests_in(chunk);
        let Some(inflight) = self.inflight.checked_sub(requests) else {
            unreachable!("{requests} requests came back, and {} were with the committer", self.inflight)
        };
        self.inflight = inflight;
        self.metrics.inflight.decrement(requests);
    }

    /// Keeps an emptied chunk for its memory.
    pub fn keep_for_reuse(&mut self, chunk: Box<Chunk>) {
        if self.spare.len() < SPARE_CHUNKS_MAX {
            self.spare.push(chunk);
        }
    }

    fn close(&mut self) {
        if let Some(chunk) = self.open.take() {
            let requests = requests_in(&chunk);
            self.inflight += requests;
            self.metrics.inflight.increment(requests);
            self.waiting.push_back(chunk);
        }
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        // Chunks that were not handed over give their charges back as they are dropped.
        self.metrics.inflight.decrement(self.inflight);
    }
}

fn requests_in(chunk: &Chunk) -> u32 {
    let Ok(requests) = u32::try_from(chunk.requests().len()) else {
        unreachable!("a chunk has {} requests", chunk.requests().len())
    };
    requests
}
