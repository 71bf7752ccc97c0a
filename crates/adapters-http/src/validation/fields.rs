//! Reads an object of named values field by field, and collects all problems.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::checks::Checked;
use super::{Fault, PathStep, Problems, Rule, Scalar};

/// Something that is read from a JSON object or a query string.
pub trait FromFields: Sized {
    /// Reads all fields before it builds the value; `None` when a problem was added.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

impl<A: FromFields, B: FromFields> FromFields for (A, B) {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (first, second) = (A::from_fields(fields), B::from_fields(fields));
        Some((first?, second?))
    }
}

/// The named values of one object. Unknown fields are ignored.
#[derive(Debug)]
pub struct Fields<'a> {
    source: Source<'a>,
    place: Vec<PathStep>,
    problems: &'a mut Problems,
}

#[derive(Debug)]
enum Source<'a> {
    Json(&'a Map<String, Value>),
    Query(&'a HashMap<String, String>),
}

/// Reads `T` from a JSON body.
pub(crate) fn from_json<T: FromFields>(body: &Value) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let Value::Object(object) = body else {
        problems.add([PathStep::from("body")], Fault::new(Rule::ValueError, "Input should be a valid object"));
        return Err(problems);
    };
    let read = T::from_fields(&mut Fields {
        source: Source::Json(object),
        place: vec!["body".into()],
        problems: &mut problems,
    });
    problems.or(read)
}

/// Reads `T` from the pairs of a query string.
pub(crate) fn from_query<T: FromFields>(pairs: &HashMap<String, String>) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let read = T::from_fields(&mut Fields {
        source: Source::Query(pairs),
        place: vec!["query".into()],
        problems: &mut problems,
    });
    problems.or(read)
}

