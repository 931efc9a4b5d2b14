//! What operators see.

use crate::service::{Service, list, portal};
use medproof_proto::v1;
use medproof_service::metrics::{self, Metrics};
use medproof_statement::tier::Tier;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpListener;

// By name, with what stands in braces: each sample of a page in OpenMetrics' form, held to it.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    assert_eq!(page.lines().last(), Some("# EOF"));
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        assert!(
            bare.starts_with("medproof_") && bare.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{line}"
        );
        assert!(name == bare || name.ends_with('}'), "{line}");
        assert!(
            found.insert(name.to_owned(), value.parse().unwrap()).is_none(),
            "{line}"
        );
    }
    found
}

async fn page(metrics: &Metrics) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(metrics::serve(listener, metrics.clone()));
    let got = tokio::task::spawn_blocking(move || {
        let mut response = ureq::get(format!("http://{address}/metrics")).call().unwrap();
        let form = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(form.starts_with("application/openmetrics-text"), "{form}");
        assert!(ureq::get(format!("http://{address}/")).call().is_err());
        response.body_mut().read_to_string().unwrap()
    });
    got.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_refusals_streams_and_jobs_are_counted() {
    let service = Service::start("[limits]\nburst = 4\ncalls_per_second = 1").await;
    let mut client = service.client();
    let job = service.job().await;
    let watch = portal(v1::WatchJobRequest { job: job.clone() });
    let mut stream = client.watch_job(watch).await.unwrap().into_inner();
    stream.message().await.unwrap();
    list(&mut client).await.unwrap();
    client.list_jobs(v1::ListJobsRequest::default()).await.unwrap_err();
    let no_job = portal(v1::GetJobRequest { job: "job:none".into() });
    client.get_job(no_job).await.unwrap_err();
    service.metrics.key_loaded(Tier::M);
    // Store and ledger are looked at every five seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let found = samples(&page(&service.metrics).await);
    for (name, expected) in [
        (
            "medproof_call_seconds_count{method=\"DisclosureService/ListJobs\"}",
            2.0,
        ),
        (
            "medproof_refusals_total{method=\"DisclosureService/ListJobs\",code=\"caller.unknown\"}",
            1.0,
        ),
        (
            "medproof_refusals_total{method=\"DisclosureService/GetJob\",code=\"job.none\"}",
            1.0,
        ),
        ("medproof_streams_open", 1.0),
        ("medproof_calls_open", 1.0),
        ("medproof_connections_open", 1.0),
        ("medproof_jobs{state=\"queued\",tier=\"XS\"}", 1.0),
        ("medproof_jobs{state=\"running\",tier=\"XS\"}", 0.0),
        ("medproof_key_loads_total{tier=\"M\"}", 1.0),
    ] {
        assert_eq!(found.get(name), Some(&expected), "{name} in {found:#?}");
    }
    assert!(found["medproof_resident_memory_bytes"] > 1e6);
    // The ledger's clock stands still since 2023.
    assert!(found["medproof_ledger_age_seconds"] > 1e7);
    drop((stream, client));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let found = samples(&page(&service.metrics).await);
    assert_eq!(
        (found["medproof_streams_open"], found["medproof_connections_open"]),
        (0.0, 0.0)
    );
}
