//! The output of a workbook. After a failure it takes nothing more, and does not say so again: an archive that is dropped tries
//! to end itself.

use std::io::{self, Write};

/// An output until it fails.
#[derive(Debug)]
pub struct Output<W> {
    output: W,
    has_failed: bool,
}

impl<W: Write> Output<W> {
    /// An output that has not failed.
    pub fn new(output: W) -> Self {
        Self { output, has_failed: false }
    }

    /// The output itself.
    pub fn into_inner(self) -> W {
        self.output
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.has_failed {
            return Ok(octets.len());
        }
        self.output.write(octets).inspect_err(|error| {
            self.has_failed = error.kind() != io::ErrorKind::Interrupted;
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.has_failed { Ok(()) } else { self.output.flush() }
    }
}
