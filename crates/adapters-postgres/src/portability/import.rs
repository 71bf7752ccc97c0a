//! Imports of the rows beside messages, in bulk: one statement a part.

use domain::ids::{ActivityId, NotificationId, ProjectId};
use domain::notifications::{Channels, NotificationKind};
use domain::portability::ports::ImportRepository;
use domain::portability::{Machine, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock};
use domain::projects::{Description, MOST_PROJECTS, Title};

use crate::prelude::*;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl ImportRepository for PgUnitOfWork {
    async fn upsert_machines(&mut self, user: UserId, machines: &[Machine]) -> Result<(), StoreError> {
        of(user, include_str!("upsert_machines.sql"))
            .bind_array::<Text>(machines.iter().map(|machine| machine.id.as_str()))
            .bind_array::<Timestamptz>(machines.iter().map(|machine| machine.last_synced_at))
            .exec(self.connection()?)
            .await
    }

    async fn keep_preferences(
        &mut self,
        user: UserId,
        preferences: &[(NotificationKind, Channels)],
    ) -> Result<(), StoreError> {
        of(user, include_str!("import_preferences.sql"))
            .bind_array::<Text>(preferences.iter().map(|(kind, _)| kind.name()))
            .bind_array::<Bool>(preferences.iter().map(|(_, wanted)| wanted.in_app))
            .bind_array::<Bool>(preferences.iter().map(|(_, wanted)| wanted.email))
            .exec(self.connection()?)
            .await
    }

    async fn keep_projects(&mut self, user: UserId, projects: &[(ProjectId, PastProject)]) -> Result<u64, StoreError> {
        let past = || projects.iter().map(|(_, past)| past);
        let details = || past().map(|past| &past.details);
        let titles = details().map(|details| details.title.as_ref().map(Title::as_str));
        let descriptions = details().map(|details| details.description.as_ref().map(Description::as_str));
        of(user, include_str!("import_projects.sql"))
            .bind_array::<SqlUuid>(projects.iter().map(|(id, _)| id.0))
            .bind_array::<Nullable<Text>>(titles)
            .bind_array::<Nullable<Text>>(descriptions)
            .bind_array::<Text>(details().map(|details| details.url.as_str()))
            .bind_array::<Bool>(details().map(|details| details.is_featured))
            .bind_array::<Timestamptz>(past().map(|past| past.created_at))
            .bind_array::<Timestamptz>(past().map(|past| past.updated_at))
            .bind::<BigInt>(i64::from(MOST_PROJECTS))
            .run(self.connection()?)
            .await
    }

    async fn keep_activities(
        &mut self,
        user: UserId,
        activities: &[(ActivityId, PastActivity)],
    ) -> Result<u64, StoreError> {
        let past = || activities.iter().map(|(_, past)| past);
        let new: i64 = of(user, include_str!("import_activities.sql"))
            .bind_array::<SqlUuid>(activities.iter().map(|(id, _)| id.0))
            .bind_array::<Text>(past().map(|past| past.kind.as_str()))
            .bind_array::<Text>(past().map(|past| past.data.0.as_str()))
            .bind_array::<Timestamptz>(past().map(|past| past.at))
            .value::<BigInt, _>(self.connection()?)
            .await?;
        Ok(new.unsigned_abs())
    }

    async fn keep_notifications(
        &mut self,
        user: UserId,
        notifications: &[(NotificationId, PastNotification)],
    ) -> Result<u64, StoreError> {
        let past = || notifications.iter().map(|(_, past)| past);
        of(user, include_str!("import_notifications.sql"))
            .bind_array::<SqlUuid>(notifications.iter().map(|(id, _)| id.0))
            .bind_array::<Text>(past().map(|past| past.kind.as_str()))
            .bind_array::<Text>(past().map(|past| past.title.as_str()))
            .bind_array::<Text>(past().map(|past| past.message.as_str()))
            .bind_array::<Text>(past().map(|past| past.data.0.as_str()))
            .bind_array::<Text>(past().map(|past| past.dedup_key.as_str()))
            .bind_array::<Timestamptz>(past().map(|past| past.created_at))
            .bind_array::<Nullable<Timestamptz>>(past().map(|past| past.read_at))
            .run(self.connection()?)
            .await
    }

    async fn keep_events(&mut self, user: UserId, events: &[PastEvent]) -> Result<(), StoreError> {
        of(user, include_str!("import_events.sql"))
            .bind_array::<Text>(events.iter().map(|past| past.event.reason.as_str()))
            .bind_array::<BigInt>(events.iter().map(|past| past.event.xp.0))
            .bind_array::<Timestamptz>(events.iter().map(|past| past.at))
            .exec(self.connection()?)
            .await
    }

    async fn keep_unlocks(&mut self, user: UserId, unlocks: &[PastUnlock]) -> Result<(), StoreError> {
        let tiers = unlocks.iter().map(|past| past.tier.map(|tier| i16::from(tier.number())));
        of(user, include_str!("import_unlocks.sql"))
            .bind_array::<SqlUuid>(unlocks.iter().map(|past| past.id.0))
            .bind_array::<Nullable<SmallInt>>(tiers)
            .bind_array::<Timestamptz>(unlocks.iter().map(|past| past.at))
            .bind_array::<Nullable<Timestamptz>>(unlocks.iter().map(|past| past.pinned_at))
            .exec(self.connection()?)
            .await
    }
}

/// The statement `text` about `user`.
fn of<'a>(user: UserId, text: &'static str) -> Statement<'a> {
    statement(text).bind::<SqlUuid>(user.0)
}
