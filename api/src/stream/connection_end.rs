//! The end of a connection whose peer does not read.

use std::sync::Arc;

use tokio::sync::Notify;

/// Ends the connection of a request, which the server puts into the request's extensions. The body of an answer cannot: where its
/// peer does not read, nobody asks for more of it.
#[derive(Clone, Debug, Default)]
pub struct ConnectionEnd(Arc<Notify>);

impl ConnectionEnd {
    /// Ends the connection as it is.
    pub fn cut(&self) {
        self.0.notify_one();
    }

    /// Waits until it is to end.
    pub async fn is_cut(&self) {
        self.0.notified().await;
    }
}
