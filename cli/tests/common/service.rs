//! `medproof serve`, called over gRPC.
// Not every test's program calls all of it.
#![allow(dead_code)]

use super::World;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tokio::runtime::Runtime;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt;

/// What a configuration has of a token.
pub fn digest(token: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Of a configuration, who may call: by tenant, role and token. A sponsor asks under this DID.
pub fn callers(did: &str, callers: &[(&str, &str, &str)]) -> String {
    let caller = |(tenant, role, token): &(&str, &str, &str)| {
        let did = if *role == "sponsor" {
            format!("did = \"{did}\"\n")
        } else {
            String::new()
        };
        format!(
            "[[caller]]\nname = \"{role}\"\ntenant = \"{tenant}\"\nrole = \"{role}\"\n{did}token_sha256 = \"{}\"\n",
            digest(token)
        )
    };
    callers.iter().map(caller).collect()
}

/// A refusal's stable code.
pub fn code(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// A service that listens. Ended with the test.
pub struct Service {
    pub process: Child,
    pub address: String,
    pub runtime: Runtime,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Calls with this token.
#[derive(Clone)]
pub struct Token(pub &'static str);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value: MetadataValue<_> = format!("Bearer {}", self.0).parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

impl Service {
    /// By the world's `service.toml`.
    pub fn start(world: &World) -> Service {
        Service::of(&mut world.command(&["serve", "--config", "service.toml", "--tier", "XS"]))
    }

    /// By this command.
    pub fn of(command: &mut Command) -> Service {
        let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let listening = lines.find_map(|line| Some(line.unwrap().strip_prefix("listening on ")?.to_owned()));
        // What it says later must go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Service {
            process,
            address: listening.expect("it listens"),
            runtime: Runtime::new().unwrap(),
        }
    }

    /// For a client that calls with this token.
    pub fn channel(&self, token: &'static str) -> InterceptedService<Channel, Token> {
        let channel = Channel::from_shared(format!("http://{}", self.address)).unwrap();
        let channel = self.runtime.block_on(channel.connect()).unwrap();
        InterceptedService::new(channel, Token(token))
    }
}
