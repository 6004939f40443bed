//! The books on a real RocksDB in directories that go away: what is promised of commits, crashes, faults and
//! proofs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]

mod support;

mod alterations;
mod anchor;
mod audit;
mod cdr;
mod change;
mod clock;
mod committer;
mod delivery;
mod documents;
mod export;
mod faults;
mod hand_over;
mod history;
mod keys;
mod message;
mod message_changes;
mod opening;
mod pockets;
mod reads;
mod reference_ledger;
mod rows;
mod search;
mod series;
mod settlement;
mod upgraded_copy;
mod usage;
mod usage_countries;
mod verify;
