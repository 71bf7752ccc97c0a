//! The use cases of following.

use super::error::SocialError;
use super::follow::{Contact, Follow, FollowOutcome, FollowStats};
use crate::accounts::Account;
use crate::accounts::lock_together;
use crate::deps::Deps;
use crate::ids::UserId;
use crate::notifications::NotificationContent;
use crate::page::{Page, PageRequest};
use crate::progression::{AccountChange, settle};
use crate::store::UnitOfWork;
use crate::users::{User, Username};

/// The use cases of following.
#[derive(Clone)]
pub struct Social {
    deps: Deps,
}

impl Social {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Lets `follower` follow the user `name`, or request it. Settles both accounts.
    pub async fn follow(&self, follower: UserId, name: &Username) -> Result<FollowOutcome, SocialError> {
        self.deps.retried(|| self.follow_once(follower, name)).await
    }

    async fn follow_once(&self, follower: UserId, name: &Username) -> Result<FollowOutcome, SocialError> {
        let mut tx = self.deps.begin().await?;
        let found = find(&mut *tx, name).await?;
        let follow = Follow::new(follower, found.id, self.deps.now())?;
        if tx.follows().exists(follower, follow.following).await? {
            return Err(SocialError::AlreadyFollowing(found.username));
        }
        let Locked { mut tx, follower: mine, followed: theirs } = self.lock_both(tx, &follow, name).await?;
        // Read under the lock: a profile that turns private at this moment needs a request.
        let user = find_by_id(&mut *tx, follow.following, name).await?;
        let me = find_by_id(&mut *tx, follower, name).await?;
        if !user.is_public {
            if tx.follows().exists(follower, user.id).await? {
                return Err(SocialError::AlreadyFollowing(user.username));
            }
            if !tx.follows().insert_request(&follow).await? {
                return Err(SocialError::AlreadyRequested(user.username));
            }
            self.settle(&mut *tx, user.id, theirs, vec![NotificationContent::follow_request(&me)]).await?;
            tx.commit().await?;
            return Ok(FollowOutcome::Requested);
        }
        // A request made just before the profile turned public.
        tx.follows().remove_request(follower, user.id).await?;
        if !tx.follows().insert(&follow).await? {
            return Err(SocialError::AlreadyFollowing(user.username));
        }
        self.settle(&mut *tx, follower, mine, Vec::new()).await?;
        self.settle(&mut *tx, user.id, theirs, vec![NotificationContent::new_follower(&me)]).await?;
        tx.commit().await?;
        Ok(FollowOutcome::Now(follow))
    }

    /// Ends the follow of the user `name`, or withdraws the request. Without a follow, no account is locked.
    pub async fn unfollow(&self, follower: UserId, name: &Username) -> Result<(), SocialError> {
        self.deps.retried(|| self.unfollow_once(follower, name)).await
    }

    async fn unfollow_once(&self, follower: UserId, name: &Username) -> Result<(), SocialError> {
        let mut tx = self.deps.begin().await?;
        let follow = Follow::new(follower, find(&mut *tx, name).await?.id, self.deps.now())?;
        let whom = follow.following;
        // A request that is gone may have been accepted meanwhile; then there is a follow.
        if !tx.follows().exists(follower, whom).await?
            && (tx.follows().remove_request(follower, whom).await? || !tx.follows().exists(follower, whom).await?)
        {
            return Ok(tx.commit().await?);
        }
        let Locked { mut tx, .. } = self.lock_both(tx, &follow, name).await?;
        tx.follows().remove_request(follower, whom).await?;
        tx.follows().remove(follower, whom).await?;
        Ok(tx.commit().await?)
    }

    /// Accepts the request of the user `name` to follow `owner`. Without a request, no account is locked.
    pub async fn accept(&self, owner: UserId, name: &Username) -> Result<(), SocialError> {
        self.deps.retried(|| self.accept_once(owner, name)).await
    }

    async fn accept_once(&self, owner: UserId, name: &Username) -> Result<(), SocialError> {
        let mut tx = self.deps.begin().await?;
        let user = find_other(&mut *tx, owner, name).await?;
        if !tx.follows().has_requested(user.id, owner).await? {
            return Err(SocialError::NoRequest(user.username));
        }
        let follow = Follow::new(user.id, owner, self.deps.now())?;
        let Locked { mut tx, follower: theirs, followed: mine } = self.lock_both(tx, &follow, name).await?;
        if !tx.follows().remove_request(user.id, owner).await? {
            return Err(SocialError::NoRequest(user.username));
        }
        tx.follows().insert(&follow).await?;
        self.settle(&mut *tx, user.id, theirs, Vec::new()).await?;
        self.settle(&mut *tx, owner, mine, Vec::new()).await?;
        Ok(tx.commit().await?)
    }

