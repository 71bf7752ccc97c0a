//! Notification preferences as JSON.

use std::collections::BTreeMap;

use domain::notifications::{Channels, NotificationKind, Preferences, PreferencesChange};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, Type};

use crate::validation::kinds::{Field, Property};
use crate::validation::{Fields, Format, body};

/// Whether each kind of notification is sent, by channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub(super) struct PreferencesBody {
    /// Into the list of notifications.
    #[schema(schema_with = every_kind)]
    in_app: BTreeMap<&'static str, bool>,
    /// To the verified e-mail address, if this instance sends mail.
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

body! {
    /// A change of the preferences: an absent one keeps its value.
    pub(super) struct PreferencesPatch as "NotificationPreferencesChange" {
        /// Notifications in the list of notifications.
        in_app: SomeKinds,
        /// Notifications to the e-mail address.
        email: SomeKinds,
    }
}

/// An object with a boolean for some kinds of notifications; it can be absent.
struct SomeKinds;

impl Property for SomeKinds {
    const IS_REQUIRED: bool = false;

    fn describe() -> RefOr<Schema> {
        kinds().additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).into()
    }
}

impl Field for SomeKinds {
    type Value = Vec<(NotificationKind, bool)>;

    fn take(fields: &mut Fields<'_>, name: &'static str) -> Option<Self::Value> {
        let kinds = fields.object(name, |kinds| kinds.entries(NotificationKind::read, bool::read))?;
        Some(kinds.unwrap_or_default())
    }
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
