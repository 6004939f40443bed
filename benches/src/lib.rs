//! Measurements of Tollgate, and the fixtures that they share.
//!
//! The Criterion benchmarks beside this time one stage each. The binary `measure` drives the real daemon and
//! the `floor` over real sockets with the same load generator, and writes what it finds into `RESULTS.md`,
//! one section for each kind of measurement. Nothing here is part of the product.

pub mod api_load;
pub mod chains;
pub mod disk;
pub mod fair;
pub mod fixture;
pub mod http;
pub mod machine;
pub mod memory;
pub mod process;
pub mod readers;
pub mod relay;
pub mod restart;
pub mod results;
pub mod stages;
pub mod whole_path;

/// An error that stops a measurement, for people to read.
pub type Failure = Box<dyn std::error::Error>;
