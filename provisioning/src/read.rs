//! Reading of files that people write: everything that is wrong is collected with its place, and nothing
//! stops at the first error.
//!
//! A reader gives `None`, or a default, for what it cannot read, and leaves a [`Problem`]. Whoever calls goes
//! on with the rest, and looks at [`Problems`] before using anything.

mod credentials;
mod document;
mod problems;
mod sheet;
mod source;
mod suggest;
mod table;
pub mod text_end;
pub mod texts;
pub mod values;

pub use document::Document;
pub use problems::{Problem, Problems};
pub use sheet::{Columns, Row, read_sheet};
pub use source::{Overlay, SourceFile, Sources, is_readable_by_others};
pub use suggest::no_such;
pub use table::TableReader;
