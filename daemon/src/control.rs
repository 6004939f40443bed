//! The control socket: commands for the daemon that is running, from whoever may write to its data directory.
//!
//! It is a Unix socket in the data directory, for its owner alone. A client writes one line of JSON and gets one back:
//! `{"command": "checkpoint", "folder": "/srv/backup/data"}` and `{"done": true}`, or `{"error": "why not"}`. Most commands are
//! requests of the management API, which are answered as those of an admin: the permissions of the socket are the key.

mod client;
mod command;
mod framing;
mod handlers;
mod server;

pub use client::Daemon;
pub use handlers::ControlHandlers;
pub use server::{ControlSocket, listen};

/// Name of the socket in the data directory.
const SOCKET: &str = "control.sock";
