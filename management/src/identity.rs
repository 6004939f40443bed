//! Users, how they log in, their API keys, and the accounts that each caller may see.

pub mod api_keys;
pub mod authentication;
pub mod browser_login;
pub mod browser_sessions;
pub mod directory;
pub mod guess_delays;
pub mod hashing;
pub mod input;
pub mod known_networks;
pub mod lockout;
pub mod login;
pub mod mail_limit;
pub mod password_reset;
pub mod passwords;
pub mod published_users;
pub mod random;
pub mod records;
pub mod refresh_token;
pub mod registration;
pub mod sessions;
pub mod tokens;
pub mod user_changes;
pub mod users;
pub mod visibility;