    /// Removes the request of the user `name` to follow `owner`, if there is one.
    pub async fn decline(&self, owner: UserId, name: &Username) -> Result<(), SocialError> {
        self.deps.retried(|| self.decline_once(owner, name)).await
    }

    async fn decline_once(&self, owner: UserId, name: &Username) -> Result<(), SocialError> {
        let mut tx = self.deps.begin().await?;
        let user = find_other(&mut *tx, owner, name).await?;
        tx.follows().remove_request(user.id, owner).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the follow of `owner` by the user `name`, if there is one. Without a follow, no account is locked.
    pub async fn remove_follower(&self, owner: UserId, name: &Username) -> Result<(), SocialError> {
        self.deps.retried(|| self.remove_follower_once(owner, name)).await
    }

    async fn remove_follower_once(&self, owner: UserId, name: &Username) -> Result<(), SocialError> {
        let mut tx = self.deps.begin().await?;
        let follow = Follow::new(find(&mut *tx, name).await?.id, owner, self.deps.now())?;
        if !tx.follows().exists(follow.follower, owner).await? {
            return Ok(());
        }
        let Locked { mut tx, .. } = self.lock_both(tx, &follow, name).await?;
        tx.follows().remove(follow.follower, owner).await?;
        Ok(tx.commit().await?)
    }

    /// The followers of `user` that `viewer` may see.
    pub async fn followers(
        &self,
        user: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, SocialError> {
        Ok(self.deps.reads().follows().followers(user, viewer, page).await?)
    }

    /// The accounts that `user` follows and `viewer` may see.
    pub async fn following(
        &self,
        user: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, SocialError> {
        Ok(self.deps.reads().follows().following(user, viewer, page).await?)
    }

    /// Accounts that request to follow `owner`.
    pub async fn requests(&self, owner: UserId, page: PageRequest) -> Result<Page<Contact>, SocialError> {
        Ok(self.deps.reads().follows().requests(owner, page).await?)
    }

    /// The counts of `user`, if `viewer` may see them.
    pub async fn stats(&self, user: UserId, viewer: Option<UserId>) -> Result<FollowStats, SocialError> {
        self.deps.reads().follows().stats(user, viewer).await?.ok_or(SocialError::Private)
    }

    /// Locks both accounts of `follow` (I2), in `tx` or in a transaction begun instead: both count it, and neither is deleted
    /// meanwhile.
    async fn lock_both(
        &self,
        tx: Box<dyn UnitOfWork>,
        follow: &Follow,
        name: &Username,
    ) -> Result<Locked, SocialError> {
        let (tx, mut accounts) = lock_together(&*self.deps.store, tx, &[follow.follower, follow.following]).await?;
        let mut account = |user| accounts.remove(&user).ok_or_else(|| SocialError::UnknownUser(name.clone()));
        Ok(Locked { follower: account(follow.follower)?, followed: account(follow.following)?, tx })
    }

    async fn settle(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        account: Account,
        content: Vec<NotificationContent>,
    ) -> Result<(), SocialError> {
        settle(tx, &*self.deps.ids, self.deps.now(), user, AccountChange { content, ..AccountChange::of(account) })
            .await?;
        Ok(())
    }
}

/// A transaction that holds the locks of both accounts of a follow.
struct Locked {
    tx: Box<dyn UnitOfWork>,
    follower: Account,
    followed: Account,
}

async fn find(tx: &mut dyn UnitOfWork, name: &Username) -> Result<User, SocialError> {
    let found = tx.users().find_by_username(name).await?;
    found.map(|(user, _)| user).ok_or_else(|| SocialError::UnknownUser(name.clone()))
}

async fn find_by_id(tx: &mut dyn UnitOfWork, id: UserId, name: &Username) -> Result<User, SocialError> {
    tx.users().find(id).await?.ok_or_else(|| SocialError::UnknownUser(name.clone()))
}

/// The user `name`, who is not `me`.
async fn find_other(tx: &mut dyn UnitOfWork, me: UserId, name: &Username) -> Result<User, SocialError> {
    let user = find(tx, name).await?;
    if user.id == me { Err(SocialError::Yourself) } else { Ok(user) }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
