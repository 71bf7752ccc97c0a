//! The pages that show the document: the document itself, Swagger UI, and a plain reading page. Everything they load
//! comes from this server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::OpenApi;

use super::asset::Asset;
use crate::error::{ApiError, ApiResult};
use crate::input::PathArgs;
use crate::limits::Access;
use crate::routes::Routes;

/// Swagger UI sets styles from its script.
const SWAGGER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const READER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

static SWAGGER: Asset = Asset::page(include_str!("assets/swagger.html"), SWAGGER_POLICY);
static SWAGGER_START: Asset = Asset::file(JAVASCRIPT, include_str!("assets/swagger.js"));
static READER: Asset = Asset::page(include_str!("assets/reader.html"), READER_POLICY);
static READER_SCRIPT: Asset = Asset::file(JAVASCRIPT, include_str!("assets/reader.js"));
static READER_STYLE: Asset = Asset::file("text/css; charset=utf-8", include_str!("assets/reader.css"));

/// The pages for `document`.
pub(crate) fn pages(document: &OpenApi) -> Routes {
    let text = document.to_json().unwrap_or_default().into_bytes();
    let described = Arc::new(Asset::made("application/json", text));
    let document = move |request: HttpRequest| {
        let answer = described.answer(&request);
        async move { answer }
    };
    Routes::default()
        .page("/api/v1/openapi.json", Access::Public, document)
        .page("/docs", Access::Public, |request: HttpRequest| async move { SWAGGER.answer(&request) })
        .page("/docs/{file}", Access::Public, swagger_file)
        .page("/redoc", Access::Public, |request: HttpRequest| async move { READER.answer(&request) })
        .page("/redoc/reader.js", Access::Public, |request: HttpRequest| async move { READER_SCRIPT.answer(&request) })
        .page("/redoc/reader.css", Access::Public, |request: HttpRequest| async move { READER_STYLE.answer(&request) })
}

async fn swagger_file(request: HttpRequest, path: PathArgs) -> ApiResult<HttpResponse> {
    let name = path.text("file")?;
    if name == "start.js" {
        return Ok(SWAGGER_START.answer(&request));
    }
    let found = SWAGGER_FILES.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
    let file = match found {
        Some(file) => file,
        None => unpacked_file(&name)?,
    };
    Ok(file.answer(&request))
}

/// The files of Swagger UI that were requested, by name.
static SWAGGER_FILES: Mutex<BTreeMap<String, Arc<Asset>>> = Mutex::new(BTreeMap::new());

/// The file of Swagger UI called `name`, kept for later requests; an unknown name is not stored.
fn unpacked_file(name: &str) -> ApiResult<Arc<Asset>> {
    let config = Arc::new(utoipa_swagger_ui::Config::from("/api/v1/openapi.json"));
    let Ok(Some(file)) = utoipa_swagger_ui::serve(name, config) else { return Err(ApiError::unknown_route()) };
    let content_type = match name.rsplit('.').next() {
        Some("js") => JAVASCRIPT,
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("png") => "image/png",
        Some("map" | "json") => "application/json",
        _ => "application/octet-stream",
    };
    let asset = Arc::new(Asset::made(content_type, file.bytes.into_owned()));
    SWAGGER_FILES.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), asset.clone());
    Ok(asset)
}
