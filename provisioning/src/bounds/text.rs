//! The longest that a text may be, in octets.

/// The name of an account, a plan or an operator.
pub const NAME: usize = 64;

/// The name that people know an operator by.
pub const LABEL: usize = 64;

/// The name of a file.
pub const FILE_NAME: usize = 255;

/// A host name (RFC 1035 §2.3.4).
pub const HOST: usize = 253;

/// `system_id` (SMPP 3.4 §4.1.1).
pub const SYSTEM_ID: usize = 15;

/// `system_type` (SMPP 3.4 §4.1.1).
pub const SYSTEM_TYPE: usize = 12;

/// The password of a bind. The standard has room for 8 octets (SMPP 3.4 §4.1.1), but many operators give out
/// longer ones.
pub const PASSWORD: usize = 64;

/// A source address (SMPP 3.4 §4.4.1).
pub const SENDER: usize = 20;
