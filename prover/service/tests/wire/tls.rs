//! TLS, and who calls by a certificate: with real ones, made here.

use crate::service::{Service, code, configuration, portal};
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_client::DisclosureServiceClient;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

struct Leaf {
    certificate: String,
    key: String,
    digest: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Authority { issuer, pem }
    }

    fn leaf(&self, purpose: ExtendedKeyUsagePurpose, dns: &[&str], uri: Option<&str>) -> Leaf {
        let dns: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        if let Some(uri) = uri {
            params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        }
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            digest: hex::encode(Sha256::digest(certificate.der())),
        }
    }

    fn service(&self, folder: &Path) {
        let leaf = self.leaf(ExtendedKeyUsagePurpose::ServerAuth, &["localhost"], None);
        fs::write(folder.join("service.pem"), leaf.certificate).unwrap();
        fs::write(folder.join("service.key"), leaf.key).unwrap();
    }

    fn caller(&self, dns: &[&str], uri: Option<&str>) -> Leaf {
        self.leaf(ExtendedKeyUsagePurpose::ClientAuth, dns, uri)
    }
}

// A service with this authority's certificate.
async fn started(authority: &Authority, callers: Option<&Authority>, more: &str) -> (Service, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    authority.service(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut tls = format!(
        "certificate = \"{}\", key = \"{}\"",
        at("service.pem"),
        at("service.key")
    );
    if let Some(callers) = callers {
        fs::write(folder.path().join("callers.pem"), &callers.pem).unwrap();
        tls = format!("{tls}, callers = \"{}\"", at("callers.pem"));
    }
    let file = configuration(&format!("tls = {{ {tls} }}")) + more;
    (Service::of(&file).await, folder)
}

type Client = DisclosureServiceClient<Channel>;

async fn connected(service: &Service, trusted: &Authority, identity: Option<&Leaf>) -> Result<Client, String> {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&trusted.pem))
        .domain_name("localhost");
    if let Some(leaf) = identity {
        tls = tls.identity(Identity::from_pem(&leaf.certificate, &leaf.key));
    }
    let endpoint = Channel::from_shared(format!("https://{}", service.address)).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().connect().await;
    channel
        .map(DisclosureServiceClient::new)
        .map_err(|error| format!("{error:?}"))
}

// Without a token.
async fn listed(client: &mut Client) -> Result<usize, Status> {
    let listed = client.list_jobs(v1::ListJobsRequest::default()).await?;
    Ok(listed.into_inner().jobs.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_service_is_known_and_callers_have_tokens() {
    let (ours, another) = (Authority::new(), Authority::new());
    let (service, _folder) = started(&ours, None, "").await;
    let mut client = connected(&service, &ours, None).await.unwrap();
    client.list_jobs(portal(v1::ListJobsRequest::default())).await.unwrap();
    assert_eq!(code(&listed(&mut client).await.unwrap_err()), "caller.unknown");
    // A certificate that nobody asked for names nobody.
    let certificate = ours.caller(&["portal.example"], None);
    let mut client = connected(&service, &ours, Some(&certificate)).await.unwrap();
    assert_eq!(code(&listed(&mut client).await.unwrap_err()), "caller.unknown");
    // Who trusts others does not speak to it.
    assert!(connected(&service, &another, None).await.is_err());
    // Nor does it speak to who does without TLS.
    let plain = service.client().list_jobs(portal(v1::ListJobsRequest::default())).await;
    assert!(plain.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_names_its_caller() {
    let (ours, theirs, another) = (Authority::new(), Authority::new(), Authority::new());
    let known = theirs.caller(&[], None);
    let caller = |name: &str, certificate: &str| {
        format!(
            "[[caller]]\nname = \"{name}\"\ntenant = \"general\"\nrole = \"holder\"\ncertificate = \"{certificate}\"\n"
        )
    };
    let more = [
        caller("by digest", &format!("sha256:{}", known.digest)),
        caller("by uri", "spiffe://hospital/portal"),
        caller("by dns", "portal.example"),
    ];
    let (service, _folder) = started(&ours, Some(&theirs), &more.concat()).await;
    let portals_job = service.job().await;
    for leaf in [
        known,
        theirs.caller(&["other.example"], Some("spiffe://hospital/portal")),
        theirs.caller(&["Portal.example"], None),
    ] {
        let mut client = connected(&service, &ours, Some(&leaf)).await.unwrap();
        assert_eq!(listed(&mut client).await.unwrap(), 0);
        // With a token it is the token's caller.
        let request = portal(v1::GetJobRequest {
            job: portals_job.clone(),
        });
        assert!(client.get_job(request).await.is_ok());
    }
    // One of the right authority, with names that nobody has; its common name is none of them.
    let stranger = theirs.caller(
        &["rcgen self signed cert", "*.example"],
        Some("spiffe://hospital/porta"),
    );
    let mut client = connected(&service, &ours, Some(&stranger)).await.unwrap();
    assert_eq!(code(&listed(&mut client).await.unwrap_err()), "caller.unknown");
    // None, one of another authority with the right names, and one that is for servers.
    let foreign = another.caller(&["portal.example"], None);
    let wrong = theirs.leaf(ExtendedKeyUsagePurpose::ServerAuth, &["portal.example"], None);
    for leaf in [None, Some(&foreign), Some(&wrong)] {
        // Refused in the handshake, which a client may find out with its first call.
        if let Ok(mut client) = connected(&service, &ours, leaf).await {
            let refused = listed(&mut client).await.unwrap_err();
            assert_ne!(code(&refused), "caller.unknown", "{refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_replaced_and_connections_stay() {
    let (old, new) = (Authority::new(), Authority::new());
    let (service, folder) = started(&old, None, "").await;
    let list = || portal(v1::ListJobsRequest::default());
    let mut before = connected(&service, &old, None).await.unwrap();
    before.list_jobs(list()).await.unwrap();
    new.service(folder.path());
    service.tls.as_ref().unwrap().reload().unwrap();
    let mut after = connected(&service, &new, None).await.unwrap();
    after.list_jobs(list()).await.unwrap();
    before.list_jobs(list()).await.unwrap();
    assert!(connected(&service, &old, None).await.is_err());
    // What is none leaves what was there.
    fs::write(folder.path().join("service.key"), "none").unwrap();
    assert!(service.tls.as_ref().unwrap().reload().is_err());
    connected(&service, &new, None).await.unwrap();
}
