//! Calls from browsers.

use crate::service::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/medproof.v1.DisclosureService/ListJobs";

// Over HTTP/1.1, as it is on the wire.
async fn answered(service: &Service, request: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = format!("{request}host: {}\r\nconnection: close\r\n\r\n", service.address);
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).to_lowercase()
}

fn call(token: &str) -> String {
    format!(
        "POST {PATH} HTTP/1.1\r\ncontent-type: application/grpc-web+proto\r\nauthorization: Bearer {token}\r\n\
         origin: https://portal.example\r\nx-grpc-web: 1\r\ncontent-length: 5\r\n"
    )
}

fn asked(origin: &str) -> String {
    format!(
        "OPTIONS {PATH} HTTP/1.1\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
         access-control-request-headers: authorization,content-type,x-grpc-web\r\n"
    )
}

const ALLOWED: &str = "access-control-allow-origin: https://portal.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_named_origin_calls_over_http_1() {
    let service = Service::start("[web]\norigins = [\"https://portal.example\"]").await;
    let answer = answered(&service, &call("secret"), &[0; 5]).await;
    assert!(
        answer.starts_with("http/1.1 200") && answer.contains("application/grpc-web"),
        "{answer}"
    );
    assert!(answer.contains("grpc-status:0") && answer.contains(ALLOWED), "{answer}");
    let refused = answered(&service, &call("wrong"), &[0; 5]).await;
    assert!(
        refused.contains("grpc-status: 16") && refused.contains("caller.unknown"),
        "{refused}"
    );
    assert!(
        refused.contains(ALLOWED) && refused.contains("grpc-status-details-bin"),
        "{refused}"
    );
    let allowed = answered(&service, &asked("https://portal.example"), &[]).await;
    assert!(
        allowed.contains(ALLOWED) && allowed.contains("access-control-allow-methods: post"),
        "{allowed}"
    );
    for other in ["https://portal.example.org", "http://portal.example", "null"] {
        let answer = answered(&service, &asked(other), &[]).await;
        assert!(!answer.contains("access-control-allow-origin"), "{other}: {answer}");
    }
    // Callers that are no browsers go on as before.
    crate::service::list(&mut service.client()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_origins_nothing_comes_of_http_1() {
    let service = Service::start("").await;
    for request in [call("secret"), asked("https://portal.example")] {
        let answer = answered(&service, &request, &[0; 5]).await;
        assert!(
            !answer.contains("http/1.1 2") && !answer.contains("access-control"),
            "{answer}"
        );
    }
}
