//! The directories that a file depends on: its own, and those of every link on the way to it.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// Links that are followed; as many as Linux follows.
const LINKS_MAX: usize = 40;

/// The real directories in which a link on the way to `file`, or the file itself, could be replaced. Where a part of the
/// way is missing, the last directory that is there.
pub fn directories_of(file: &Path) -> BTreeSet<PathBuf> {
    let mut directories = BTreeSet::new();
    let Ok(file) = std::path::absolute(file) else { return directories };
    let mut rest = parts(&file);
    let (mut at, mut links) = (PathBuf::from("/"), 0);
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        let Ok(found) = next.symlink_metadata() else {
            directories.insert(at);
            return directories;
        };
        if !found.is_symlink() {
            if rest.is_empty() {
                directories.insert(at);
                return directories;
            }
            at = next;
            continue;
        }
        directories.insert(at.clone());
        links += 1;
        let Ok(target) = next.read_link() else { return directories };
        if links > LINKS_MAX {
            return directories;
        }
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        for part in parts(&target).into_iter().rev() {
            rest.push_front(part);
        }
    }
    directories
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn set<const N: usize>(paths: [PathBuf; N]) -> BTreeSet<PathBuf> {
        paths.into()
    }

    #[test]
    fn every_link_on_the_way_has_its_directory() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let dir = |name: &str| root.join(name);
        for name in ["config", "volume", "volume/v1", "elsewhere"] {
            fs::create_dir(dir(name)).unwrap();
        }
        fs::write(dir("volume/v1/plans.toml"), "").unwrap();
        fs::write(dir("elsewhere/rates.csv"), "").unwrap();
        // As Kubernetes mounts: the file → ..data/file, ..data → a directory of one version.
        symlink("v1", dir("volume/..data")).unwrap();
        symlink("..data/plans.toml", dir("volume/plans.toml")).unwrap();
        symlink("../volume/plans.toml", dir("config/plans.toml")).unwrap();
        symlink(dir("elsewhere"), dir("config/rates")).unwrap();

        assert_eq!(directories_of(&dir("elsewhere/rates.csv")), set([dir("elsewhere")]));
        let plans = directories_of(&dir("config/plans.toml"));
        assert_eq!(plans, set([dir("config"), dir("volume"), dir("volume/v1")]));
        let rates = directories_of(&dir("config/rates/rates.csv"));
        assert_eq!(rates, set([dir("config"), dir("elsewhere")]));
        assert_eq!(directories_of(&dir("config/rates/none.csv")), rates, "a file may come yet");
        assert_eq!(directories_of(&dir("config/none/none.csv")), set([dir("config")]));
    }

    #[test]
    fn a_circle_of_links_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        symlink("two", root.join("one")).unwrap();
        symlink("one", root.join("two")).unwrap();
        assert_eq!(directories_of(&root.join("one")), set([root]));
    }
}
