//! What an account brings along beside its messages, in bulk: one statement a part.

use async_trait::async_trait;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::{ActivityId, NotificationId, ProjectId, UserId};
use domain::notifications::{Channels, NotificationKind};
use domain::portability::ports::ImportRepository;
use domain::portability::{Machine, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock};
use domain::projects::{Description, MOST_PROJECTS, Title};

use crate::error::store_error;
use crate::statement::{Statement, statement};
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl ImportRepository for PgUnitOfWork {
    async fn meet_machines(&mut self, user: UserId, machines: &[Machine]) -> Result<(), StoreError> {
        let names: Vec<&str> = machines.iter().map(|machine| machine.id.as_str()).collect();
        let synced: Vec<_> = machines.iter().map(|machine| machine.last_synced_at).collect();
        let keep = of(user, include_str!("upsert_machines.sql"));
        self.run(keep.bind::<Array<Text>, _>(names).bind::<Array<Timestamptz>, _>(synced)).await?;
        Ok(())
    }

    async fn keep_preferences(
        &mut self,
        user: UserId,
        preferences: &[(NotificationKind, Channels)],
    ) -> Result<(), StoreError> {
        let keep = of(user, include_str!("keep_preferences.sql"))
            .bind::<Array<Text>, _>(preferences.iter().map(|(kind, _)| kind.name()).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(preferences.iter().map(|(_, wanted)| wanted.in_app).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(preferences.iter().map(|(_, wanted)| wanted.email).collect::<Vec<_>>());
        self.run(keep).await?;
        Ok(())
    }

    async fn keep_projects(&mut self, user: UserId, projects: &[(ProjectId, PastProject)]) -> Result<u64, StoreError> {
        let past = || projects.iter().map(|(_, past)| past);
        let details = || past().map(|past| &past.details);
        let titles = details().map(|details| details.title.as_ref().map(Title::as_str));
        let descriptions = details().map(|details| details.description.as_ref().map(Description::as_str));
        let keep = of(user, include_str!("keep_projects.sql"))
            .bind::<Array<Uuid>, _>(projects.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(titles.collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(descriptions.collect::<Vec<_>>())
            .bind::<Array<Text>, _>(details().map(|details| details.url.as_str()).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(details().map(|details| details.is_featured).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(past().map(|past| past.created_at).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(past().map(|past| past.updated_at).collect::<Vec<_>>())
            .bind::<BigInt, _>(i64::from(MOST_PROJECTS));
        self.run(keep).await
    }

    async fn keep_activities(
        &mut self,
        user: UserId,
        activities: &[(ActivityId, PastActivity)],
    ) -> Result<u64, StoreError> {
        let past = || activities.iter().map(|(_, past)| past);
        let new: i64 = statement::<BigInt>(include_str!("keep_activities.sql"))
            .bind::<Uuid, _>(user.0)
            .bind::<Array<Uuid>, _>(activities.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.kind.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.data.0.as_str()).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(past().map(|past| past.at).collect::<Vec<_>>())
            .get_result(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(new.unsigned_abs())
    }

    async fn keep_notifications(
        &mut self,
        user: UserId,
        notifications: &[(NotificationId, PastNotification)],
    ) -> Result<u64, StoreError> {
        let past = || notifications.iter().map(|(_, past)| past);
        let keep = of(user, include_str!("keep_notifications.sql"))
            .bind::<Array<Uuid>, _>(notifications.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.kind.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.title.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.message.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.data.0.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(past().map(|past| past.dedup_key.as_str()).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(past().map(|past| past.created_at).collect::<Vec<_>>())
            .bind::<Array<Nullable<Timestamptz>>, _>(past().map(|past| past.read_at).collect::<Vec<_>>());
        self.run(keep).await
    }

    async fn keep_events(&mut self, user: UserId, events: &[PastEvent]) -> Result<(), StoreError> {
        let keep = of(user, include_str!("keep_events.sql"))
            .bind::<Array<Text>, _>(events.iter().map(|past| past.event.reason.as_str()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(events.iter().map(|past| past.event.xp.0).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(events.iter().map(|past| past.at).collect::<Vec<_>>());
        self.run(keep).await?;
        Ok(())
    }

    async fn keep_unlocks(&mut self, user: UserId, unlocks: &[PastUnlock]) -> Result<(), StoreError> {
        let tiers = unlocks.iter().map(|past| past.tier.map(|tier| i16::from(tier.number())));
        let keep = of(user, include_str!("keep_unlocks.sql"))
            .bind::<Array<Uuid>, _>(unlocks.iter().map(|past| past.id.0).collect::<Vec<_>>())
            .bind::<Array<Nullable<SmallInt>>, _>(tiers.collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(unlocks.iter().map(|past| past.at).collect::<Vec<_>>())
            .bind::<Array<Nullable<Timestamptz>>, _>(unlocks.iter().map(|past| past.pinned_at).collect::<Vec<_>>());
        self.run(keep).await?;
        Ok(())
    }
}

/// The statement `text` about `user`.
fn of<'a>(user: UserId, text: &'static str) -> Statement<'a> {
    statement::<()>(text).bind::<Uuid, _>(user.0)
}
