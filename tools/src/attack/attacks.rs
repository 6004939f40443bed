//! The attacks, by name.

use clap::ValueEnum;

/// Something that hostile clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Attack {
    /// Connect and say nothing
    IdleConnections,
    /// Send a bind one octet at a time
    SlowWriters,
    /// Bind with wrong passwords, again and again
    WrongBinds,
    /// Bind with a wrong password and go without waiting for the answer
    Resets,
    /// Bind, send messages and read no answer
    SlowReaders,
    /// Bind and send messages to 255 destinations with long parameters
    OctetBombs,
    /// Connect over HTTP and to the metrics, and ask for nothing
    IdleHttp,
    /// Send the head of an HTTP request one octet at a time
    SlowHeads,
    /// Send the head of an HTTP request, and its body one octet at a time
    SlowBodies,
    /// Log in over the API with wrong passwords, again and again
    WrongLogins,
}

impl Attack {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::IdleConnections,
        Self::SlowWriters,
        Self::WrongBinds,
        Self::Resets,
        Self::SlowReaders,
        Self::OctetBombs,
        Self::IdleHttp,
        Self::SlowHeads,
        Self::SlowBodies,
        Self::WrongLogins,
    ];

    /// The name on the command line and in the report.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Clients that do it at the same time.
    pub fn clients(self) -> usize {
        match self {
            Self::IdleConnections
            | Self::SlowWriters
            | Self::IdleHttp
            | Self::SlowHeads
            | Self::SlowBodies => 2,
            Self::WrongBinds | Self::Resets | Self::WrongLogins => 16,
            Self::SlowReaders | Self::OctetBombs => 4,
        }
    }

    /// True if it needs the address of HTTP.
    pub fn is_over_http(self) -> bool {
        matches!(self, Self::IdleHttp | Self::SlowHeads | Self::SlowBodies | Self::WrongLogins)
    }
}
