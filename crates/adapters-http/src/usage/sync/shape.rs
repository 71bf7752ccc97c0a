//! Reads a value that should be an object or a list without giving up when it is something else.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What to do with a value of the right shape, and of a wrong one. Wrong shapes are skipped to their end.
pub(super) trait Shape<'de>: Sized {
    /// What reading returns.
    type Value;

    /// The value is an object.
    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }

    /// The value is a list.
    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }

    /// The value is something else.
    fn other(self) -> Self::Value;
}

/// Reads one value as a [`Shape`].
pub(super) struct Read<S>(pub(super) S);

impl<'de, S: Shape<'de>> DeserializeSeed<'de> for Read<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Shape<'de>> Visitor<'de> for Read<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<S::Value, A::Error> {
        self.0.object(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<S::Value, A::Error> {
        self.0.list(list)
    }

    fn visit_unit<E>(self) -> Result<S::Value, E> {
        Ok(self.0.other())
    }

    fn visit_bool<E>(self, _: bool) -> Result<S::Value, E> {
        Ok(self.0.other())
    }

    fn visit_u64<E>(self, _: u64) -> Result<S::Value, E> {
        Ok(self.0.other())
    }

    fn visit_i64<E>(self, _: i64) -> Result<S::Value, E> {
        Ok(self.0.other())
    }

    fn visit_f64<E>(self, _: f64) -> Result<S::Value, E> {
        Ok(self.0.other())
    }

    fn visit_str<E>(self, _: &str) -> Result<S::Value, E> {
        Ok(self.0.other())
    }
}
