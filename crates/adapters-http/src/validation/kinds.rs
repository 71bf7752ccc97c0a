//! The kinds of fields: whether a field can be absent or null, and what that means.

use std::marker::PhantomData;

use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Ref, Schema, SchemaType, Type};

use super::formats::{Format, Named};
use super::{Fault, Fields, FromFields, Scalar};

/// Schemas that the document has under a name.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// A field in the API's document.
pub trait Property {
    /// Whether the field must be there.
    const IS_REQUIRED: bool;

    /// The schema of the field's value.
    fn describe() -> RefOr<Schema>;

    /// Adds the schemas that this one refers to.
    fn add_schemas(_: &mut Schemas) {}
}

/// How a field is read.
pub trait Field: Property {
    /// What the field becomes.
    type Value;

    /// Reads the field called `name`; `None` when a problem was added.
    fn take(fields: &mut Fields<'_>, name: &'static str) -> Option<Self::Value>;
}

/// A field that can be absent, but not null.
#[derive(Debug)]
pub struct Optional<F>(PhantomData<F>);

/// A field that can be absent or null, which mean the same.
#[derive(Debug)]
pub struct Nullable<F>(PhantomData<F>);

/// A field of a `PATCH` request that can be absent, which keeps the value, or null, which clears it.
#[derive(Debug)]
pub struct Clearable<F>(PhantomData<F>);

/// A field that means the number `DEFAULT` when it is absent.
#[derive(Debug)]
pub struct Or<const DEFAULT: i64, F>(PhantomData<F>);

/// A boolean field that means `DEFAULT` when it is absent.
#[derive(Debug)]
pub struct Flag<const DEFAULT: bool>;

/// A field that means the type's default value when it is absent.
#[derive(Debug)]
pub struct OrDefault<F>(PhantomData<F>);

/// A list of `LEAST` to `MOST` values. One that can be empty can be absent.
#[derive(Debug)]
pub struct List<F, const LEAST: usize, const MOST: usize>(PhantomData<F>);

/// A list of `LEAST` to `MOST` objects. One that can be empty can be absent.
#[derive(Debug)]
pub struct Objects<T, const LEAST: usize, const MOST: usize>(PhantomData<T>);

/// An object.
#[derive(Debug)]
pub struct Nested<T>(PhantomData<T>);

/// Each kind: its type parameters, what it becomes, whether it is required, how it is read, its schema, and the object that it
/// refers to.
macro_rules! kinds {
    ($([$($parameters:tt)*] $kind:ty: $value:ty, $required:expr, $take:expr, $schema:expr $(, refers to $object:ty)?;)+) => {$(
        impl<$($parameters)*> Property for $kind {
            const IS_REQUIRED: bool = $required;

            fn describe() -> RefOr<Schema> {
                $schema.into()
            }

            $(fn add_schemas(schemas: &mut Schemas) {
                add_schema::<$object>(schemas);
            })?
        }

        impl<$($parameters)*> Field for $kind {
            type Value = $value;

            fn take(fields: &mut Fields<'_>, name: &'static str) -> Option<$value> {
                let take: fn(&mut Fields<'_>, &'static str) -> Option<$value> = $take;
                take(fields, name)
            }
        }
    )+};
}

kinds! {
    [F: Format] F: F::Value, true,
        |fields, name| fields.optional(name, F::read)?.or_else(|| fields.refuse(name, Fault::missing())),
        F::schema();
    [F: Format] Optional<F>: Option<F::Value>, false,
        |fields, name| fields.optional(name, F::read),
        F::schema();
    [F: Format] Nullable<F>: Option<F::Value>, false,
        |fields, name| Clearable::<F>::take(fields, name).map(Option::flatten),
        nullable(F::schema().build());
    [F: Format] Clearable<F>: Option<Option<F::Value>>, false,
        |fields, name| {
            fields.optional(name, |value| if value == Scalar::Null { Ok(None) } else { F::read(value).map(Some) })
        },
        nullable(F::schema().build());
    [F: Format, const DEFAULT: i64] Or<DEFAULT, F>: F::Value, false,
        |fields, name| fields.optional(name, F::read)?.or_else(|| F::read(Scalar::Signed(DEFAULT)).ok()),
        F::schema().default(Some(json!(DEFAULT)));
    [const DEFAULT: bool] Flag<DEFAULT>: bool, false,
        |fields, name| Some(fields.optional(name, <bool as Format>::read)?.unwrap_or(DEFAULT)),
        <bool as Format>::schema().default(Some(json!(DEFAULT)));
    [F: Named + Default] OrDefault<F>: F, false,
        |fields, name| Some(fields.optional(name, F::read)?.unwrap_or_default()),
        F::schema().default(Some(json!(F::default().name())));
    [F: Format, const LEAST: usize, const MOST: usize] List<F, LEAST, MOST>: Vec<F::Value>, LEAST > 0,
        |fields, name| {
            if LEAST == 0 && !fields.has(name) { Some(Vec::new()) } else { fields.list(name, LEAST..=MOST, F::read) }
        },
        array(F::item(), LEAST, MOST);
    [T: FromFields + ToSchema, const LEAST: usize, const MOST: usize] Objects<T, LEAST, MOST>: Vec<T>, LEAST > 0,
        |fields, name| {
            let is_absent = LEAST == 0 && !fields.has(name);
            if is_absent { Some(Vec::new()) } else { fields.objects(name, LEAST..=MOST, T::from_fields) }
        },
        array(Ref::from_schema_name(T::name()).into(), LEAST, MOST), refers to T;
    [T: FromFields + ToSchema] Nested<T>: T, true,
        |fields, name| fields.object(name, T::from_fields)?.or_else(|| fields.refuse(name, Fault::missing())),
        Ref::from_schema_name(T::name()), refers to T;
}

