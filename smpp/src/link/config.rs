//! The settings of a link to an operator.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::handler::BindMode;

/// One bind to a message centre. [`Duration::MAX`] switches a timer off.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkConfig {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// `None` for a connection in the clear.
    pub tls: Option<LinkTls>,
    /// Transmitter, receiver or transceiver. A receiver is never asked for messages.
    pub mode: BindMode,
    /// Our system_id at the operator.
    pub system_id: String,
    /// Never shown: `Debug` leaves it out.
    pub password: String,
    /// The system_type, which is mostly empty.
    pub system_type: String,
    /// Such as 0x34. Below 0x34 no optional parameter is sent.
    pub interface_version: u8,
    /// The addresses that a receiver serves, as the operator wants it; mostly empty.
    pub address_range: String,
    /// Messages that may be unanswered at one time: at least 1, at most 65,536.
    pub window: u32,
    /// Silence after which we ask whether the operator is still there.
    pub enquire_link: Duration,
    /// For the answer to anything that we ask: a bind, a message, an enquire_link, an unbind. Also how long a
    /// PDU may take to arrive whole, and the operator to take an octet of what it is sent.
    pub response: Duration,
    /// For the name to be resolved, the connection to be made and TLS to be agreed on.
    pub connect: Duration,
    /// The longest PDU that is taken, in octets.
    pub pdu_length_max: usize,
    /// Before the first try to connect again.
    pub reconnect_min: Duration,
    /// The delay doubles with each failure up to this.
    pub reconnect_max: Duration,
}

/// TLS towards an operator, versions 1.2 and 1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkTls {
    /// PEM with the certificates that the operator's must lead to, or with its own. `None`: those that
    /// the system trusts.
    pub ca_file: Option<PathBuf>,
    /// The name that the certificate must have; `None` for the host.
    pub server_name: Option<String>,
    /// Takes any certificate, so that anyone on the way can read and change everything. For tests, and for
    /// message centres that leave no choice.
    pub insecure: bool,
}

/// A message_payload of 64 KiB and all the other fields.
const PDU_LENGTH_MAX: usize = 70_000;

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 2775,
            tls: None,
            mode: BindMode::Transceiver,
            system_id: String::new(),
            password: String::new(),
            system_type: String::new(),
            interface_version: 0x34,
            address_range: String::new(),
            window: 100,
            enquire_link: Duration::from_secs(30),
            response: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            pdu_length_max: PDU_LENGTH_MAX,
            reconnect_min: Duration::from_millis(500),
            reconnect_max: Duration::from_secs(30),
        }
    }
}

/// Everything but the password.
impl fmt::Debug for LinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("mode", &self.mode)
            .field("system_id", &self.system_id)
            .field("system_type", &self.system_type)
            .field("interface_version", &self.interface_version)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown() {
        let config = LinkConfig { password: "secret".to_owned(), ..LinkConfig::default() };
        assert!(!format!("{config:?}").contains("secret"));
    }
}
