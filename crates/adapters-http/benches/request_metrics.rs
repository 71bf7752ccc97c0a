//! How long it takes to record the metrics of one request.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use adapters_http::metrics::record_answer;
use criterion::{Criterion, criterion_group, criterion_main};
use metrics::SharedString;
use metrics_exporter_prometheus::PrometheusBuilder;

/// The routes that the requests of the measurement have in turn.
const ROUTES: usize = 64;

fn request_metrics(criterion: &mut Criterion) {
    let routes: Vec<Arc<str>> = (0..ROUTES).map(|index| format!("/api/v1/users/{{username}}/{index}").into()).collect();
    let mut next = 0;
    let mut record = || {
        next = (next + 1) % ROUTES;
        let route = SharedString::from_shared(Arc::clone(&routes[next]));
        record_answer(black_box(&Method::GET), route, StatusCode::OK, Duration::from_micros(next as u64 * 100));
    };
    let mut group = criterion.benchmark_group("metrics of a request");
    group.bench_function("off", |bench| bench.iter(&mut record));

    let recorder = PrometheusBuilder::new().set_buckets(adapters_http::metrics::DURATION_BOUNDS).expect("buckets");
    let recorder = recorder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("the only recorder");
    // As the programs do, but more often, because more requests are recorded.
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_millis(100));
            handle.run_upkeep();
        }
    });
    group.bench_function("on", |bench| bench.iter(&mut record));
    group.finish();
}

criterion_group!(benches, request_metrics);
criterion_main!(benches);