fn nullable(mut object: Object) -> Schema {
    if let SchemaType::Type(one) = object.schema_type {
        object.schema_type = SchemaType::Array(vec![one, Type::Null]);
    }
    Schema::Object(object)
}

/// A list of `least` to `most` items; a list that can be empty has no minimum.
pub(crate) fn array(item: RefOr<Schema>, least: usize, most: usize) -> ArrayBuilder {
    let array = ArrayBuilder::new().items(item).max_items(Some(most));
    if least > 0 { array.min_items(Some(least)) } else { array }
}

/// Adds the schema of `T` and those that it refers to.
pub(crate) fn add_schema<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// Adds a property of the kind `P` to a schema, described by the lines of its documentation.
pub fn property<P: Property>(object: ObjectBuilder, name: &str, lines: &[&str]) -> ObjectBuilder {
    let object = if P::IS_REQUIRED { object.required(name) } else { object };
    let mut schema = P::describe();
    match &mut schema {
        RefOr::T(Schema::Object(object)) => object.description = description(lines),
        RefOr::T(Schema::Array(array)) => array.description = description(lines),
        _ => {}
    }
    object.property(name, schema)
}

/// A parameter of the kind `P`, described by the lines of its documentation.
pub fn parameter<P: Property>(place: ParameterIn, name: &str, lines: &[&str]) -> Parameter {
    let required = if P::IS_REQUIRED { Required::True } else { Required::False };
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
    parameter.description(description(lines)).schema(Some(P::describe())).build()
}

/// The description that the lines of a documentation comment make.
pub fn description(lines: &[&str]) -> Option<String> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Declares the body of a request once: the struct, how it is read ([`FromFields`]), and its schema ([`ToSchema`]), which the
/// document has under the name after `as`.
///
/// The type of a field is its [`Field`] kind; the struct holds the value of that kind. A plain [`Format`] is a field that must be
/// there. Documentation comments are the descriptions in the document. A function after `where` judges the fields together.
///
/// ```
/// use adapters_http::validation::{Nullable, Text, body};
///
/// body! {
///     /// A wish.
///     struct WishBody as "Wish" {
///         /// What is wished for.
///         name: Text<1, 100>,
///         note: Nullable<Text<0, 500>>,
///     }
/// }
///
/// fn summary(WishBody { name, note }: WishBody) -> (String, Option<String>) {
///     (name, note)
/// }
/// ```
#[macro_export]
macro_rules! body {
    (
        $(#[doc = $about:literal])*
        $(#[derive($($derive:path),+)])?
        $vis:vis struct $body:ident as $schema:literal {
            $($(#[doc = $doc:literal])* $field_vis:vis $field:ident: $kind:ty),* $(,)?
        }
        $(where $judge:path)?
    ) => {
        $crate::fields! {
            $(#[doc = $about])*
            $(#[derive($($derive),+)])?
            $vis struct $body { $($(#[doc = $doc])* $field_vis $field: $kind),* }
            $(where $judge)?
        }

        impl ::utoipa::PartialSchema for $body {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                use $crate::validation::kinds::{description, property};
                let object = ::utoipa::openapi::schema::ObjectBuilder::new().description(description(&[$($about),*]));
                $(let object = property::<$kind>(object, stringify!($field), &[$($doc),*]);)*
                object.into()
            }
        }

        impl ::utoipa::ToSchema for $body {
            fn name() -> ::std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn schemas(schemas: &mut $crate::validation::kinds::Schemas) {
                $(<$kind as $crate::validation::kinds::Property>::add_schemas(schemas);)*
            }
        }
    };
}

/// Declares the parameters of a query string once, as [`body!`](crate::body) does a body: the struct, how it is read
/// ([`FromFields`]), and its parameters in the document ([`IntoParams`](utoipa::IntoParams)).
#[macro_export]
macro_rules! query {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $query:ident {
            $($(#[doc = $doc:literal])* $field_vis:vis $field:ident: $kind:ty),* $(,)?
        }
        $(where $judge:path)?
    ) => {
        $crate::fields! {
            $(#[doc = $about])*
            $vis struct $query { $($(#[doc = $doc])* $field_vis $field: $kind),* }
            $(where $judge)?
        }

        impl ::utoipa::IntoParams for $query {
            fn into_params(
                _: impl Fn() -> Option<::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<::utoipa::openapi::path::Parameter> {
                use $crate::validation::kinds::parameter;
                let place = || ::utoipa::openapi::path::ParameterIn::Query;
                vec![$(parameter::<$kind>(place(), stringify!($field), &[$($doc),*])),*]
            }
        }
    };
}

/// What [`body!`](crate::body) and [`query!`](crate::query) share: the struct and how it is read.
#[doc(hidden)]
#[macro_export]
macro_rules! fields {
    (
        $(#[$about:meta])*
        $vis:vis struct $name:ident { $($(#[$doc:meta])* $field_vis:vis $field:ident: $kind:ty),* }
        $(where $judge:path)?
    ) => {
        $(#[$about])*
        $vis struct $name {
            $($(#[$doc])* $field_vis $field: <$kind as $crate::validation::kinds::Field>::Value,)*
        }

        impl $crate::validation::FromFields for $name {
            fn from_fields(fields: &mut $crate::validation::Fields<'_>) -> Option<Self> {
                $(let $field = <$kind as $crate::validation::kinds::Field>::take(fields, stringify!($field));)*
                let read = Self { $($field: $field?),* };
                $($judge(&read, fields)?;)?
                Some(read)
            }
        }
    };
}
