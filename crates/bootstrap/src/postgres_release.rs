//! Downloads the programs of PostgreSQL for the embedded database, if the settings permit it.

use std::io;
use std::thread;

use embedded_postgres::{Download, DownloadedChunk, Release};

use crate::database::data_dir;
use crate::settings::{PostgresDownload, Settings};
use crate::startup::StartupError;

/// Installs the release of the settings into the data directory if a start of the embedded database needs it. Blocks for as long as it
/// takes; a process that is ended meanwhile leaves nothing that is used.
pub fn install_if_needed(settings: &Settings) -> Result<(), StartupError> {
    let embedded = &settings.embedded;
    if settings.database.url.is_some() || embedded.download == PostgresDownload::Off {
        return Ok(());
    }
    let release = Release {
        url: embedded.release_url.clone(),
        version: embedded.release_version.clone(),
        sha256: embedded.release_sha256.clone(),
        is_preferred: embedded.download == PostgresDownload::Always,
    };
    if release.install_if_needed(&data_dir(settings)?, &HttpDownload)? {
        tracing::info!(version = release.version, "PostgreSQL installed");
    }
    Ok(())
}

/// Downloads over HTTP.
struct HttpDownload;

impl Download for HttpDownload {
    /// On a thread of its own, because the calling thread may belong to a runtime.
    fn download(
        &self,
        url: &str,
        receive: &mut (dyn FnMut(DownloadedChunk<'_>) -> io::Result<()> + Send),
    ) -> Result<(), String> {
        thread::scope(|scope| {
            let download = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| error.to_string())?;
                runtime.block_on(http_client::download(url, |bytes, total| receive(DownloadedChunk { bytes, total })))
            });
            download.join().unwrap_or_else(|_| Err("the download panicked".to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use http_client::script::{Script, ScriptedResponse, ok, respond, respond_with};

    use super::*;

    /// What a download of `url` receives.
    async fn download(url: String) -> Result<Vec<u8>, String> {
        let received = tokio::task::spawn_blocking(move || {
            let mut content = Vec::new();
            let outcome = HttpDownload.download(&url, &mut |chunk| {
                content.extend_from_slice(chunk.bytes);
                Ok(())
            });
            outcome.map(|()| content)
        });
        received.await.expect("no panic")
    }

    #[tokio::test]
    async fn download_receives_the_whole_body_or_fails() {
        let content = vec![7; 300_000];
        let server = Script::of([
            ok(content.clone()),
            respond(404, "no such file"),
            respond_with(302, "Location: http://192.0.2.1/postgresql.tar.gz", ""),
            ScriptedResponse::HangUp,
        ])
        .await;
        let url = || format!("{}/17.11.0/postgresql.tar.gz", server.url);
        assert_eq!(download(url()).await, Ok(content));
        assert_eq!(download(url()).await, Err("the server answered 404 Not Found".to_owned()));
        let redirected = download(url()).await.unwrap_err();
        assert!(redirected.contains("without https"), "{redirected}");
        download(url()).await.unwrap_err();
        let insecure = download("http://192.0.2.1/x".to_owned()).await.unwrap_err();
        assert!(insecure.contains("not an https address"), "{insecure}");
    }

    #[tokio::test]
    async fn download_ends_with_the_error_of_the_receiver() {
        let server = Script::of([ok(vec![7; 300_000])]).await;
        let url = server.url.clone();
        let outcome = tokio::task::spawn_blocking(move || {
            HttpDownload.download(&url, &mut |_| Err(io::Error::from(io::ErrorKind::StorageFull)))
        });
        let error = outcome.await.expect("no panic").unwrap_err();
        assert!(error.contains("storage"), "{error}");
    }
}
