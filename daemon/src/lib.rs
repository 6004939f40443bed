//! The binary `tollgate`: command line, configuration, wiring, reload, drain.
//!
//! One submit_sm takes four hops: [`tollgate_smpp::session`] reads it, [`tollgate_relay::clients`] hands it to
//! [`tollgate_engine::charging`], and [`tollgate_storage::committer`] makes the charge durable; the answer goes back the
//! same way.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod api_call;
mod arguments;
pub mod cli;
pub mod commands;
mod control;
mod data_dir;
mod descriptors;
mod exposition;
pub mod failure;
mod file_watch;

pub mod http;
mod http_server;
mod listener_limits;
mod listeners;
pub mod logging;
pub mod metrics;
mod owner;
pub mod panics;
mod refused_connections;
pub mod reload;
mod remote;
pub mod run;
mod running;
mod screens;
mod stop_limit;
mod table;
mod target;
