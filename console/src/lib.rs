//! The terminal, as both binaries use it: what a command prints, the passwords that it asks for, and its command line.
//!
//! **Architecture invariant:** nothing that a command prints is lost unnoticed, and a reader that has gone is no failure. Both
//! binaries print through [`output`] alone.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod command_line;
pub mod manual;
pub mod output;
pub mod password;
