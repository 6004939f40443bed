//! The books on disk: the committer in front of RocksDB, and everything that reads them.
//!
//! There is one writer, the [`committer`]. It folds what is waiting in its queue into one batch, writes it with one
//! sync, and only then completes the messages in it. **Durable state is the fold of durable events:** a wallet row is
//! written in the same batch as the CDRs, refunds and top-ups that it includes, and in no other.
//!
//! **Architecture invariant:** nothing here knows SMPP. A session gives the committer a [`chunk`] of charges and gets
//! it back with message ids, or with the word that it is not durable.

pub mod batch;
pub mod cdr;
pub mod change;
pub mod chunk;
pub mod clock;
mod codec;
mod command;
pub mod committer;
mod completion;
mod counting;
pub mod delivery;
pub mod export;
mod fold;
pub mod journal;
pub mod keys;
pub mod message;
pub mod message_change;
mod options;
pub mod rows;
pub mod schema;
mod states;
pub mod store;
pub mod usage;
pub mod verify;
mod writer;
