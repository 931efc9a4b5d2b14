//! A service of a test's own, without workers: what is submitted waits.

use crate::common;
use http::Uri;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use medproof_audit::{PseudonymKey, SigningKey};
use medproof_keys::Mode;
use medproof_ledger::{Account, Council, DeployConfig, EmbeddedLedger, ManualClock};
use medproof_messages::terms;
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use medproof_records::issuer as records;
use medproof_records::vault::LocalMasterKey;
use medproof_service::audit::Audit;
use medproof_service::auth::{Callers, Issuer};
use medproof_service::caller::{Caller, Role};
use medproof_service::config::Config;
use medproof_service::consent::{Consents, Publisher};
use medproof_service::disclosure::{Arrivals, Disclosures, Records};
use medproof_service::guard::Guard;
use medproof_service::hospital::Hospital;
use medproof_service::issuer::Registrar;
use medproof_service::metrics::{self, Metrics};
use medproof_service::seal::WorkKey;
use medproof_service::server::{self, Services};
use medproof_service::store::{Owner, Store, Urgency};
use medproof_service::tls::Tls;
use medproof_service::verification::Verification;
use medproof_service::watch::Hub;
use medproof_statement::tier::Tier;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::metadata::MetadataValue;
use tonic::{Request, Status};
use tonic_types::StatusExt;

// Of the token `secret`.
const PORTAL: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

pub struct Service {
    pub address: SocketAddr,
    pub store: Store,
    pub metrics: Metrics,
    pub hub: Arc<Hub>,
    pub tls: Option<Tls>,
    pub folder: TempDir,
    pub stop: Option<oneshot::Sender<()>>,
    pub task: JoinHandle<()>,
}

// Of a hospital without a patient.
fn services(folder: &TempDir, store: &Store, hub: &Arc<Hub>, guard: &Guard, named: terms::Ledger) -> Services {
    let master = Box::new(LocalMasterKey::from_bytes([1; 32]));
    let issuer = records::Issuer::create(&folder.path().join("vault"), master, "general").unwrap();
    let account = Account::development("issuer").unwrap();
    let hospital = Arc::new(Hospital::new(issuer, account.clone(), Arc::clone(&guard.ledger)));
    let pseudonyms = Arc::new(PseudonymKey::from_bytes([1; 32]));
    let publisher = Publisher {
        ledger: Arc::clone(&guard.ledger),
        account,
    };
    let audit = Audit {
        store: store.clone(),
        hospital: Arc::clone(&hospital),
        pseudonyms: Arc::clone(&pseudonyms),
        key: SigningKey::from_seed("medproof/general", &[1; 32]).unwrap(),
    };
    Services {
        audit: Arc::new(audit),
        disclosures: Arc::new(Disclosures {
            store: store.clone(),
            key: WorkKey::from_bytes([1; 32]),
            records: Arc::clone(&hospital) as Arc<dyn Records>,
            keys: Default::default(),
            ledger: named,
            guard: guard.clone(),
            wake: Default::default(),
            hub: Arc::clone(hub),
            times: Default::default(),
            pseudonyms: Arc::clone(&pseudonyms),
            bounds: common::MANY,
            arrivals: Arrivals::default(),
        }),
        registrar: Arc::new(Registrar {
            hospital: Arc::clone(&hospital),
            store: store.clone(),
            pseudonyms: Arc::clone(&pseudonyms),
            hub: Arc::clone(hub),
        }),
        consents: Arc::new(Consents {
            store: store.clone(),
            pseudonyms,
            hospital,
            hub: Arc::clone(hub),
            named,
            publisher: Arc::new(publisher),
        }),
        store: store.clone(),
        verification: Arc::new(Verification {
            ledger: Arc::clone(&guard.ledger),
            named,
            keys: Default::default(),
            mode: Mode::Development,
        }),
    }
}

