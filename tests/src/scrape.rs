//! The metrics of a program.

use std::collections::BTreeSet;

use crate::server::wait_until;

/// The values that a program serves at `GET /metrics`.
#[derive(Debug, Clone)]
pub struct Scrape {
    text: String,
}

impl Scrape {
    /// Scrapes the program that writes `log`, once it serves metrics.
    pub async fn of(log: impl Fn() -> String) -> Self {
        let mut address = None;
        wait_until("metrics are served", async || {
            address = served_at(&log());
            address.is_some()
        })
        .await;
        let url = format!("http://{}/metrics", address.expect("an address"));
        let answer = reqwest::get(url).await.expect("the program answers");
        assert_eq!(answer.status(), 200);
        let content_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        Self { text: answer.text().await.expect("text") }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sum of the samples called `name` that have all of `labels`; `None` if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let has_all = |sample: &&str| labels.iter().all(|label| sample.contains(label));
        let samples = self.samples().filter(|(sample, _)| name_of(sample) == name && has_all(sample));
        samples.map(|(_, value)| value).reduce(|sum, value| sum + value)
    }

    /// The names of all samples, such as `burntop_job_duration_seconds_bucket`.
    pub fn names(&self) -> BTreeSet<&str> {
        self.samples().map(|(sample, _)| name_of(sample)).collect()
    }

    /// Name and labels of each sample, with its value.
    fn samples(&self) -> impl Iterator<Item = (&str, f64)> {
        let lines = self.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            (sample, value.parse().expect("a number"))
        })
    }
}

fn name_of(sample: &str) -> &str {
    sample.split('{').next().unwrap_or(sample)
}

/// The address at which a program serves metrics, from its log.
fn served_at(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("metrics are served"))?;
    Some(line.split("address=").nth(1)?.split_whitespace().next()?.to_owned())
}
