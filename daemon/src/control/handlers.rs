//! The daemon's side of each command.

use std::path::PathBuf;
use std::sync::Arc;

use tollgate_storage::store::Store;

use super::command::{ControlAnswer, ControlCommand};

/// Does what is commanded.
#[derive(Debug)]
pub struct ControlHandlers {
    /// The books, to be copied.
    pub store: Arc<Store>,
}

impl ControlHandlers {
    /// Does what a command says, and answers.
    pub async fn obey(&self, command: ControlCommand) -> ControlAnswer {
        match command {
            ControlCommand::Checkpoint { folder } => self.checkpoint(folder).await,
        }
    }

    async fn checkpoint(&self, folder: PathBuf) -> ControlAnswer {
        tracing::info!(folder = %folder.display(), "making a copy of the database");
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.checkpoint(&folder)).await {
            Ok(Ok(())) => ControlAnswer::Done(true),
            Ok(Err(error)) => ControlAnswer::Error(error.to_string()),
            Err(error) => ControlAnswer::Error(error.to_string()),
        }
    }
}
