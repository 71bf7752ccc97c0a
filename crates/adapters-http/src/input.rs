//! The query string and the path of a request. A handler takes them unread, so that the caller is authenticated before a problem in
//! them is reported; `read` reports it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::validation::checks::Checked;
use crate::validation::{Fault, Format, FromFields, PathStep, Problems, Rule, Scalar, fields};

/// A query string that states a `T`. Of two equal names the last one counts; unknown names are ignored.
#[derive(Debug)]
pub struct Query<T> {
    text: String,
    marker: PhantomData<T>,
}

impl<T: FromFields> Query<T> {
    /// Reads the query: 422 when its values break rules.
    pub fn read(self) -> ApiResult<T> {
        Ok(fields::from_query(&pairs(&self.text)?)?)
    }
}

impl<T> FromRequest for Query<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self { text: request.query_string().to_owned(), marker: PhantomData }))
    }
}

fn pairs(text: &str) -> Result<HashMap<String, String>, Problems> {
    let mut pairs = HashMap::new();
    let mut problems = Problems::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(name).and_then(|name| Ok((name, decoded(value)?)));
        match value {
            Ok((name, value)) => drop(pairs.insert(name, value)),
            Err(fault) => problems.add([PathStep::from("query"), PathStep::from(name.to_owned())], fault),
        }
    }
    problems.or(Some(pairs))
}

/// A part of a query string without its escapes.
fn decoded(text: &str) -> Checked<String> {
    let spaced = text.replace('+', " ");
    let text = percent_decode(spaced.as_bytes()).decode_utf8().map_err(|_| not_text())?;
    if text.contains('\0') { Err(not_text()) } else { Ok(text.into_owned()) }
}

fn not_text() -> Fault {
    Fault::new(Rule::ValueError, "Input should be UTF-8 text without NUL characters")
}

/// The variable parts of a path.
#[derive(Debug)]
pub struct PathArgs(HttpRequest);

impl PathArgs {
    /// The part called `name`: 422 when it is not UTF-8 text without NUL.
    pub fn text(&self, name: &'static str) -> ApiResult<String> {
        // The router has decoded all escapes but those of `%`, `/` and `+`, with U+FFFD for invalid UTF-8.
        let routed = self.0.match_info().get(name).unwrap_or_default();
        let text = percent_decode(routed.as_bytes()).decode_utf8().map_err(|_| refused(name, not_text()))?;
        if text.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err(refused(name, not_text()));
        }
        Ok(text.into_owned())
    }

    /// The part called `name`, read as `F`: 422 when it breaks a rule.
    pub fn read<F: Format>(&self, name: &'static str) -> ApiResult<F::Value> {
        F::read(Scalar::Word(&self.text(name)?)).map_err(|fault| refused(name, fault))
    }

    /// The part called `name` as a UUID: 422 when it is not one.
    pub fn uuid(&self, name: &'static str) -> ApiResult<Uuid> {
        self.read::<Uuid>(name)
    }
}

impl FromRequest for PathArgs {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}

fn refused(name: &'static str, fault: Fault) -> ApiError {
    let mut problems = Problems::default();
    problems.add([PathStep::from("path"), PathStep::from(name)], fault);
    problems.into()
}
