//! Invitations.

use diesel::dsl::exists;
use domain::identity::ports::InvitationRepository;
use domain::identity::{Email, Invitation, TokenHash};
use domain::ids::InvitationId;

use super::principals::token_hash;
use crate::prelude::*;
use crate::schema::{invitations, users};
use crate::unit_of_work::PgUnitOfWork;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
struct InvitationRow {
    id: Uuid,
    token_hash: Vec<u8>,
    email: Option<String>,
    is_for_administrator: bool,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl From<&Invitation> for InvitationRow {
    fn from(invitation: &Invitation) -> Self {
        let Invitation { id, hash, email, is_for_administrator, created_by, created_at, expires_at } = invitation;
        Self {
            id: id.0,
            token_hash: hash.0.to_vec(),
            email: email.as_ref().map(|email| email.as_str().to_owned()),
            is_for_administrator: *is_for_administrator,
            created_by: created_by.map(|user| user.0),
            created_at: *created_at,
            expires_at: *expires_at,
        }
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: InvitationId(row.id),
            hash: token_hash(&row.token_hash)?,
            email: row.email.map(Email::trusted),
            is_for_administrator: row.is_for_administrator,
            created_by: row.created_by.map(UserId),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

#[async_trait]
impl InvitationRepository for PgUnitOfWork {
    async fn insert(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        diesel::insert_into(invitations::table).values(InvitationRow::from(invitation)).exec(self.connection()?).await
    }

    async fn replace_setup(&mut self, invitation: &Invitation) -> Result<bool, StoreError> {
        if diesel::select(exists(users::table.select(users::id))).row(self.connection()?).await? {
            return Ok(false);
        }
        let unused =
            invitations::table.filter(invitations::is_for_administrator).filter(invitations::used_at.is_null());
        diesel::delete(unused).exec(self.connection()?).await?;
        InvitationRepository::insert(self, invitation).await?;
        Ok(true)
    }

    async fn lock(&mut self, token: TokenHash, now: OffsetDateTime) -> Result<Option<Invitation>, StoreError> {
        let row: Option<InvitationRow> = invitations::table
            .filter(invitations::token_hash.eq(token.0.to_vec()))
            .filter(invitations::used_at.is_null())
            .filter(invitations::expires_at.gt(now))
            .select(InvitationRow::as_select())
            .for_update()
            .optional(self.connection()?)
            .await?;
        row.map(Invitation::try_from).transpose()
    }

    async fn mark_used(&mut self, id: InvitationId, by: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let used = (invitations::used_at.eq(now), invitations::used_by.eq(by.0));
        diesel::update(invitations::table.find(id.0)).set(used).exec(self.connection()?).await
    }

    async fn delete_unused_of(&mut self, user: UserId) -> Result<(), StoreError> {
        let unused =
            invitations::table.filter(invitations::created_by.eq(user.0)).filter(invitations::used_at.is_null());
        diesel::delete(unused).exec(self.connection()?).await
    }

    async fn forget_expired(&mut self, now: OffsetDateTime) -> Result<(), StoreError> {
        let expired = invitations::table.filter(invitations::expires_at.le(now)).filter(invitations::used_at.is_null());
        diesel::delete(expired).exec(self.connection()?).await
    }

    async fn delete_unused(&mut self, id: InvitationId) -> Result<bool, StoreError> {
        let unused = invitations::table.find(id.0).filter(invitations::used_at.is_null());
        Ok(diesel::delete(unused).run(self.connection()?).await? > 0)
    }
}
