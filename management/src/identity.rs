//! Users, their sessions and API keys, and what each caller may see.

pub mod api_keys;
pub mod auth;
pub mod authentication;
pub mod random;
pub mod users;
pub mod visibility;
