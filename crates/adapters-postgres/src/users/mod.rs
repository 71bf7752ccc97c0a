//! Accounts.
#![expect(clippy::ref_option_ref, reason = "what the derives write")]

mod purge;

use diesel::dsl::exists;
use domain::days::Zone;
use domain::identity::{Email, PasswordHash, SignInName};
use domain::social::Author;
use domain::users::ports::{ProfileReader, UserRepository};
use domain::users::{FoundProfile, Presence, Profile, Region, Suspension, User, Username, WebUrl};

use crate::database::Database;
use crate::prelude::*;
use crate::schema::users;
use crate::unit_of_work::PgUnitOfWork;

diesel::define_sql_function! {
    /// Folds ASCII letters.
    fn lower(text: Text) -> Text;
}

diesel::define_sql_function! {
    /// Whether `viewer` may see the data of `person` (I7).
    fn can_see(viewer: Nullable<SqlUuid>, person: SqlUuid) -> Bool;
}

/// The columns of an account that a list or an entry shows.
#[derive(QueryableByName)]
#[diesel(table_name = users)]
pub(crate) struct AuthorRow {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
}

impl From<AuthorRow> for Author {
    fn from(row: AuthorRow) -> Self {
        Self {
            id: UserId(row.id),
            username: Username::trusted(row.username),
            name: row.name,
            image: row.image.map(WebUrl::trusted),
        }
    }
}

#[derive(Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    id: Uuid,
    username: String,
    email: Option<String>,
    email_verified: bool,
    name: Option<String>,
    bio: Option<String>,
    location: Option<String>,
    region: Option<String>,
    website_url: Option<String>,
    image: Option<String>,
    is_public: bool,
    is_admin: bool,
    timezone: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.id),
            username: Username::trusted(row.username),
            email: row.email.map(Email::stored),
            email_verified: row.email_verified,
            profile: Profile {
                name: row.name,
                bio: row.bio,
                location: row.location,
                region: row.region.as_deref().and_then(Region::parse),
                website_url: row.website_url.map(WebUrl::trusted),
                image: row.image.map(WebUrl::trusted),
            },
            is_public: row.is_public,
            is_admin: row.is_admin,
            zone: row.timezone.as_deref().and_then(Zone::parse),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The columns that the owner edits. Null clears. Zone and email are written on their own, so that a profile read earlier does
/// not undo a later change of them.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true, treat_none_as_default_value = false)]
struct ProfileColumns<'a> {
    username: &'a str,
    name: Option<&'a str>,
    bio: Option<&'a str>,
    location: Option<&'a str>,
    region: Option<&'static str>,
    website_url: Option<&'a str>,
    image: Option<&'a str>,
    is_public: bool,
    updated_at: OffsetDateTime,
}

impl<'a> From<&'a User> for ProfileColumns<'a> {
    fn from(user: &'a User) -> Self {
        let Profile { name, bio, location, region, website_url, image } = &user.profile;
        Self {
            username: user.username.as_str(),
            name: name.as_deref(),
            bio: bio.as_deref(),
            location: location.as_deref(),
            region: region.map(Region::name),
            website_url: website_url.as_ref().map(WebUrl::as_str),
            image: image.as_ref().map(WebUrl::as_str),
            is_public: user.is_public,
            updated_at: user.updated_at,
        }
    }
}

/// Matches the account called `name`, whatever its case.
pub(crate) fn has_name(name: &Username) -> diesel::dsl::Eq<lower<users::username>, String> {
    lower(users::username).eq(name.as_str().to_ascii_lowercase())
}

type WithPassword = (UserRow, Option<String>);

fn with_password((row, hash): WithPassword) -> (User, Option<PasswordHash>) {
    (row.into(), hash.map(PasswordHash))
}

#[async_trait]
impl ProfileReader for Database {
    async fn find(&self, name: &Username, viewer: Option<UserId>) -> Result<Option<FoundProfile>, StoreError> {
        let row: Option<(UserRow, bool)> = users::table
            .filter(has_name(name))
            .filter(users::deleted_at.is_null())
            .select((UserRow::as_select(), can_see(viewer.map(|viewer| viewer.0), users::id)))
            .optional(&self.connection().await?.pg)
            .await?;
        Ok(row.map(|(user, is_visible)| FoundProfile { user: user.into(), is_visible }))
    }

    async fn visible_among(&self, names: &[Username], viewer: Option<UserId>) -> Result<Vec<User>, StoreError> {
        let names: Vec<String> = names.iter().map(|name| name.as_str().to_ascii_lowercase()).collect();
        let rows: Vec<UserRow> = users::table
            .filter(lower(users::username).eq_any(names))
            .filter(can_see(viewer.map(|viewer| viewer.0), users::id))
            .select(UserRow::as_select())
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    async fn account(&self, user: UserId) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = users::table
            .find(user.0)
            .filter(users::deleted_at.is_null())
            .select(UserRow::as_select())
            .optional(&self.connection().await?.pg)
            .await?;
        Ok(row.map(User::from))
    }
}

#[async_trait]
impl UserRepository for PgUnitOfWork {
    async fn insert(&mut self, user: &User, password: Option<PasswordHash>) -> Result<(), StoreError> {
        let c = self.connection()?;
        // The constraint covers one spelling; older accounts may have another one.
        let once: Vec<String> = user.email.iter().flat_map(Email::spellings).skip(1).collect();
        if !once.is_empty() {
            let taken = diesel::select(exists(users::table.filter(users::email.eq_any(once))));
            if taken.row(c).await? {
                return Err(StoreError::Conflict { constraint: "users_email_key".to_owned() });
            }
        }
        diesel::insert_into(users::table)
            .values((
                users::id.eq(user.id.0),
                users::email.eq(user.email.as_ref().map(Email::as_str)),
                users::email_verified.eq(user.email_verified),
                users::created_at.eq(user.created_at),
                ProfileColumns::from(user),
                users::password_hash.eq(password.as_ref().map(|hash| hash.0.as_str())),
                users::timezone.eq(user.zone.as_ref().map(Zone::name)),
            ))
            .run(c)
            .await?;
        statement(include_str!("insert_counts.sql")).bind::<SqlUuid>(user.id.0).exec(c).await
    }

