//! Rating, charging and routing of SMS, and what becomes of their money, as functions of their inputs.
//!
//! **Architecture invariant:** nothing here does I/O. There is no tokio, socket, file, clock, randomness or
//! environment; `now` is an argument, and a test (`tests/purity.rs`) reads the sources and the manifest to
//! keep it so.
//!
//! A message goes through in this order: [`number`] normalises the destination, [`numbering`] finds its
//! [`network`], [`segments`] counts what is charged, [`tariff`] prices a segment, [`routing`] finds an
//! [`operator`], [`wallet`] debits, and [`charging`] puts these together into a charge or a [`refusal`].
//! [`quote`] runs the same code without the debit.
//!
//! Where an [`account`] may only send what was approved, its [`approvals`] say which senders and which
//! [`template`]s.
//!
//! Where accounts buy from one another, [`chain`] charges every level up to the house, by the [`price_list`]s that they give
//! one another. What is beside the money of a wallet is in its [`pockets`]: [`bundle`]s and [`cap`]s, which are about a part
//! of the [`traffic`] and count by the [`calendar`], and commission.
//!
//! Once it is charged, [`pace`] and [`breaker`] say when an operator may have it, [`health`] measures how
//! operators fare, [`exchange`] converts what they ask for, and [`settlement`] says what each event on its
//! way does to its price.
//! [`pumping`] watches what an account sends for traffic that only somebody's share of the price is sent for.
//! [`receipt_id`] has the forms in which receipts write the ids of messages.

pub mod account;
pub mod approvals;
pub mod beside;
pub mod breaker;
pub mod bundle;
pub mod calendar;
pub mod cap;
pub mod chain;
pub mod charging;
pub mod command_status;
pub mod country;
mod delivery_mode;
pub mod digit_trie;
pub mod exchange;
pub mod gsm7;
pub mod health;
pub mod money;
pub mod network;
pub mod number;
pub mod number_lengths;
pub mod numbering;
pub mod operator;
pub mod pace;
pub mod pockets;
pub mod posting;
pub mod price_list;
pub mod prices;
pub mod pumping;
pub mod quote;
pub mod receipt_id;
pub mod refusal;
mod remedy;
pub mod reselling;
pub mod routing;
pub mod segments;
pub mod settlement;
pub mod tables;
pub mod tariff;
pub mod template;
pub mod throttle;
pub mod time;
pub mod traffic;
pub mod wallet;
