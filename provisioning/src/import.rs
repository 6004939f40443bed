//! Price lists of suppliers and customers, in whatever form they come: what their columns mean, and the rates that they come to.
//!
//! Everything here is a pure function of the octets of a file, a profile and the networks in force. What can be read in two ways
//! is refused by line, and so is what cannot be read at all; nothing is rounded, and no list is taken in part.

mod bounds;
mod codes;
mod contradictions;
mod countries;
mod country_words;
mod csv_rows;
mod days;
mod delimited;
mod directory;
mod field;
mod figures;
mod file;
mod grid;
mod header;
mod header_words;
mod list;
mod listed;
mod mapping;
mod money_words;
mod numbering;
mod place_reader;
mod places;
mod prefixes;
mod profile;
mod profile_file;
mod reading;
mod remarks;
mod row;
mod row_place;
mod settle;
mod status;
mod text;
mod wording;
mod workbook;

pub use bounds::OCTETS_MAX;
pub use directory::{NetworkDirectory, network_label};
pub use field::Field;
pub use list::read_price_list;
pub use listed::{ClosedNetwork, ListWarning, ListedRate, PriceList, ReadOptions, RefusedList};
pub use mapping::{MappedColumn, Mapping};
pub use profile::{ImportProfile, ListContent};
pub use profile_file::{profile_text, read_profile};
pub use status::RowStatus;
pub use wording::Wording;
