//! Accounts at providers that are linked to accounts here.

use diesel::dsl::exists;
use domain::identity::ports::ExternalAccountRepository;
use domain::identity::{ExternalAccount, ExternalLink, LinkedAccount, ProviderName};

use crate::prelude::*;
use crate::schema::{external_accounts, users};
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl ExternalAccountRepository for PgUnitOfWork {
    async fn owner(
        &mut self,
        provider: &ProviderName,
        subject: &str,
        left_after: OffsetDateTime,
    ) -> Result<Option<UserId>, StoreError> {
        let owner: Option<Uuid> = external_accounts::table
            .inner_join(users::table.on(users::id.eq(external_accounts::user_id)))
            .filter(external_accounts::provider.eq(provider.as_str()))
            .filter(external_accounts::subject.eq(subject))
            .filter(
                users::deleted_at.is_null().or(users::deleted_at.gt(left_after)).or(users::suspension.is_not_null()),
            )
            .select(external_accounts::user_id)
            .optional(self.connection()?)
            .await?;
        Ok(owner.map(UserId))
    }

    async fn has(&mut self, user: UserId, provider: &ProviderName) -> Result<bool, StoreError> {
        let linked = external_accounts::table
            .filter(external_accounts::user_id.eq(user.0))
            .filter(external_accounts::provider.eq(provider.as_str()));
        diesel::select(exists(linked)).row(self.connection()?).await
    }

    async fn insert(&mut self, link: &ExternalLink) -> Result<bool, StoreError> {
        let row = (
            external_accounts::provider.eq(link.provider.as_str()),
            external_accounts::subject.eq(&link.subject),
            external_accounts::user_id.eq(link.user.0),
            external_accounts::login.eq(&link.login),
            external_accounts::created_at.eq(link.linked_at),
            external_accounts::last_used_at.eq(link.linked_at),
        );
        let query = diesel::insert_into(external_accounts::table).values(row).on_conflict_do_nothing();
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn of(&mut self, user: UserId) -> Result<Vec<LinkedAccount>, StoreError> {
        let rows: Vec<(String, String, OffsetDateTime, OffsetDateTime)> = external_accounts::table
            .filter(external_accounts::user_id.eq(user.0))
            .order(external_accounts::provider)
            .select((
                external_accounts::provider,
                external_accounts::login,
                external_accounts::created_at,
                external_accounts::last_used_at,
            ))
            .rows(self.connection()?)
            .await?;
        let linked = |(provider, login, linked_at, last_used_at): (String, _, _, _)| {
            let provider = ProviderName::trusted(provider);
            LinkedAccount { provider, login, linked_at, last_used_at }
        };
        Ok(rows.into_iter().map(linked).collect())
    }

    async fn delete(&mut self, user: UserId, provider: &ProviderName) -> Result<(), StoreError> {
        let link = external_accounts::table
            .filter(external_accounts::user_id.eq(user.0))
            .filter(external_accounts::provider.eq(provider.as_str()));
        diesel::delete(link).exec(self.connection()?).await
    }

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let links = external_accounts::table.filter(external_accounts::user_id.eq(user.0));
        diesel::delete(links).exec(self.connection()?).await
    }

    async fn touch(&mut self, external: &ExternalAccount, now: OffsetDateTime) -> Result<bool, StoreError> {
        let touched = diesel::update(external_accounts::table.find((external.provider.as_str(), &external.subject)))
            .set((external_accounts::last_used_at.eq(now), external_accounts::login.eq(&external.login)))
            .run(self.connection()?)
            .await?;
        Ok(touched > 0)
    }
}
