//! Those who have passwords checked or hashed.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_smpp::places::network;

/// One who asks about somebody. Askers take turns. An address of version 6 stands for its whole network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A bind of an account.
    Bind(IpAddr, Arc<str>),
    /// Binds from an address that are wrong whatever the password is. They cost what others cost, so that the time of
    /// an answer does not tell which accounts there are.
    Stranger(IpAddr),
    /// A user who logs in over the API with this e-mail address, from an address where that is known.
    Login(Option<IpAddr>, Arc<str>),
    /// The same from a network that the user was in from lately.
    KnownLogin(Option<IpAddr>, Arc<str>),
    /// A caller of the API, by its id, who has proven who it is.
    Proven(Arc<str>),
}

impl Asker {
    /// A login with an e-mail address, from a network that the user was in from lately or from another.
    pub fn login(peer: Option<IpAddr>, email: &str, is_known: bool) -> Self {
        let (address, email) = (peer.map(network), Arc::from(email));
        if is_known { Self::KnownLogin(address, email) } else { Self::Login(address, email) }
    }

    /// True for those who do not wait behind strangers.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::KnownLogin(..) | Self::Proven(_))
    }
}
