//! The books on disk: the committer in front of RocksDB, and everything that reads them.
//!
//! There is one writer, the [`committer`]. It folds what is waiting in its queue into one batch, writes it
//! with one sync, and only then completes the messages in it. **Durable state is the fold of durable
//! events:** a wallet row is written in the same batch as the CDRs, refunds and top-ups that it includes, and
//! in no other.
//!
//! **Architecture invariant:** nothing here knows SMPP. A session gives the committer a [`chunk`] of charges
//! and gets it back with message ids, or marked as not durable.

mod account_currencies;
mod account_plans;
mod anchor;
mod anchor_check;
pub mod batch;
pub mod cdr;
mod chain_tallies;
pub mod change;
mod charge_queue;
pub mod chunk;
pub mod clock;
mod closed;
mod codec;
mod command;
mod commit_queue;
mod commits;
pub mod committer;
mod completion;
mod counting;
pub mod countries;
pub mod data_folder;
mod database;
pub mod delivery;
pub mod export;
mod fair_queue;
mod filtering;
pub mod fnv;
mod fold;
mod gather;
mod id_lag;
pub mod id_times;
pub mod journal;
pub mod keys;
pub mod latencies;
pub mod message;
pub mod message_change;
pub mod message_filter;
mod network_place;
mod number_countries;
mod open;
mod options;
mod outcome;
mod private;
mod recent_load;
pub mod resales;
pub mod rows;
pub mod schema;
pub mod series;
mod series_builder;
mod states;
pub mod store;
mod store_options;
mod sums;
mod tallies;
mod upgrade;
pub mod upgraded_copy;
pub mod usage;
mod usage_builder;
mod usage_check;
pub mod verify;
mod view;
mod wal;
mod writer;