fn guard(folder: &TempDir) -> (Guard, terms::Ledger) {
    let council = Account::development("council").unwrap();
    let config = DeployConfig {
        council: Council {
            members: vec![council.address()],
            threshold: 1,
            pause_threshold: 1,
            delay: 3600,
        },
        grace: 60,
        development: true,
    };
    let clock = ManualClock::at(1_700_000_000);
    let ledger = EmbeddedLedger::create(&folder.path().join("ledger"), clock, &council, &config).unwrap();
    let named = terms::Ledger::new(1, [1; 20]).unwrap();
    let guard = Guard {
        ledger: Arc::new(ledger),
        issuer: council.address(),
    };
    (guard, named)
}

/// The file of a service whose portal has the token `secret`; `more` follows what is said of listening.
pub fn configuration(more: &str) -> String {
    format!(
        r#"
[listen]
address = "127.0.0.1:0"
{more}

[store]
url = "sqlite:unused"

[[caller]]
name = "portal"
tenant = "general"
role = "holder"
token_sha256 = "{PORTAL}"
"#
    )
}

impl Service {
    pub async fn start(more: &str) -> Service {
        Service::of(&configuration(more)).await
    }

    pub async fn of(file: &str) -> Service {
        let config = Config::parse(file).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("service.db").display());
        let store = Store::open(&database).await.unwrap();
        let metrics = Metrics::default();
        let (guard, ledger) = guard(&folder);
        let hub = Arc::new(Hub::default());
        let services = services(&folder, &store, &hub, &guard, ledger);
        let web = config.web.is_some();
        let tls = config.listen.tls.as_ref().map(|files| Tls::open(files, web).unwrap());
        let issuer = config.issuer.as_ref().map(|issuer| Issuer::new(issuer).unwrap());
        let settings = server::Settings {
            tls: tls.clone(),
            callers: Callers::new(config.callers().unwrap(), issuer),
            limits: config.limits,
            web: config.web.clone(),
            open_reflection: config.listen.open_reflection,
            drain: config.drain,
            metrics: metrics.clone(),
        };
        tokio::spawn(metrics::look_out(metrics.clone(), store.clone(), Some(guard.ledger)));
        let listener = TcpListener::bind(config.listen.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            server::serve(listener, settings, services, stopped).await.unwrap();
        });
        Service {
            address,
            store,
            metrics,
            hub,
            tls,
            folder,
            stop: Some(stop),
            task,
        }
    }

    /// A job of the portal's that nobody works on.
    pub async fn job(&self) -> String {
        let portal = Owner::from(&Caller {
            tenant: "general".into(),
            name: "portal".into(),
            role: Role::Holder,
            did: None,
        });
        let job = common::job(Tier::Xs);
        let name = job.id.to_string();
        self.store
            .submit(&portal, &[job], Urgency::Person, None, &common::MANY)
            .await
            .unwrap();
        name
    }

    /// A client with a connection of its own, which minds no deadline but sends it.
    pub fn client(&self) -> Client {
        let http = Http::builder(TokioExecutor::new()).http2_only(true).build_http();
        let origin: Uri = format!("http://{}", self.address).parse().unwrap();
        DisclosureServiceClient::with_origin(http, origin)
    }
}

pub type Client = DisclosureServiceClient<Http<HttpConnector, Body>>;

/// With a token.
pub fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// With the portal's token.
pub fn portal<T>(message: T) -> Request<T> {
    with("secret", message)
}

/// To be answered within this time, as gRPC writes it.
pub fn within<T>(deadline: &str, message: T) -> Request<T> {
    let mut request = portal(message);
    request.metadata_mut().insert("grpc-timeout", deadline.parse().unwrap());
    request
}

pub async fn list(client: &mut Client) -> Result<usize, Status> {
    let listed = client.list_jobs(portal(v1::ListJobsRequest::default())).await?;
    Ok(listed.into_inner().jobs.len())
}

/// Our code.
pub fn code(status: &Status) -> String {
    medproof_service::error::reason(status)
}

pub fn wait(status: &Status) -> Option<std::time::Duration> {
    status.get_error_details().retry_info()?.retry_delay
}
