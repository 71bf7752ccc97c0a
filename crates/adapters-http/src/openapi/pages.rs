//! The pages that show the document: the document itself, Swagger UI, and a plain reading page. Everything they load
//! comes from this server.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use utoipa::openapi::OpenApi;

use crate::error::{ApiError, ApiResult};
use crate::input::PathArgs;
use crate::routes::Routes;

/// Swagger UI sets styles from its script.
const SWAGGER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const READER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SWAGGER: &str = include_str!("assets/swagger.html");
const SWAGGER_START: &str = include_str!("assets/swagger.js");
const READER: &str = include_str!("assets/reader.html");
const READER_SCRIPT: &str = include_str!("assets/reader.js");
const READER_STYLE: &str = include_str!("assets/reader.css");

/// The pages for `document`.
pub(crate) fn pages(document: &OpenApi) -> Routes {
    let text: Arc<str> = document.to_json().unwrap_or_default().into();
    Routes::default()
        .page("/api/v1/openapi.json", move || {
            let text = text.clone();
            async move { kept(HttpResponse::Ok().content_type("application/json")).body(text.to_string()) }
        })
        .page("/docs", || async { html(SWAGGER, SWAGGER_POLICY) })
        .page("/docs/{file}", swagger_file)
        .page("/redoc", || async { html(READER, READER_POLICY) })
        .page("/redoc/reader.js", || async { asset("text/javascript; charset=utf-8", READER_SCRIPT) })
        .page("/redoc/reader.css", || async { asset("text/css; charset=utf-8", READER_STYLE) })
}

async fn swagger_file(path: PathArgs) -> ApiResult<HttpResponse> {
    let name = path.text("file")?;
    if name == "start.js" {
        return Ok(asset("text/javascript; charset=utf-8", SWAGGER_START));
    }
    let file = utoipa_swagger_ui::serve(&name, Arc::new(utoipa_swagger_ui::Config::from("/api/v1/openapi.json")));
    let Ok(Some(file)) = file else { return Err(ApiError::unknown_route()) };
    let mut answer = HttpResponse::Ok();
    if file.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(kept(answer.content_type(file.content_type)).body(file.bytes.into_owned()))
}

fn html(text: &'static str, policy: &'static str) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/html; charset=utf-8").insert_header((header::CONTENT_SECURITY_POLICY, policy));
    kept(&mut answer).body(text)
}

fn asset(kind: &'static str, text: &'static str) -> HttpResponse {
    kept(HttpResponse::Ok().content_type(kind)).body(text)
}

/// These change only with the program.
fn kept(answer: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    answer.insert_header((header::CACHE_CONTROL, "public, max-age=300"))
}
