//! Which notifications to mark as read, in either of two spellings.

use domain::ids::NotificationId;
use domain::notifications::{MOST_MARKED, NotificationSelection};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::validation::kinds::Field;
use crate::validation::{Fault, Fields, Flag, Format, FromFields, Rule};

/// Either `ids` or `all`.
#[derive(Debug)]
pub(super) struct MarkRead(pub(super) NotificationSelection);

/// Either `notificationIds` or `markAll`.
#[derive(Debug)]
pub(super) struct MarkReadCamel(pub(super) NotificationSelection);

/// The names of the two ways to say which.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    ids: &'static str,
    all: &'static str,
}

const SNAKE: Spelling = Spelling { ids: "ids", all: "all" };
const CAMEL: Spelling = Spelling { ids: "notificationIds", all: "markAll" };

impl FromFields for MarkRead {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        which(fields, [SNAKE, CAMEL]).map(Self)
    }
}

impl FromFields for MarkReadCamel {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        which(fields, [CAMEL, SNAKE]).map(Self)
    }
}

/// The one way that the body says which, in either of the `spellings`: no way at all and more than one are problems. What
/// is not to be marked `all` is no way.
fn which(fields: &mut Fields<'_>, spellings: [Spelling; 2]) -> Option<NotificationSelection> {
    let mut ways = Vec::new();
    let mut readable = true;
    for Spelling { ids, all } in spellings {
        if fields.has(ids) {
            match fields.list(ids, 0..=MOST_MARKED, Uuid::read) {
                Some(list) => {
                    ways.push((ids, NotificationSelection::These(list.into_iter().map(NotificationId).collect())));
                }
                None => readable = false,
            }
        }
        match Flag::<false>::take(fields, all) {
            Some(true) => ways.push((all, NotificationSelection::All)),
            Some(false) => {}
            None => readable = false,
        }
    }
    if !readable {
        return None;
    }
    let mut ways = ways.into_iter();
    match (ways.next(), ways.next()) {
        (Some((_, which)), None) => Some(which),
        (Some((first, _)), Some((second, _))) => {
            let msg = format!("Input should be absent when '{first}' is present");
            fields.refuse(second, Fault::new(Rule::ValueError, msg))
        }
        (None, _) => fields.refuse(spellings[0].ids, Fault::missing()),
    }
}

impl Spelling {
    fn schema(self) -> RefOr<Schema> {
        let id =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let ids = ArrayBuilder::new()
            .items(id)
            .max_items(Some(MOST_MARKED))
            .description(Some("Some of them; those that are not the caller's are left alone"))
            .build();
        let boolean = || ObjectBuilder::new().schema_type(Type::Boolean);
        let all = boolean().enum_values(Some([true])).description(Some("All of them"));
        // Each way says what the other's field looks like, so that nonsense fits neither and both at once fit twice.
        let ways = OneOfBuilder::new()
            .item(ObjectBuilder::new().property(self.ids, ids.clone()).required(self.ids).property(self.all, boolean()))
            .item(ObjectBuilder::new().property(self.all, all).required(self.all).property(self.ids, ids))
            .description(Some("Which notifications to mark as read, said in one of two ways"));
        Schema::OneOf(ways.build()).into()
    }
}

impl PartialSchema for MarkRead {
    fn schema() -> RefOr<Schema> {
        SNAKE.schema()
    }
}

impl ToSchema for MarkRead {}

impl PartialSchema for MarkReadCamel {
    fn schema() -> RefOr<Schema> {
        CAMEL.schema()
    }
}

impl ToSchema for MarkReadCamel {}
