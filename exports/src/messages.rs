//! Messages as a search shows them: the filter of a query, the items of its list, a message's timeline, and counts of what
//! was refused. Who may see what is told to them.

mod filter;
mod refusals;
mod timeline;
mod view;

pub use filter::{Criteria, Filter, search_of};
pub use refusals::{Counting, count_refusals};
pub use timeline::{FollowedMessage, timeline_of_charged, timeline_of_refused};
pub use view::{charged_view, refused_view};
