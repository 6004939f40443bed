//! A TCP connection that blocks only in [`Connection::wait`], and moves many PDUs with each system call.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tollgate_smpp::frame::Frame;

use super::wire::frames;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Octets that may wait to be written before further messages have to wait.
const OUTGOING_OCTETS_MAX: usize = 64 * 1024;

/// More than the longest PDU that [`frames`] lets through.
const INCOMING_OCTETS: usize = 128 * 1024;

/// A connection to an SMPP server.
pub struct Connection {
    stream: TcpStream,
    outgoing: BytesMut,
    written: usize,
    incoming: Box<[u8]>,
    received: usize,
}

impl Connection {
    /// Connects to the server.
    pub fn open(target: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&target, CONNECT_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let outgoing = BytesMut::with_capacity(2 * OUTGOING_OCTETS_MAX);
        Ok(Self { stream, outgoing, written: 0, incoming: vec![0; INCOMING_OCTETS].into(), received: 0 })
    }

    /// The buffer into which the next PDU is written.
    pub fn outgoing(&mut self) -> &mut BytesMut {
        &mut self.outgoing
    }

    /// True if there is enough in it for one write.
    pub fn is_full(&self) -> bool {
        self.outgoing.len() >= OUTGOING_OCTETS_MAX
    }

    /// Writes as much as the system takes.
    pub fn write(&mut self) -> io::Result<()> {
        while let Some(rest @ [_, ..]) = self.outgoing.get(self.written..) {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outgoing.clear();
        self.written = 0;
        Ok(())
    }

    /// Waits until there is something to read, or room to write what is left, but no longer than `timeout`.
    pub fn wait(&self, timeout: Duration) -> io::Result<()> {
        let events = if self.outgoing.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&self.stream, events)], Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what is there and hands every whole PDU to `take`, which may put PDUs into the outgoing ones.
    pub fn read(&mut self, mut take: impl FnMut(&Frame<'_>, &mut BytesMut)) -> io::Result<()> {
        match self.stream.read(self.incoming.get_mut(self.received..).unwrap_or_default()) {
            Ok(0) => {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
            Ok(count) => self.received += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let mut frames = frames(self.incoming.get(..self.received).unwrap_or_default());
        for frame in &mut frames {
            let frame =
                frame.map_err(|_| io::Error::other("the server sent a PDU of an impossible length"))?;
            take(&frame, &mut self.outgoing);
        }
        let taken = frames.consumed();
        self.incoming.copy_within(taken..self.received, 0);
        self.received -= taken;
        Ok(())
    }
}
