//! Messages that are made to cost: too long, too deep, or of much out of little; many at once.

use crate::client;
use crate::overhead;
use crate::raw::{self, framed};
use crate::report::{Report, ms, progress};
use crate::spread::Spread;
use crate::world::{Service, Setup, World};
use crate::{Options, Outcome};
use bytes::Bytes;
use medproof_proto::v1;
use prost::Message;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Of a kind, at the same time, each over a connection of its own.
const AT_ONCE: usize = 32;
/// As the service has it where nothing is said.
const LONGEST: usize = 16 << 20;
const GLANCE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);

struct Kind {
    name: &'static str,
    method: &'static str,
    encoding: Option<&'static str>,
    message: Bytes,
    // gRPC's code for it, as a number.
    refused: &'static str,
}

const SUBMIT: &str = "DisclosureService/SubmitDisclosure";
const BATCH: &str = "DisclosureService/BatchSubmitDisclosures";

fn kinds() -> Outcome<Vec<Kind>> {
    let long = vec![0; LONGEST + 1];
    let deep = submission(vec![b'['; LONGEST / 2]);
    // An empty disclosure is two bytes here, and much more once it is read.
    let many = [0x0a, 0].repeat(LONGEST / 2);
    Ok(vec![
        Kind {
            name: "a message that says it has 4 GB",
            method: SUBMIT,
            encoding: None,
            message: framed(false, u32::MAX as usize, &long[..1 << 20]),
            refused: "11",
        },
        Kind {
            name: "a message of 16 MiB and a byte",
            method: SUBMIT,
            encoding: None,
            message: framed(false, long.len(), &long),
            refused: "11",
        },
        Kind {
            name: "a request of eight million brackets",
            method: SUBMIT,
            encoding: None,
            message: framed(false, deep.len(), &deep),
            refused: "3",
        },
        Kind {
            name: "a batch of eight million empty disclosures",
            method: BATCH,
            encoding: None,
            message: framed(false, many.len(), &many),
            refused: "11",
        },
        {
            let bomb = bomb()?;
            Kind {
                name: "a GiB of zeros, compressed",
                method: SUBMIT,
                encoding: Some("gzip"),
                message: framed(true, bomb.len(), &bomb),
                refused: "12",
            }
        },
    ])
}

fn submission(request: Vec<u8>) -> Vec<u8> {
    let disclosure = Some(v1::Disclosure {
        record: "nobody".to_owned(),
        request,
        consent: Vec::new(),
    });
    let message = v1::SubmitDisclosureRequest {
        disclosure,
        idempotency_key: String::new(),
    };
    message.encode_to_vec()
}

// By the system's own gzip.
fn bomb() -> Outcome<Vec<u8>> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = gzip.stdin.take().ok_or("no input")?;
    let writing = std::thread::spawn(move || {
        let zeros = vec![0; 1 << 20];
        (0..1024).try_for_each(|_| input.write_all(&zeros))
    });
    let output = gzip.wait_with_output()?;
    writing.join().map_err(|_| "the writing thread")??;
    Ok(output.stdout)
}

/// Memory and time that refusals take.
pub fn measure(options: &Options) -> Outcome<Report> {
    let world = World::new(options)?;
    let service = world.serve(&Setup::in_file("hostile", 1))?;
    let mut report = Report::new(
        "Messages made to cost",
        format!("{AT_ONCE} of each kind at once, each over a connection of its own; the bound of a message is 16 MiB."),
    );
    let (mut slowest, mut others) = (Duration::ZERO, 0);
    let runtime = Runtime::new()?;
    let before = service.process.resident()?;
    let mut most: f64 = 0.0;
    for kind in kinds()? {
        progress(format_args!("    {}", kind.name));
        let (times, wrong, grown) = runtime.block_on(refused(&service, &kind))?;
        report.time(format!("{}: the slowest refusal", kind.name), times.most());
        report.row(format!("{}: memory grown at most", kind.name), grown / 1e6, "MB");
        slowest = slowest.max(times.most());
        others += wrong;
        most = most.max(grown);
    }
    // It answers who means well as before.
    let after = runtime.block_on(async {
        let mut client = client::connect(&service.address).await?;
        overhead::disclosed(&mut client, &world, 0).await
    })?;
    report.time("a disclosure after all that", after);
    report.row(
        "memory that is kept",
        (service.process.resident()? - before) / 1e6,
        "MB",
    );
    // Twice: as it comes in, and as it is read.
    let bound = 2.0 * (AT_ONCE * LONGEST) as f64 / 1e6;
    report.at_most("memory grown, of any kind", bound, most / 1e6, "MB");
    report.at_most("the slowest refusal", 30_000.0, ms(slowest), "ms");
    report.at_most(
        "answered otherwise than with the refusal that is due",
        0.0,
        f64::from(others),
        "",
    );
    Ok(report)
}

// How long refusals took, how many were others, and by how much the service's memory grew meanwhile.
async fn refused(service: &Service, kind: &Kind) -> Outcome<(Spread, u32, f64)> {
    let before = service.process.resident()?;
    let mut calls = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (address, message) = (service.address.clone(), kind.message.clone());
        let (method, encoding) = (kind.method, kind.encoding);
        calls.spawn(async move {
            let start = Instant::now();
            let called = tokio::time::timeout(PATIENCE, raw::call(&address, method, encoding, message)).await;
            let code = called.unwrap_or_else(|_| Err("patience".into()));
            (start.elapsed(), code)
        });
    }
    let (mut times, mut wrong, mut most) = (Vec::new(), 0, before);
    loop {
        tokio::select! {
            joined = calls.join_next() => {
                let Some(joined) = joined else { break };
                let (time, code) = joined?;
                times.push(time);
                if !code.as_ref().is_ok_and(|code| code == kind.refused) {
                    progress(format_args!("      expected {}, found {code:?}", kind.refused));
                    wrong += 1;
                }
            }
            () = tokio::time::sleep(GLANCE) => {}
        }
        most = most.max(service.process.resident()?);
    }
    Ok((Spread::of(times), wrong, most - before))
}