    async fn update(&mut self, user: &User) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.id.0)).set(ProfileColumns::from(user)).exec(self.connection()?).await
    }

    async fn set_password(&mut self, user: UserId, password: PasswordHash) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.0))
            .set(users::password_hash.eq(password.0))
            .exec(self.connection()?)
            .await
    }

    async fn has_password(&mut self, user: UserId) -> Result<bool, StoreError> {
        let with_password = users::table.find(user.0).filter(users::password_hash.is_not_null());
        diesel::select(exists(with_password)).row(self.connection()?).await
    }

    async fn verify_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError> {
        let is_held = users::email.eq_any(email.spellings()).and(users::deleted_at.is_null());
        let held = users::table.find(user.0).filter(is_held);
        let verified = diesel::update(held)
            .set((users::email_verified.eq(true), users::updated_at.eq(now)))
            .run(self.connection()?)
            .await?;
        Ok(verified > 0)
    }

    async fn set_zone(&mut self, user: UserId, zone: &Zone) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.0)).set(users::timezone.eq(zone.name())).exec(self.connection()?).await
    }

    async fn release_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError> {
        let is_claimed = users::email.eq_any(email.spellings()).and(users::email_verified.eq(false));
        let held = users::table.find(user.0).filter(is_claimed);
        let released = diesel::update(held)
            .set((users::email.eq(None::<String>), users::updated_at.eq(now)))
            .run(self.connection()?)
            .await?;
        Ok(released > 0)
    }

    async fn free_usernames(&mut self, names: &[Username]) -> Result<Vec<Username>, StoreError> {
        let folded: Vec<String> = names.iter().map(|name| name.as_str().to_ascii_lowercase()).collect();
        let taken: Vec<String> = users::table
            .filter(lower(users::username).eq_any(folded))
            .select(users::username)
            .rows(self.connection()?)
            .await?;
        let taken: Vec<Username> = taken.into_iter().map(Username::trusted).collect();
        Ok(names.iter().filter(|name| !taken.contains(name)).cloned().collect())
    }

    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = users::table
            .find(id.0)
            .filter(users::deleted_at.is_null())
            .select(UserRow::as_select())
            .optional(self.connection()?)
            .await?;
        Ok(row.map(User::from))
    }

    async fn find_with_password(&mut self, id: UserId) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let row: Option<WithPassword> = users::table
            .find(id.0)
            .filter(users::deleted_at.is_null())
            .select((UserRow::as_select(), users::password_hash))
            .optional(self.connection()?)
            .await?;
        Ok(row.map(with_password))
    }

    async fn find_for_sign_in(
        &mut self,
        name: &SignInName,
        left_after: OffsetDateTime,
    ) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let accounts = users::table
            .filter(
                users::deleted_at.is_null().or(users::deleted_at.gt(left_after)).or(users::suspension.is_not_null()),
            )
            .select((UserRow::as_select(), users::password_hash));
        let c = self.connection()?;
        // Two statements, so that each has its index.
        let row: Option<WithPassword> = match name {
            SignInName::Email(email) => accounts.filter(users::email.eq_any(email.spellings())).optional(c).await?,
            SignInName::Username(name) => accounts.filter(has_name(name)).optional(c).await?,
        };
        Ok(row.map(with_password))
    }

    async fn find_by_username(&mut self, name: &Username) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let row: Option<WithPassword> = users::table
            .filter(has_name(name))
            .filter(users::deleted_at.is_null())
            .select((UserRow::as_select(), users::password_hash))
            .optional(self.connection()?)
            .await?;
        Ok(row.map(with_password))
    }

    async fn hold(&mut self, user: UserId) -> Result<Option<Presence>, StoreError> {
        let found: Option<(Option<OffsetDateTime>, Option<String>)> = users::table
            .find(user.0)
            .select((users::deleted_at, users::suspension))
            .for_no_key_update()
            .optional(self.connection()?)
            .await?;
        Ok(found.map(|(deleted_at, suspension)| match (deleted_at, suspension) {
            (_, Some(_)) => Presence::Suspended,
            (Some(at), None) => Presence::Left(at),
            (None, None) => Presence::Here,
        }))
    }

    async fn set_suspension(&mut self, user: UserId, suspension: Option<Suspension>) -> Result<(), StoreError> {
        let name = suspension.map(Suspension::name);
        diesel::update(users::table.find(user.0)).set(users::suspension.eq(name)).exec(self.connection()?).await
    }

    async fn end_password_links(&mut self, user: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let ended = users::password_links_ended_at.eq(now);
        diesel::update(users::table.find(user.0)).set(ended).exec(self.connection()?).await
    }

    async fn password_links_ended_at(&mut self, user: UserId) -> Result<Option<OffsetDateTime>, StoreError> {
        let ended_at = users::table.find(user.0).select(users::password_links_ended_at);
        Ok(ended_at.optional::<Option<OffsetDateTime>>(self.connection()?).await?.flatten())
    }

    async fn set_left(&mut self, user: UserId, at: Option<OffsetDateTime>) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.0)).set(users::deleted_at.eq(at)).exec(self.connection()?).await
    }
}
