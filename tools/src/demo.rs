//! `tollgate-tools demo`: the main job, end to end, on the shipped configuration and a temporary data
//! directory.
//!
//! The daemon and two simulated operators run as processes of their own. Gateways bind over TCP and submit,
//! and are refused where they should be. Midway the preferred operator is killed, and later it comes back.
//! Then the daemon is stopped, and its books are read by the commands that an operator would use. Neither
//! process nor directory is left behind, however the demo ends.

mod books;
mod command;
mod evidence;
mod gateways;
mod operators;
mod program;
mod progress;
mod run;
pub mod scrape;
pub mod server;
mod summary;
mod table;

pub use command::DemoCommand;
