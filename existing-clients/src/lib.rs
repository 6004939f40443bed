//! Clients of services that Tollgate replaces: the answers of the API's services in the words, fields and statuses that these
//! clients know. Nothing is decided or kept here, and nothing is asked but what any other client could ask.

mod saas;
mod token;

pub use saas::SaasClients;
pub use token::TokenClients;
