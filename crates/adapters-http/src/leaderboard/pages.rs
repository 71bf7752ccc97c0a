//! Pages of boards that were written before, for callers without a token: they all see the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::leaderboard::{BoardQuery, BoardSlice, BoardVersion};

use crate::answer::Written;

/// The bytes of all kept pages, about 250 pages of a hundred entries. When they are exceeded, all are dropped: what is asked for often
/// comes back soon.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What a page takes besides its body.
const OVERHEAD: usize = 512;

/// The pages of the latest version of the boards, shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct BoardPages(Arc<Mutex<KeptPages>>);

#[derive(Debug, Default)]
struct KeptPages {
    version: BoardVersion,
    bytes: usize,
    pages: HashMap<(BoardQuery, BoardSlice), Written>,
}

impl BoardPages {
    /// A kept page, and the version of which it is. It must not be sent unless that is still the version.
    pub(super) fn find(&self, query: &BoardQuery, part: BoardSlice) -> Option<(BoardVersion, Written)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The key is cloned because a borrowed pair is no key.
        let page = kept.pages.get(&(query.clone(), part))?;
        Some((kept.version, page.clone()))
    }

    /// Keeps `page` of `version`. A newer version replaces all pages; a page of an older one is of no use.
    pub(super) fn keep(&self, version: BoardVersion, query: BoardQuery, part: BoardSlice, page: Written) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if version < kept.version {
            return;
        }
        let size = page.size() + OVERHEAD;
        if version > kept.version || kept.bytes + size > MAX_BYTES {
            *kept = KeptPages { version, ..KeptPages::default() };
        }
        if kept.pages.insert((query, part), page).is_none() {
            kept.bytes += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::days::Period;
    use domain::leaderboard::SortBy;

    use super::*;

    fn version(snapshot: i64, changes: i64) -> BoardVersion {
        BoardVersion { snapshot, changes, expired_flags: 0 }
    }

    fn part(offset: u64) -> BoardSlice {
        BoardSlice { limit: 100, offset }
    }

    fn page(length: usize) -> Written {
        Written::of(&"x".repeat(length)).expect("written")
    }

    #[test]
    fn pages_are_those_of_the_latest_version() {
        let pages = BoardPages::default();
        let query = BoardQuery::global(SortBy::Tokens, Period::All);
        assert!(pages.find(&query, part(0)).is_none());
        pages.keep(version(2, 1), query.clone(), part(0), page(1));
        pages.keep(version(2, 1), query.clone(), part(100), page(2));
        let found = |offset| pages.find(&query, part(offset)).map(|(version, page)| (version, page.size()));
        assert_eq!((found(0), found(100)), (Some((version(2, 1), 3)), Some((version(2, 1), 4))));
        pages.keep(version(1, 9), query.clone(), part(200), page(3));
        assert_eq!(found(200), None, "of an older version");
        pages.keep(version(2, 2), query.clone(), part(200), page(3));
        assert_eq!((found(0), found(200)), (None, Some((version(2, 2), 5))), "a newer version replaces all");
    }

    #[test]
    fn pages_take_bounded_memory() {
        let pages = BoardPages::default();
        let query = BoardQuery::global(SortBy::Tokens, Period::All);
        for offset in 0..1_000 {
            pages.keep(version(1, 0), query.clone(), part(offset), page(100_000));
            pages.keep(version(1, 0), query.clone(), part(offset), page(100_000));
            let kept = pages.0.lock().expect("pages");
            let bytes: usize = kept.pages.values().map(|page| page.size() + OVERHEAD).sum();
            assert!(kept.bytes == bytes && bytes <= MAX_BYTES, "{bytes} of {}", kept.bytes);
        }
        assert!(pages.find(&query, part(999)).is_some());
    }
}
