//! Device logins: programs that wait for a user to confirm their sign-in.

use domain::identity::ports::DeviceLoginRepository;
use domain::identity::{Confirmation, Device, DeviceLogin, TokenHash, UserCode};

use crate::prelude::*;
use crate::schema::device_logins::{self, table};
use crate::unit_of_work::PgUnitOfWork;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = device_logins)]
struct Row {
    device_code_hash: Vec<u8>,
    user_code: String,
    client_name: String,
    ip: Option<String>,
    user_agent: Option<String>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    last_polled_at: Option<OffsetDateTime>,
    approved_by: Option<Uuid>,
    denied: bool,
}

fn columns(confirmation: Confirmation) -> (Option<Uuid>, bool) {
    match confirmation {
        Confirmation::Open => (None, false),
        Confirmation::Approved(user) => (Some(user.0), false),
        Confirmation::Denied => (None, true),
    }
}

impl From<&DeviceLogin> for Row {
    fn from(login: &DeviceLogin) -> Self {
        let (approved_by, denied) = columns(login.confirmation);
        Self {
            device_code_hash: login.device_code.0.to_vec(),
            user_code: login.user_code.as_str().to_owned(),
            client_name: login.client_name.clone(),
            ip: login.device.ip.clone(),
            user_agent: login.device.user_agent.clone(),
            created_at: login.created_at,
            expires_at: login.expires_at,
            last_polled_at: login.last_polled_at,
            approved_by,
            denied,
        }
    }
}

impl TryFrom<Row> for DeviceLogin {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let broken = || StoreError::Internal("a device login is not what was stored".to_owned());
        Ok(Self {
            device_code: TokenHash(row.device_code_hash.try_into().map_err(|_| broken())?),
            user_code: UserCode::parse(&row.user_code).ok_or_else(broken)?,
            client_name: row.client_name,
            device: Device { ip: row.ip, user_agent: row.user_agent },
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_polled_at: row.last_polled_at,
            confirmation: match (row.approved_by, row.denied) {
                (_, true) => Confirmation::Denied,
                (Some(user), false) => Confirmation::Approved(UserId(user)),
                (None, false) => Confirmation::Open,
            },
        })
    }
}

#[async_trait]
impl DeviceLoginRepository for PgUnitOfWork {
    async fn insert(&mut self, login: &DeviceLogin) -> Result<bool, StoreError> {
        let query = diesel::insert_into(table).values(Row::from(login)).on_conflict_do_nothing();
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn find_by_user_code(&mut self, code: &UserCode) -> Result<Option<DeviceLogin>, StoreError> {
        let query = table.filter(device_logins::user_code.eq(code.as_str())).select(Row::as_select());
        let row: Option<Row> = query.optional(self.connection()?).await?;
        row.map(DeviceLogin::try_from).transpose()
    }

    async fn lock(&mut self, device_code: TokenHash) -> Result<Option<DeviceLogin>, StoreError> {
        let query = table.find(device_code.0.to_vec()).select(Row::as_select()).for_update();
        let row: Option<Row> = query.optional(self.connection()?).await?;
        row.map(DeviceLogin::try_from).transpose()
    }

    async fn confirm(&mut self, device_code: TokenHash, confirmation: Confirmation) -> Result<bool, StoreError> {
        let (approved_by, denied) = columns(confirmation);
        let open = device_logins::approved_by.is_null().and(device_logins::denied.eq(false));
        let query = diesel::update(table.find(device_code.0.to_vec()).filter(open))
            .set((device_logins::approved_by.eq(approved_by), device_logins::denied.eq(denied)));
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn note_poll(&mut self, device_code: TokenHash, now: OffsetDateTime) -> Result<(), StoreError> {
        let login = diesel::update(table.find(device_code.0.to_vec()));
        login.set(device_logins::last_polled_at.eq(now)).exec(self.connection()?).await
    }

    async fn delete(&mut self, device_code: TokenHash) -> Result<(), StoreError> {
        let login = diesel::delete(table.find(device_code.0.to_vec()));
        login.exec(self.connection()?).await
    }

    async fn delete_approved(&mut self, user: UserId) -> Result<(), StoreError> {
        let approved = diesel::delete(table.filter(device_logins::approved_by.eq(user.0)));
        approved.exec(self.connection()?).await
    }

    async fn forget_ended(&mut self, now: OffsetDateTime) -> Result<(), StoreError> {
        let ended = diesel::delete(table.filter(device_logins::expires_at.le(now)));
        ended.exec(self.connection()?).await
    }
}
