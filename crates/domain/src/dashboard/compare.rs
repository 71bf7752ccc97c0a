//! Compares two users.

use super::favourites::Favourites;
use super::service::{Dashboard, overview};
use super::views::Overview;
use crate::days::Window;
use crate::ids::UserId;
use crate::users::{User, UserError, Username};

/// The models and tools that are listed.
const FAVOURITES: u32 = 3;

/// One of two compared users.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedUser {
    pub user: User,
    pub overview: Overview,
    pub favourites: Favourites,
}

impl Dashboard {
    /// Compares the users `a` and `b`. A user that `viewer` may not see is unknown, so the result reveals nothing about either.
    pub async fn compare(
        &self,
        a: &Username,
        b: &Username,
        viewer: Option<UserId>,
    ) -> Result<[ComparedUser; 2], UserError> {
        let people = self.profiles.visible_among(&[a.clone(), b.clone()], viewer).await?;
        let find = |name: &Username| people.iter().find(|user| user.username == *name).ok_or_else(|| unknown(name));
        let pair = [find(a)?, find(b)?];

        let windows: Vec<Window> = people.iter().map(|user| self.month(user)).collect();
        let figures = self.deps.reads().dashboard().figures(&windows, viewer).await?;
        let ids: Vec<UserId> = people.iter().map(|user| user.id).collect();
        let favourites = self.deps.reads().dashboard().favourites(&ids, viewer, FAVOURITES).await?;
        let compared = |user: &User| -> Result<ComparedUser, UserError> {
            let (_, figures) = figures.iter().find(|(id, _)| *id == user.id).ok_or_else(|| unknown(&user.username))?;
            let favourites = favourites.iter().find(|(id, _)| *id == user.id);
            Ok(ComparedUser {
                user: user.clone(),
                overview: overview(figures, self.local_time(user)),
                favourites: favourites.map(|(_, favourites)| favourites.clone()).unwrap_or_default(),
            })
        };
        Ok([compared(pair[0])?, compared(pair[1])?])
    }
}

fn unknown(name: &Username) -> UserError {
    UserError::unknown(name.as_str())
}
