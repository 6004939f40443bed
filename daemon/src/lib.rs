//! The daemon: configuration, provisioning, wiring, hot reload, metrics, drain, and the commands around it.
//!
//! What happens to one submit_sm, in four hops: [`tollgate_smpp::session`] reads it, [`gateway`] hands it to
//! [`tollgate_engine::charging`], and [`tollgate_storage::committer`] makes the charge durable; the answer goes back the
//! same way.

pub mod cdrs;
pub mod cli;
pub mod commands;
pub mod config;
pub mod delivery;
pub mod demo;
mod fnv;
pub mod gateway;
pub mod gauges;
mod hex;
pub mod http;
pub mod live;
pub mod load;
pub mod logging;
pub mod meters;
pub mod office;
pub mod quotes;
pub mod reload;
pub mod run;
pub mod sim;
pub mod tariffs;