impl Fields<'_> {
    /// A field that can be absent, but not null.
    pub fn optional<T>(&mut self, name: &'static str, check: impl Fn(Scalar<'_>) -> Checked<T>) -> Option<Option<T>> {
        let checked = self.get(name).map(check);
        match checked.transpose() {
            Ok(value) => Some(value),
            Err(fault) => self.refuse(name, fault),
        }
    }

    /// The field called `name` where it is there and `check` accepts it. Adds no problem.
    pub fn peek<T>(&self, name: &str, check: impl Fn(Scalar<'_>) -> Checked<T>) -> Option<T> {
        self.get(name).and_then(|value| check(value).ok())
    }

    /// Refuses fields that are not among `names`.
    pub fn only(&mut self, names: &[&str], message: &'static str) -> Option<()> {
        let known = |name: Scalar<'_>| match name {
            Scalar::Word(name) if names.contains(&name) => Ok(()),
            _ => Err(Fault::new(Rule::ValueError, message)),
        };
        self.entries(known, |_| Ok(())).map(drop)
    }

    /// A list of `length` items that must be there.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
        check: impl Fn(Scalar<'_>) -> Checked<T>,
    ) -> Option<Vec<T>> {
        let items = match &self.source {
            Source::Json(object) => match object.get(name) {
                Some(Value::Array(items)) => items,
                Some(_) => return self.refuse(name, Fault::new(Rule::ValueError, "Input should be a valid list")),
                None => return self.refuse(name, Fault::missing()),
            },
            Source::Query(_) => return self.refuse(name, Fault::missing()),
        };
        if items.len() < *length.start() {
            let msg = format!("List should have at least {} items, not {}", length.start(), items.len());
            return self.refuse(name, Fault::new(Rule::TooShort, msg));
        }
        if items.len() > *length.end() {
            let msg = format!("List should have at most {} items, not {}", length.end(), items.len());
            return self.refuse(name, Fault::new(Rule::TooLong, msg));
        }
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match check(item.into()) {
                Ok(value) => read.push(value),
                Err(fault) => {
                    let place = self.place.iter().cloned().chain([name.into(), index.into()]);
                    self.problems.add(place, fault);
                }
            }
        }
        (read.len() == items.len()).then_some(read)
    }

    /// A list of `length` objects that must be there, each as `read` reads it.
    pub fn objects<T>(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
        read: impl Fn(&mut Fields<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let kinds = self.list(name, length, |item| match item {
            Scalar::Object => Ok(()),
            _ => Err(Fault::new(Rule::ValueError, "Input should be a valid object")),
        });
        kinds?;
        let Source::Json(object) = &self.source else { return None };
        let items = object.get(name).and_then(Value::as_array)?;
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = self.place.iter().cloned().chain([name.into(), index.into()]).collect();
            let mut inner = Fields { source: Source::Json(item.as_object()?), place, problems: self.problems };
            all.extend(read(&mut inner));
        }
        (all.len() == items.len()).then_some(all)
    }

    /// All fields: the name as `key` reads it, the value as `check` does.
    pub fn entries<K, T>(
        &mut self,
        key: impl Fn(Scalar<'_>) -> Checked<K>,
        check: impl Fn(Scalar<'_>) -> Checked<T>,
    ) -> Option<Vec<(K, T)>> {
        let mut read = Vec::new();
        let pairs: Vec<(&str, Scalar<'_>)> = match &self.source {
            Source::Json(object) => object.iter().map(|(name, value)| (&**name, value.into())).collect(),
            Source::Query(pairs) => pairs.iter().map(|(name, word)| (&**name, Scalar::Word(word))).collect(),
        };
        let mut whole = true;
        for (name, value) in pairs {
            match key(Scalar::Word(name)).and_then(|key| Ok((key, check(value)?))) {
                Ok(entry) => read.push(entry),
                Err(fault) => {
                    whole = false;
                    self.problems.add(self.place.iter().cloned().chain([name.to_owned().into()]), fault);
                }
            }
        }
        whole.then_some(read)
    }

    /// Whether there is a field called `name`, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An object inside this one that can be absent.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match &self.source {
            Source::Json(object) => match object.get(name) {
                None => Some(None),
                Some(Value::Object(inner)) => {
                    let place = self.place.iter().cloned().chain([name.into()]).collect();
                    let mut inner = Fields { source: Source::Json(inner), place, problems: self.problems };
                    read(&mut inner).map(Some)
                }
                Some(_) => self.refuse(name, Fault::new(Rule::ValueError, "Input should be a valid object")),
            },
            Source::Query(_) => Some(None),
        }
    }

    /// Refuses the field called `name`.
    pub fn refuse<T>(&mut self, name: impl Into<Cow<'static, str>>, fault: Fault) -> Option<T> {
        self.problems.add(self.place.iter().cloned().chain([PathStep::Name(name.into())]), fault);
        None
    }

    fn get(&self, name: &str) -> Option<Scalar<'_>> {
        match &self.source {
            Source::Json(object) => object.get(name).map(Scalar::from),
            Source::Query(pairs) => pairs.get(name).map(|word| Scalar::Word(word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Clearable, Int, List, Optional, Or, Text, body};
    use super::*;
    use serde_json::json;

    body! {
        #[derive(Debug, PartialEq)]
        struct Wish as "Wish" {
            name: Text<1, 5>,
            age: Or<18, Int<u8, 0, 150>>,
            bio: Clearable<Text<0, 5>>,
            public: Optional<bool>,
            tags: List<Text<1, 3>, 1, 2>,
        }
    }

    #[test]
    fn fields_unknown_ones_are_ignored() {
        let body = json!({"name": "ada", "bio": null, "tags": ["a"], "admin": true});
        assert_eq!(
            from_json::<Wish>(&body),
            Ok(Wish { name: "ada".to_owned(), age: 18, bio: Some(None), public: None, tags: vec!["a".to_owned()] })
        );
    }

    #[test]
    fn fields_problems_are_listed_with_their_paths() {
        let body = json!({"age": "x", "bio": "too long", "public": null, "tags": ["a", 1]});
        let problems = from_json::<Wish>(&body).expect_err("problems");
        assert_eq!(
            problems.to_json(),
            json!([
                {"loc": ["body", "name"], "msg": "Field required", "type": "missing"},
                {"loc": ["body", "age"], "msg": "Input should be a valid integer", "type": "int_type"},
                {"loc": ["body", "bio"], "msg": "String should have at most 5 characters", "type": "string_too_long"},
                {"loc": ["body", "public"], "msg": "Input should be a valid boolean", "type": "value_error"},
                {"loc": ["body", "tags", 1], "msg": "Input should be a valid string", "type": "string_type"},
            ])
        );
        assert!(from_json::<Wish>(&json!([])).is_err());
    }

    #[test]
    fn fields_problems_end_at_100() {
        let mut problems = Problems::default();
        for index in 0..250_usize {
            problems.add(["body".into(), index.into()], Fault::missing());
        }
        assert_eq!(problems.iter().count(), Problems::MOST);
    }
}
