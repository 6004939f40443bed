//! Watches the files of the configuration for changes, and holds a change back while a file is still being written.
//!
//! Directories are watched, as editors and `git` replace files rather than write into them: those of the files, of the
//! links on the way to them, and of the links' targets. A look at the files themselves from time to time finds what no
//! directory tells, such as a directory that was replaced as a whole, or a file system of another machine.

mod reading;
mod real_path;
mod settling;
mod stamps;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::event::{CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::sync::mpsc;

pub use self::reading::ReadingBegan;
use self::real_path::directories_of;
use self::settling::Settling;
use self::stamps::Stamps;

/// Time without another change after which a change counts; editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// Time between two looks at the files themselves.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Real paths of files that came into their place as a whole, by a rename, and were not written to since.
type Moved = Arc<Mutex<HashSet<PathBuf>>>;

/// Watches files for changes.
pub struct FileWatch {
    watcher: RecommendedWatcher,
    files: Vec<PathBuf>,
    directories: HashSet<PathBuf>,
    events: mpsc::Receiver<()>,
    moved: Moved,
    /// True from a change on until somebody is told of it.
    is_pending: bool,
    /// The files as they were before they were read last.
    read: Stamps,
}

impl FileWatch {
    /// Watches these files. The first change is there at once: what happened before the watch stood.
    pub fn new(files: &[PathBuf]) -> notify::Result<Self> {
        let (sender, events) = mpsc::channel(1);
        let moved = Moved::default();
        let noted = Arc::clone(&moved);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            if !event.kind.is_access() {
                note(&event, &noted);
                // A full channel already says that something has changed.
                let _ = sender.try_send(());
            }
        })?;
        let (directories, read) = (HashSet::new(), Stamps::default());
        let mut watch =
            Self { watcher, files: Vec::new(), directories, events, moved, is_pending: false, read };
        watch.follow(files)?;
        Ok(watch)
    }

    /// Watches these files from now on. Links may have other targets than before.
    pub fn follow(&mut self, files: &[PathBuf]) -> notify::Result<()> {
        files.clone_into(&mut self.files);
        let wanted: HashSet<PathBuf> = files.iter().flat_map(|file| directories_of(file)).collect();
        for gone in self.directories.difference(&wanted) {
            // One that was removed is not watched any more, which is no error here.
            let _ = self.watcher.unwatch(gone);
        }
        self.directories.retain(|directory| wanted.contains(directory));
        for directory in wanted {
            // A directory that was replaced has the same name and is another one, so that each is watched anew.
            self.watcher.watch(&directory, RecursiveMode::NonRecursive)?;
            self.directories.insert(directory);
        }
        Ok(())
    }

    /// Notes how the files are, as they are about to be read.
    pub fn about_to_read(&mut self) {
        self.read = Stamps::of(&self.files);
        self.is_pending = false;
    }

    /// True if it is sure that none of the files has changed since a reading of them began.
    pub fn is_unchanged_since(&self, began: &ReadingBegan) -> bool {
        began.is_before_no_change(self.files.iter().chain(&self.directories).map(PathBuf::as_path))
    }

    /// Waits for a change, and until no file is being written any more. May be given up and asked again.
    pub async fn changed(&mut self) {
        while !self.is_pending {
            let told = tokio::time::timeout(LOOK_EVERY, self.events.recv()).await;
            self.is_pending = match told {
                Ok(Some(())) => true,
                // The watcher is gone, and the looks are left.
                Ok(None) => {
                    tokio::time::sleep(LOOK_EVERY).await;
                    Stamps::of(&self.files) != self.read
                }
                Err(_) => Stamps::of(&self.files) != self.read,
            };
        }
        let mut settling = Settling::new(self.read.clone());
        loop {
            // Other files of a directory may never be quiet.
            let most = Instant::now() + LOOK_EVERY;
            while Instant::now() < most
                && matches!(tokio::time::timeout(QUIET, self.events.recv()).await, Ok(Some(())))
            {}
            let (now, files) = (Stamps::of(&self.files), &self.files);
            let moved = self.moved.lock().clone();
            let Some(file) = settling.unfinished(files, &now, &moved, Instant::now()) else { return };
            if settling.is_news() {
                tracing::info!(file = %file.display(), "a file is still being written; the reload waits until it is done");
            }
        }
    }
}

/// Keeps the account of files that came by a rename.
fn note(event: &Event, moved: &Moved) {
    let mut moved = moved.lock();
    match event.kind {
        EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => {
            moved.extend(event.paths.iter().cloned());
        }
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any)
        | EventKind::Create(CreateKind::File | CreateKind::Any)
        | EventKind::Remove(_) => {
            for path in &event.paths {
                moved.remove(path);
            }
        }
        _ => {}
    }
}
