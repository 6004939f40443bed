//! A gateway on a real socket. Every wait has a deadline, so that a test fails rather than hangs.

use std::net::SocketAddr;
use std::time::Duration;

use rusmpp::{Command, CommandId};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::peer;

/// Long enough for a busy machine; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(10);

pub struct Client<S> {
    pub stream: S,
    received: Vec<u8>,
    waiting: std::collections::VecDeque<Command>,
}

impl Client<TcpStream> {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::new(within(TcpStream::connect(address)).await.unwrap())
    }

    /// Connected and bound as a transceiver.
    pub async fn bound(address: SocketAddr) -> Self {
        let mut client = Self::connect(address).await;
        client.bind().await;
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, received: Vec::new(), waiting: std::collections::VecDeque::new() }
    }

    pub async fn bind(&mut self) {
        self.send(&peer::bind(1)).await;
        assert_eq!(self.header().await, (CommandId::BindTransceiverResp, 0, 1));
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
        within(self.stream.flush()).await.unwrap();
    }

    /// The next PDU; a closed connection is a failure.
    pub async fn next(&mut self) -> Command {
        loop {
            if let Some(command) = self.waiting.pop_front() {
                return command;
            }
            let count = within(self.stream.read_buf(&mut self.received)).await.unwrap();
            assert_ne!(count, 0, "the server closed the connection");
            self.waiting.extend(peer::cut(&mut self.received));
        }
    }

    pub async fn header(&mut self) -> (CommandId, u32, u32) {
        peer::headers(&[self.next().await])[0]
    }

    /// The sequence numbers of the next `count` PDUs.
    pub async fn sequences(&mut self, count: usize) -> Vec<u32> {
        let mut sequences = Vec::new();
        for _ in 0..count {
            sequences.push(self.next().await.sequence_number());
        }
        sequences
    }

    /// Nothing more comes, and the server closes in an orderly way.
    pub async fn assert_closed(&mut self) {
        let count = within(self.stream.read_buf(&mut self.received)).await.expect("closed, not reset");
        assert_eq!((count, self.waiting.len()), (0, 0));
    }
}

pub async fn within<F: Future>(future: F) -> F::Output {
    timeout(DEADLINE, future).await.expect("in time")
}
