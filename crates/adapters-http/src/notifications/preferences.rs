//! What somebody wants to be told, as JSON.

use std::collections::BTreeMap;

use domain::notifications::{Channels, NotificationKind, Preferences, PreferencesChange};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, Type};

use crate::validation::{Fields, FromFields, checks};

/// Whether each kind of notification is wanted, by where it goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub(super) struct PreferencesBody {
    /// Into the list of notifications.
    #[schema(schema_with = every_kind)]
    in_app: BTreeMap<&'static str, bool>,
    /// To the e-mail address, once it is verified and where this instance sends mail.
    #[schema(schema_with = every_kind)]
    email: BTreeMap<&'static str, bool>,
}

impl From<Preferences> for PreferencesBody {
    fn from(preferences: Preferences) -> Self {
        Self {
            in_app: preferences.iter().map(|(kind, wanted)| (kind.name(), wanted.in_app)).collect(),
            email: preferences.iter().map(|(kind, wanted)| (kind.name(), wanted.email)).collect(),
        }
    }
}

/// A change of what is wanted: what is absent stays.
#[derive(Debug, ToSchema)]
#[schema(as = NotificationPreferencesChange)]
pub(super) struct PreferencesPatch {
    /// Into the list of notifications.
    #[schema(schema_with = some_kinds, required = false)]
    in_app: Vec<(NotificationKind, bool)>,
    /// To the e-mail address.
    #[schema(schema_with = some_kinds, required = false)]
    email: Vec<(NotificationKind, bool)>,
}

impl FromFields for PreferencesPatch {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let in_app = fields.object("in_app", by_kind);
        let email = fields.object("email", by_kind);
        Some(Self { in_app: in_app?.unwrap_or_default(), email: email?.unwrap_or_default() })
    }
}

fn by_kind(fields: &mut Fields<'_>) -> Option<Vec<(NotificationKind, bool)>> {
    fields.entries(checks::named(&NotificationKind::ALL, NotificationKind::name), checks::boolean)
}

impl From<PreferencesPatch> for PreferencesChange {
    fn from(patch: PreferencesPatch) -> Self {
        Self::of(patch.in_app, patch.email)
    }
}

/// An object that has every kind.
fn every_kind() -> Object {
    NotificationKind::ALL.into_iter().fold(kinds(), |object, kind| object.required(kind.name())).build()
}

/// An object that may have any kind, and nothing else.
fn some_kinds() -> Object {
    kinds().additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).build()
}

fn kinds() -> ObjectBuilder {
    let wanted = || ObjectBuilder::new().schema_type(Type::Boolean);
    NotificationKind::ALL.into_iter().fold(ObjectBuilder::new(), |object, kind| object.property(kind.name(), wanted()))
}

/// What the document shows.
pub(super) fn example() -> Value {
    let wanted = |of: fn(NotificationKind) -> bool| -> Value {
        NotificationKind::ALL.into_iter().map(|kind| (kind.name().to_owned(), json!(of(kind)))).collect()
    };
    json!({
        "in_app": wanted(|kind| kind != NotificationKind::NewFollower),
        "email": wanted(|kind| Channels::of(kind).email),
    })
}
