//! The books that a command works on: those of a daemon that runs on this machine, of one elsewhere, or of one that is stopped.
//! A command asks the same of each of them.

mod ask;
mod stopped;

use std::path::{Path, PathBuf};

use serde_json::Value;

use ask::Answered;
pub use ask::Ask;
use stopped::StoppedBooks;

use crate::api_call::{ApiCall, ApiReply};
use crate::control::Daemon;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::remote::RemoteDaemon;

/// The arguments by which a command finds its books.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TargetArguments {
    /// The data directory, in place of the one configured
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Ask a daemon elsewhere, which `tollgate login` has logged in to last
    #[arg(long, global = true, conflicts_with = "data_dir")]
    pub remote: bool,
    /// Ask the daemon at this address, which `tollgate login` has logged in to
    #[arg(long, global = true, value_name = "URL", conflicts_with = "data_dir")]
    pub url: Option<String>,
    /// Print JSON, one value on a line
    #[arg(long, global = true)]
    pub json: bool,
}

/// The books that are asked.
#[derive(Debug)]
pub enum Target {
    /// Of the daemon that runs on the data directory.
    Running(Daemon),
    /// Of a daemon elsewhere.
    Remote(Box<RemoteDaemon>),
    /// Of a data directory on which no daemon runs.
    Stopped(Box<StoppedBooks>),
}

impl Target {
    /// The books that the arguments mean.
    pub fn find(config: &Path, arguments: &TargetArguments) -> Result<Self, Failure> {
        if arguments.remote || arguments.url.is_some() {
            let remote = RemoteDaemon::logged_in(arguments.url.as_deref())?;
            return Ok(Self::Remote(Box::new(remote)));
        }
        let data_dir = DataDir::find(config, arguments.data_dir.as_ref())?;
        Ok(match data_dir.daemon()? {
            Some(daemon) => Self::Running(daemon),
            None => Self::Stopped(Box::new(StoppedBooks::new(data_dir))),
        })
    }

    /// True if a daemon answers.
    pub fn is_running(&self) -> bool {
        !matches!(self, Self::Stopped(_))
    }

    /// Asks for one thing.
    pub fn ask(&self, ask: &Ask) -> Result<Answered, Failure> {
        if let Self::Stopped(books) = self {
            return books.answer(ask);
        }
        let reply = self.call(ask.call())?;
        let replayed = reply.replayed;
        Ok(Answered { value: reply.value()?, replayed })
    }

    /// Asks for a list, and hands over its items page by page.
    pub fn list(&self, ask: &Ask, mut visit: impl FnMut(Vec<Value>)) -> Result<(), Failure> {
        let mut cursor = None;
        loop {
            let mut page = match self {
                Self::Stopped(books) => books.answer(ask)?.value,
                _ => self.call(ask.page_after(cursor.as_deref()))?.value()?,
            };
            let items = page["items"].take();
            if let Value::Array(items) = items {
                visit(items);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(()),
            }
        }
    }

    fn call(&self, call: ApiCall) -> Result<ApiReply, Failure> {
        match self {
            Self::Running(daemon) => Ok(daemon.call(call)?),
            Self::Remote(remote) => remote.call(&call),
            Self::Stopped(_) => Err("no daemon runs on the data directory".into()),
        }
    }
}
