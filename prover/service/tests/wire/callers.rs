//! Who may call what.

use crate::service::{Service, code, portal, with};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::Uri;
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use medproof_proto::v1;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

async fn reflected(service: &Service, token: Option<&str>) -> Result<(), Status> {
    let http = Http::builder(TokioExecutor::new()).http2_only(true).build_http();
    let origin: Uri = format!("http://{}", service.address).parse().unwrap();
    let mut client = ServerReflectionClient::with_origin(http, origin);
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let stream = futures::stream::iter([asked]);
    let request = match token {
        Some(token) => with(token, stream),
        None => Request::new(stream),
    };
    let mut answers = client.server_reflection_info(request).await?.into_inner();
    assert!(answers.message().await?.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_everybodys_and_everything_else_its_callers() {
    let service = Service::start("").await;
    let http = Http::builder(TokioExecutor::new()).http2_only(true).build_http();
    let origin: Uri = format!("http://{}", service.address).parse().unwrap();
    let mut health = HealthClient::with_origin(http, origin);
    for name in ["", "medproof.v1.DisclosureService"] {
        let check = HealthCheckRequest {
            service: name.to_owned(),
        };
        let response = health.check(check).await.unwrap().into_inner();
        assert_eq!(response.status(), ServingStatus::Serving, "{name}");
    }
    let mut client = service.client();
    let list = v1::ListJobsRequest::default;
    client.list_jobs(portal(list())).await.unwrap();
    for request in [Request::new(list()), with("wrong", list())] {
        let refused = client.list_jobs(request).await.unwrap_err();
        assert_eq!(
            (refused.code(), code(&refused).as_str()),
            (Code::Unauthenticated, "caller.unknown")
        );
    }
    assert_eq!(
        reflected(&service, None).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    reflected(&service, Some("secret")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_is_everybodys_where_the_file_says_so() {
    let service = Service::start("open_reflection = true").await;
    reflected(&service, None).await.unwrap();
    let refused = service
        .client()
        .list_jobs(v1::ListJobsRequest::default())
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "caller.unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_token_names_its_caller() {
    let random = SystemRandom::new();
    let pair = |random: &SystemRandom| {
        let key = Ed25519KeyPair::generate_pkcs8(random).unwrap();
        Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()
    };
    let (key, another) = (pair(&random), pair(&random));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let public = BASE64.encode(key.public_key().as_ref());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": public}]});
    std::fs::write(&file, keys.to_string()).unwrap();
    let issuer = format!(
        "[issuer]\nissuer = \"https://id.example\"\naudience = \"medproof\"\nkeys = \"{}\"",
        file.display()
    );
    let service = Service::start(&issuer).await;
    let token = |key: &Ed25519KeyPair, audience: &str| {
        let header = json!({"alg": "EdDSA", "kid": "one"});
        let claims = json!({"iss": "https://id.example", "aud": audience, "sub": "portal", "tenant": "general",
            "role": "holder", "exp": 4_000_000_000_u64});
        let signed = [header, claims].map(|part| BASE64.encode(part.to_string())).join(".");
        let signature = BASE64.encode(key.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    };
    // Whose name is the file's portal's does not see that one's jobs.
    service.job().await;
    let mut client = service.client();
    let list = v1::ListJobsRequest::default;
    let listed = client.list_jobs(with(&token(&key, "medproof"), list())).await.unwrap();
    assert!(listed.into_inner().jobs.is_empty());
    for wrong in [token(&another, "medproof"), token(&key, "other")] {
        let refused = client.list_jobs(with(&wrong, list())).await.unwrap_err();
        assert_eq!(code(&refused), "caller.unknown");
    }
}
