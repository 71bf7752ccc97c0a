//! Declares an object of a sync request once: the names of its fields in both spellings, how each field is read, and its schema.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::slot::Findings;

/// Declares an object: its struct, the draft that is filled while it is read, and the names of its fields.
///
/// A field is `required`; or `optional`, which is `None` when it is absent; or `default`, which then has the type's default value;
/// or `auxiliary`: nothing depends on it, so null is as good as absent, and a value that cannot be read is ignored with a warning; or
/// a `list`, or a `nested` object that can be absent: a seed reads such a [`Part`]. The function after `by` reads a value instead of the
/// format.
macro_rules! sync_object {
    (
        $(#[doc = $about:literal])*
        struct $object:ident as $schema:literal, read through $draft:ident and $name:ident {
            $($(#[doc = $doc:literal])*
            $field:ident: $kind:ident $format:ty = $camel:literal $(or $snake:literal)? $(by $read:path)?,)*
        }
    ) => {
        $(#[doc = $about])*
        pub(super) struct $object {
            $($field: sync_object!(@value $kind $format)),*
        }

        /// The names of the fields.
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, reason = "named after the fields that they stand for")]
        enum $name { $($field),* }

        impl FieldName for $name {
            fn find(text: &str) -> Option<(Self, &'static str)> {
                match text {
                    $($camel => Some((Self::$field, $camel)), $($snake => Some((Self::$field, $snake)),)?)*
                    _ => None,
                }
            }
        }

        /// The fields while the object is read.
        #[derive(Default)]
        struct $draft {
            $($field: Slot<sync_object!(@kept $kind $format)>),*
        }

        impl $draft {
            fn set(&mut self, (field, spelling): ($name, &'static str), value: Scalar<'_>, names: &mut Names) {
                // Only some objects have values that share names.
                let _ = &names;
                match field {
                    $($name::$field => sync_object!(@set $kind $format, self.$field, spelling, value, names $(, $read)?)),*
                }
            }

            /// The object; `None` when it has problems, which are added to `findings`.
            fn finish(self, findings: &mut Findings<'_>) -> Option<$object> {
                $(let $field = sync_object!(@finish $kind findings, self.$field, $camel);)*
                Some($object { $($field: $field?),* })
            }
        }

        impl ::utoipa::PartialSchema for $object {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                use $crate::validation::kinds::{description, property};
                let object = ObjectBuilder::new().description(description(&[$($about),*]));
                $(let object = property::<sync_object!(@property $kind $format)>(object, $camel, &[$($doc),*]);)*
                object.into()
            }
        }

        impl ::utoipa::ToSchema for $object {
            fn name() -> ::std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn schemas(schemas: &mut $crate::validation::kinds::Schemas) {
                use $crate::validation::kinds::Property;
                $(<sync_object!(@property $kind $format)>::add_schemas(schemas);)*
            }
        }
    };

    (@kept list $list:ty) => { $list };
    (@kept nested $object:ty) => { $object };
    (@kept $kind:ident $format:ty) => { <$format as Format>::Value };

    (@value required $format:ty) => { <$format as Format>::Value };
    (@value default $format:ty) => { <$format as Format>::Value };
    (@value list $list:ty) => { <$list as Part>::Value };
    (@value nested $object:ty) => { Option<<$object as Part>::Value> };
    (@value $kind:ident $format:ty) => { Option<<$format as Format>::Value> };

    (@set list $list:ty, $slot:expr, $spelling:expr, $value:expr, $names:expr) => { {} };
    (@set nested $object:ty, $slot:expr, $spelling:expr, $value:expr, $names:expr) => { {} };
    (@set auxiliary $format:ty, $slot:expr, $spelling:expr, $value:expr, $names:expr $(, $read:path)?) => {
        if $value == Scalar::Null {
            $slot = Slot::Absent;
        } else {
            sync_object!(@set optional $format, $slot, $spelling, $value, $names $(, $read)?);
        }
    };
    (@set $kind:ident $format:ty, $slot:expr, $spelling:expr, $value:expr, $names:expr) => {
        $slot.set($spelling, <$format as Format>::read($value))
    };
    (@set $kind:ident $format:ty, $slot:expr, $spelling:expr, $value:expr, $names:expr, $read:path) => {
        $slot.set($spelling, $read($names, $value))
    };

    (@finish required $findings:expr, $slot:expr, $name:expr) => { $findings.required($name, $slot) };
    (@finish optional $findings:expr, $slot:expr, $name:expr) => { $findings.optional($slot) };
    (@finish default $findings:expr, $slot:expr, $name:expr) => { $findings.optional($slot).map(Option::unwrap_or_default) };
    (@finish auxiliary $findings:expr, $slot:expr, $name:expr) => { Some($findings.auxiliary($slot)) };
    (@finish list $findings:expr, $slot:expr, $name:expr) => {
        $findings.required($name, $slot).and_then(|list| list.finish($findings))
    };

    (@finish nested $findings:expr, $slot:expr, $name:expr) => {
        $findings.optional($slot).and_then(|object| match object {
            Some(object) => object.finish($findings).map(Some),
            None => Some(None),
        })
    };

    (@property required $format:ty) => { $format };
    (@property list $list:ty) => { $list };
    (@property nested $object:ty) => { $object };
    (@property $kind:ident $format:ty) => { $crate::validation::Optional<$format> };
}
pub(super) use sync_object;

/// A list or an object within a request, read by a seed of its own.
pub(super) trait Part {
    /// What it becomes.
    type Value;

    /// The value; `None` when it has problems, which are added to `findings`.
    fn finish(self, findings: &mut Findings<'_>) -> Option<Self::Value>;
}

/// The name of a field as the client sent it.
pub(super) trait FieldName: Copy {
    /// The field called `text`, and its spelling; `None` for an unknown field.
    fn find(text: &str) -> Option<(Self, &'static str)>;
}

/// A key of an object: a known field, or not.
pub(super) struct Key<N>(pub(super) Option<(N, &'static str)>);

impl<'de, N: FieldName> Deserialize<'de> for Key<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<N>(PhantomData<N>);

        impl<N: FieldName> Visitor<'_> for Text<N> {
            type Value = Key<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<N>, E> {
                Ok(Key(N::find(text)))
            }
        }

        deserializer.deserialize_str(Text(PhantomData))
    }
}
