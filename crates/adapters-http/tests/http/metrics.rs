//! Metrics of requests.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service, try_call_service};
use adapters_http::app::app;
use adapters_http::edge::{Edge, EdgeSettings};
use domain::clock::{Clock, FixedClock};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::world::NOW;
use crate::support::{OneId, routes};

#[actix_web::test]
async fn requests_are_counted_under_the_pattern_of_their_route_also_after_a_panic() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(NOW));
    let edge = Edge::new(clock, Arc::new(OneId), EdgeSettings::default());
    let app = init_service(app(&edge, routes::all())).await;
    let brew = Method::from_bytes(b"BREW").expect("a method");
    for (method, path) in [
        (Method::GET, "/api/v1/crash"),
        (Method::GET, "/api/v1/crash/"),
        (Method::GET, "/api/v1/people/ada"),
        (Method::HEAD, "/api/v1/people/bob"),
        (Method::GET, "/nothing/here"),
        (Method::DELETE, "/api/v1/people/ada"),
        (brew, "/api/v1/people/ada"),
    ] {
        let request = TestRequest::default().method(method).uri(path).to_request();
        // An error is the answer to a request that was lost in a panic.
        let _ = try_call_service(&app, request).await;
    }
    let text = recorder.handle().render();
    for expected in [
        r#"{method="GET",route="/api/v1/crash",status="500"} 2"#,
        r#"{method="GET",route="/api/v1/people/{name}",status="200"} 1"#,
        r#"{method="HEAD",route="/api/v1/people/{name}",status="200"} 1"#,
        r#"{method="GET",route="unmatched",status="404"} 1"#,
        r#"{method="DELETE",route="unmatched",status="405"} 1"#,
        r#"{method="OTHER",route="unmatched",status="405"} 1"#,
    ] {
        assert!(text.contains(&format!("burntop_http_requests_total{expected}")), "{expected}: {text}");
    }
    assert!(text.contains("burntop_http_requests_in_flight 0"), "{text}");
    for private in ["ada", "bob", "nothing", "BREW"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}
