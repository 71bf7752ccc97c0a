//! The project of a working directory: the name of its git repository.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Finds projects; remembers those it found.
#[derive(Debug, Default)]
pub(crate) struct Projects {
    known: HashMap<String, Option<Arc<str>>>,
}

impl Projects {
    pub(crate) fn name(&mut self, working_directory: &str) -> Option<Arc<str>> {
        if let Some(name) = self.known.get(working_directory) {
            return name.clone();
        }
        let name = repository(Path::new(working_directory))
            .and_then(|root| Some(root.file_name()?.to_str()?.to_owned()))
            .or_else(|| last_component(working_directory))
            .map(Arc::from);
        self.known.insert(working_directory.to_owned(), name.clone());
        name
    }
}

/// The root of the repository around a directory. A work tree belongs to its main repository; a submodule is a repository of its own.
fn repository(directory: &Path) -> Option<PathBuf> {
    if !directory.is_absolute() {
        return None;
    }
    let (root, git) = directory.ancestors().map(|root| (root, root.join(".git"))).find(|(_, git)| git.exists())?;
    let link = fs::read_to_string(&git).unwrap_or_default();
    let main = link
        .strip_prefix("gitdir:")
        .and_then(|path| path.trim().split_once("/.git/worktrees/"))
        .map(|(main, _)| root.join(main));
    Some(main.unwrap_or_else(|| root.to_path_buf()))
}

/// The last part of a path of any system: logs may come from another one.
fn last_component(path: &str) -> Option<String> {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty() && !part.ends_with(':')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Home;

    #[test]
    fn project_is_the_repository_of_the_directory() {
        let home = Home::new();
        home.write("shop/.git/HEAD", "");
        home.write("shop/src/deep/file", "");
        let worktree = format!("gitdir: {}/.git/worktrees/feature\n", home.path("shop").display());
        home.write("feature/.git", worktree);
        home.write("feature/src/file", "");
        home.write("shop/vendor/lib/.git", "gitdir: ../../.git/modules/lib\n");
        let mut projects = Projects::default();
        for (directory, expected) in [
            (home.path("shop/src/deep"), "shop"),
            (home.path("feature/src"), "shop"),
            (home.path("shop/vendor/lib"), "lib"),
            (PathBuf::from("/gone/long/ago"), "ago"),
            (PathBuf::from(r"C:\Users\eve\shop"), "shop"),
        ] {
            let name = projects.name(directory.to_str().unwrap());
            assert_eq!(name.as_deref(), Some(expected), "{}", directory.display());
        }
        assert_eq!(projects.name("/"), None);
    }
}
