//! Makes the filters of messages, with the commits that they tell of.
//!
//! Each chunk of charges knows the values that can be sought of its messages. Those of the commits that became durable are in
//! a filter in memory, and when it is full the writer puts it into its next commit. Nothing depends on filters: a search reads
//! blocks without one as they are, and finds the same. What is in memory when the process ends is made anew from the blocks on
//! disk by the next one.

mod missing;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::message_filter::FilterBuilder;
use crate::store::Store;
use missing::{Made, Missing, WAITING_MAX};

/// The filters of a writer.
pub struct Filtering {
    /// The filter of what became durable last.
    open: Option<FilterBuilder>,
    /// Filters that are in no durable commit.
    waiting: VecDeque<Made>,
    /// Those of them that the commit which is drafted has.
    offered: usize,
    /// The making of those that an earlier run left out.
    missing: Option<Missing>,
}

impl Filtering {
    /// Begins behind the commits on disk, those from `reached` on. What has no filter there gets one after a while.
    pub fn start(store: Arc<Store>, reached: u64) -> Self {
        let missing = Missing::start(store, reached)
            .inspect_err(|error| tracing::warn!(%error, "messages of before are searched without filters"))
            .ok();
        Self { open: None, waiting: VecDeque::new(), offered: 0, missing }
    }

    /// The filters that the next commit is to have.
    pub fn offer(&mut self) -> impl Iterator<Item = &Made> {
        while self.waiting.len() < WAITING_MAX {
            let Some(made) = self.missing.as_ref().and_then(Missing::next) else { break };
            self.waiting.push_back(made);
        }
        self.offered = self.waiting.len();
        self.waiting.iter()
    }

    /// The commit that they were offered for is durable, with these chunks. Its ids go from `first` on.
    pub fn durable<'a>(&mut self, first: u64, chunks: impl Iterator<Item = &'a Chunk> + Clone) {
        self.waiting.drain(..self.offered);
        self.offered = 0;
        let keys = chunks.clone().map(|chunk| chunk.filter_keys.keys().len()).sum();
        let networks = chunks.clone().map(|chunk| chunk.tallies.networks().len()).sum();
        if keys == 0 {
            return;
        }
        if let Some(full) = self.open.take_if(|open| !open.has_room(keys, networks)) {
            self.waiting.push_back(full.finish(first));
        }
        let open = self.open.get_or_insert_with(|| FilterBuilder::new(first, keys, networks));
        chunks.for_each(|chunk| open.add(&chunk.filter_keys, chunk.tallies.networks()));
    }
}
