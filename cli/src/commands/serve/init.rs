//! `medproof serve --init`: a service's files for development: an authority, a certificate, tokens, and the
//! service's own file, which says where they are.

use super::misconfigured;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use medproof_messages::Did;
use medproof_service::auth::TokenDigest;
use medproof_service::config::Config;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

// Nobody grows fond of them.
const LIFE: Duration = Duration::from_secs(30 * 86_400);
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Writes the files of a service of this tenant's; `FOLDER/service.toml` is the one to serve.
///
/// # Errors
/// Where a file is there already, or cannot be written.
pub fn init(folder: &Path, tenant: &str, sponsor: Option<&Did>) -> Result<PathBuf, CliError> {
    let config = folder.join("service.toml");
    files::make_directory(folder)?;
    // Before anything is written beside it.
    files::check_target(&config, Overwrite::Never)?;
    identity(folder)?;
    let mut callers = String::new();
    for role in ["issuer", "holder", "operator"] {
        callers += &caller(folder, tenant, role, None)?;
    }
    if let Some(did) = sponsor {
        callers += &caller(folder, tenant, "sponsor", Some(did))?;
    }
    let text = text(folder, &callers);
    // What is written is what would be read.
    Config::parse(&text).map_err(|error| misconfigured(&config, &error))?;
    files::write_text(&config, &text, Secrecy::Public, Overwrite::Never)?;
    Ok(config)
}

fn text(folder: &Path, callers: &str) -> String {
    let at = |name: &str| quoted(&folder.join(name).display().to_string());
    format!(
        r#"# For development: certificates and tokens beside this file were made by `medproof serve --init`.
# docs/ops/service.md says what else this file may hold.

[listen]
address = "127.0.0.1:7443"
tls = {{ certificate = {}, key = {} }}

[store]
url = {}

[work]
key = {}

[metrics]
address = "127.0.0.1:9464"
{callers}"#,
        at("service.pem"),
        at("service.key"),
        quoted(&format!("sqlite:{}", folder.join("service.db").display())),
        at("work.key"),
    )
}

// JSON's strings are TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

// A token in a file of its own, and its digest.
fn caller(folder: &Path, tenant: &str, role: &str, did: Option<&Did>) -> Result<String, CliError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|e| CliError::system("random", e))?;
    let token = Zeroizing::new(hex::encode(bytes.as_slice()));
    let file = folder.join(format!("{role}.token"));
    files::write_text(&file, &token, Secrecy::Secret, Overwrite::Never)?;
    let did = did.map(|did| format!("did = {}\n", quoted(&did.to_string())));
    Ok(format!(
        "\n[[caller]]\nname = \"{role}\"\ntenant = {}\nrole = \"{role}\"\n{}token_sha256 = \"{}\"\n",
        quoted(tenant),
        did.unwrap_or_default(),
        TokenDigest::of(&token),
    ))
}

// An authority whose key is gone when this returns, and the one certificate that it signs.
fn identity(folder: &Path) -> Result<(), CliError> {
    let failed = |e: rcgen::Error| CliError::system("certificate", e);
    let mut authority = CertificateParams::new(Vec::new()).map_err(failed)?;
    authority
        .distinguished_name
        .push(DnType::CommonName, "medproof development");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.not_after = (SystemTime::now() + LIFE).into();
    let key = KeyPair::generate().map_err(failed)?;
    let root = authority.self_signed(&key).map_err(failed)?;
    let issuer = Issuer::new(authority, key);

    let mut service = CertificateParams::new(NAMES.map(str::to_owned)).map_err(failed)?;
    service
        .distinguished_name
        .push(DnType::CommonName, "medproof development service");
    service.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    service.not_after = (SystemTime::now() + LIFE).into();
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = service.signed_by(&key, &issuer).map_err(failed)?;

    let write =
        |name: &str, text: &str, secrecy| files::write_text(&folder.join(name), text, secrecy, Overwrite::Never);
    write("ca.pem", &root.pem(), Secrecy::Public)?;
    write("service.pem", &certificate.pem(), Secrecy::Public)?;
    write("service.key", &Zeroizing::new(key.serialize_pem()), Secrecy::Secret)
}
