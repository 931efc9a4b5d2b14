//! A caller of the service: it submits, follows to the end, and fetches.

use crate::Outcome;
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_proto::v1::job::State;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;

/// What the portal calls with.
pub const TOKEN: &str = "a token of this run";

/// Calls with the portal's token.
#[derive(Clone)]
pub struct Token(MetadataValue<Ascii>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Over one connection.
pub type Client = DisclosureServiceClient<InterceptedService<Channel, Token>>;

/// Connects.
pub async fn connect(address: &str) -> Outcome<Client> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
    let token = Token(format!("Bearer {TOKEN}").parse()?);
    Ok(DisclosureServiceClient::with_interceptor(channel, token))
}

/// Submits: the job's name.
pub async fn submit(client: &mut Client, disclosure: v1::Disclosure) -> Result<String, Status> {
    let request = v1::SubmitDisclosureRequest {
        disclosure: Some(disclosure),
        idempotency_key: String::new(),
    };
    let job = client.submit_disclosure(request).await?.into_inner().job;
    Ok(job.unwrap_or_default().id)
}

/// Follows to the end: how it ended.
pub async fn followed(client: &mut Client, job: &str) -> Result<v1::Job, Status> {
    let request = v1::WatchJobRequest { job: job.to_owned() };
    let mut stream = client.watch_job(request).await?.into_inner();
    let mut last = v1::Job::default();
    while let Some(response) = stream.message().await? {
        last = response.job.unwrap_or_default();
    }
    Ok(last)
}

/// Submits, and follows to a proof.
pub async fn proved(client: &mut Client, disclosure: v1::Disclosure) -> Outcome<v1::Job> {
    let name = submit(client, disclosure).await?;
    let job = followed(client, &name).await?;
    if job.state() == State::Succeeded {
        return Ok(job);
    }
    Err(format!(
        "a job ended as {}, {}: every one of this run holds",
        job.state().as_str_name(),
        job.error_code
    )
    .into())
}

/// Fetches: bytes of the presentation.
pub async fn fetched(client: &mut Client, job: &str) -> Result<usize, Status> {
    let request = v1::FetchPresentationRequest { job: job.to_owned() };
    Ok(client
        .fetch_presentation(request)
        .await?
        .into_inner()
        .presentation
        .len())
}

/// A refusal's stable code.
pub fn code(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
