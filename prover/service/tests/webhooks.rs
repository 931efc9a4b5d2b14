//! Events at a receiver's own server, whatever it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::told::{AUDIENCE, sponsor};
use medproof_service::caller::Caller;
use medproof_service::events::sender::{Answer, Receiver, Sender};
use medproof_service::events::signature::Secrets;
use medproof_service::events::webhook::{Patience, Webhook, body, deliver};
use medproof_service::events::{Addressee, Kind, NewEvent};
use medproof_service::store::{Owner, Store};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver as Heard};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A request as it came.
#[derive(Clone, Debug)]
struct Hook {
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Hook {
    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    fn read(stream: &mut impl Read) -> Option<Hook> {
        let mut reader = BufReader::new(stream);
        let (mut headers, mut line) = (HashMap::new(), String::new());
        while reader.read_line(&mut line).ok()? > 2 {
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            line.clear();
        }
        let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        Some(Hook { headers, body })
    }
}

type Stream = Box<dyn ReadWrite>;
trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

/// A server on this machine, that answers as it is told; what came is heard.
fn server(
    wrap: impl Fn(TcpStream) -> Stream + Send + Sync + 'static,
    answer: impl Fn(usize, &mut Stream) + Send + Sync + 'static,
) -> (SocketAddr, Heard<Hook>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = mpsc::channel();
    let (shared, count) = (Arc::new((wrap, answer)), AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (shared, tell, turn) = (Arc::clone(&shared), tell.clone(), count.fetch_add(1, Ordering::SeqCst));
            std::thread::spawn(move || {
                let mut stream = shared.0(stream);
                if let Some(hook) = Hook::read(&mut stream) {
                    let _ = tell.send(hook);
                    shared.1(turn, &mut stream);
                }
            });
        }
    });
    (address, heard)
}

fn plain(answer: impl Fn(usize, &mut Stream) + Send + Sync + 'static) -> (SocketAddr, Heard<Hook>) {
    server(|stream| Box::new(stream), answer)
}

fn says(stream: &mut Stream, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes());
    let _ = stream.flush();
}

fn takes(_: usize, stream: &mut Stream) {
    says(stream, "204 No Content");
}

fn at(address: SocketAddr) -> Receiver {
    Receiver {
        url: format!("http://{address}/hook"),
        private_addresses: true,
        roots: None,
    }
}

static SECRETS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [vec![1; 24], vec![2; 64]]);

fn secrets() -> Secrets {
    let lines = SECRETS
        .each_ref()
        .map(|secret| format!("whsec_{}", STANDARD.encode(secret)));
    Secrets::parse(&lines.join("\n")).unwrap()
}

fn patience() -> Patience {
    Patience {
        timeout: Duration::from_millis(700),
        first: Duration::from_millis(50),
        longest: Duration::from_millis(100),
        attempts: 4,
        at_once: 4,
        glance: Duration::from_millis(20),
    }
}

/// A task that delivers a caller's events, until it is dropped.
struct Delivering(tokio::task::JoinHandle<()>, #[allow(dead_code)] watch::Sender<bool>);

impl Drop for Delivering {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn delivering(store: &Store, caller: &Caller, receiver: &Receiver, patience: Patience) -> Delivering {
    let webhook = Webhook::new(Owner::from(caller), receiver, secrets(), patience).unwrap();
    let (stop, stopped) = watch::channel(false);
    Delivering(tokio::spawn(deliver(store.clone(), Arc::new(webhook), stopped)), stop)
}

async fn tell(store: &Store, subject: &str) {
    let event = NewEvent {
        tenant: "general".into(),
        to: Addressee::Audience(AUDIENCE.into()),
        kind: Kind::JobEnded,
        subject: subject.into(),
        job: Some("job:00112233445566778899aabbccddeeff".parse().unwrap()),
        request: Some([5; 32]),
    };
    store.tell(&[event]).await.unwrap();
}

fn next(heard: &Heard<Hook>) -> Hook {
    heard.recv_timeout(Duration::from_secs(10)).unwrap()
}

fn nothing_more(heard: &Heard<Hook>) {
    assert!(heard.recv_timeout(Duration::from_millis(600)).is_err());
}

// RFC 2104, from the hash alone: nothing of what signs.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new_with_prefix(block.map(|b| b ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new_with_prefix(block.map(|b| b ^ 0x5c)).chain_update(inner);
    outer.finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_can_verify_what_it_is_sent() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (address, heard) = plain(takes);
        let _task = delivering(store, &sponsor(), &at(address), patience());
        tell(store, "one").await;
        let hook = next(&heard);
        let stored = store.events(&Owner::from(&sponsor()), 0, 9).await.unwrap();
        assert_eq!(hook.id(), stored[0].1.id.to_string());
        assert_eq!(hook.body, body(&stored[0].1).unwrap());
        assert_eq!(hook.headers["content-type"], "application/json");
        let time: u64 = hook.headers["webhook-timestamp"].parse().unwrap();
        assert!(stored[0].1.made.seconds() <= time && time <= stored[0].1.made.seconds() + 10);
        let signed = [format!("{}.{time}.", hook.id()).as_bytes(), &hook.body].concat();
        // While secrets are changed, by either.
        let expected = SECRETS
            .each_ref()
            .map(|secret| format!("v1,{}", STANDARD.encode(hmac_sha256(secret, &signed))));
        assert_eq!(hook.headers["webhook-signature"], expected.join(" "));
        nothing_more(&heard);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_sent_again_under_the_same_id() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (address, heard) = plain(|turn, stream| match turn {
            0 => says(stream, "500 Internal Server Error"),
            // No answer at all.
            1 => {}
            _ => says(stream, "200 OK"),
        });
        let _task = delivering(store, &sponsor(), &at(address), patience());
        tell(store, "one").await;
        let hooks = [(); 3].map(|()| next(&heard));
        assert!(
            hooks
                .iter()
                .all(|hook| hook.id() == hooks[0].id() && hook.body == hooks[0].body)
        );
        nothing_more(&heard);
        assert_eq!(store.given_up(&Owner::from(&sponsor())).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_while_the_service_died_is_sent_again_under_the_same_id() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        // Answers once the service is dead.
        let (died, dead) = mpsc::channel::<()>();
        let dead = std::sync::Mutex::new(dead);
        let (address, heard) = plain(move |turn, stream| {
            if turn == 0 {
                let _ = dead.lock().unwrap().recv();
            }
            says(stream, "200 OK");
        });
        let short = Patience {
            timeout: Duration::from_secs(2),
            ..patience()
        };
        let task = delivering(store, &sponsor(), &at(address), short.clone());
        tell(store, "one").await;
        let first = next(&heard);
        drop(task);
        tokio::time::sleep(Duration::from_millis(100)).await;
        died.send(()).unwrap();
        let _task = delivering(store, &sponsor(), &at(address), short);
        let again = next(&heard);
        assert_eq!((again.id(), &again.body), (first.id(), &first.body));
        nothing_more(&heard);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_answer_holds_up_nobody_else() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (dead, _heard) = plain(|_, _| std::thread::sleep(Duration::from_secs(60)));
        let (alive, heard) = plain(takes);
        let other = Caller {
            name: "other".into(),
            ..sponsor()
        };
        let slow = Patience {
            timeout: Duration::from_secs(15),
            ..patience()
        };
        let _dead = delivering(store, &other, &at(dead), slow);
        let _alive = delivering(store, &sponsor(), &at(alive), patience());
        let start = Instant::now();
        for n in 0..20 {
            tell(store, &n.to_string()).await;
        }
        let mut ids: Vec<_> = (0..20).map(|_| next(&heard).id().to_owned()).collect();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_taken_is_given_up_and_others_go_on() {
    let (stores, _folder) = common::stores().await;
    for store in &stores {
        let (address, heard) = plain(|turn, stream| match turn {
            0..4 => says(stream, "503 Service Unavailable"),
            4 => says(stream, "410 Gone"),
            _ => says(stream, "200 OK"),
        });
        let _task = delivering(store, &sponsor(), &at(address), patience());
        let owner = Owner::from(&sponsor());
        let given_up = async |count| {
            for _ in 0..200 {
                if store.given_up(&owner).await.unwrap() == count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("not given up");
        };
        tell(store, "refused").await;
        (0..4).for_each(|_| drop(next(&heard)));
        given_up(1).await;
        tell(store, "gone").await;
        next(&heard);
        given_up(2).await;
        tell(store, "taken").await;
        next(&heard);
        nothing_more(&heard);
        assert_eq!(store.given_up(&owner).await.unwrap(), 2);
    }
}

fn sends(receiver: &Receiver) -> Answer {
    Sender::new(receiver, Duration::from_secs(5)).unwrap().send(&[], b"{}")
}

#[test]
fn redirects_are_not_followed() {
    let (elsewhere, heard) = plain(takes);
    for status in [
        "301 Moved",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let (address, came) = plain(move |_, stream| {
            let answer = format!("HTTP/1.1 {status}\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert!(matches!(sends(&at(address)), Answer::NotTaken(_)), "{status}");
        next(&came);
    }
    nothing_more(&heard);
}

#[test]
fn what_a_receiver_answers_is_not_read() {
    let (address, _heard) = plain(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        // Without an end.
        while stream
            .write_all(&[b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat())
            .is_ok()
        {}
    });
    let start = Instant::now();
    assert_eq!(sends(&at(address)), Answer::Taken);
    assert!(start.elapsed() < Duration::from_secs(2));
    // Heads without an end are.
    let (address, _heard) = plain(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(&[b"x: ", &[b'x'; 1000][..], b"\r\n"].concat()).is_ok() {}
    });
    assert!(matches!(sends(&at(address)), Answer::NotTaken(_)));
}

#[test]
fn neighbours_are_not_asked() {
    let (address, heard) = plain(takes);
    for url in [
        format!("https://127.0.0.1:{}/", address.port()),
        format!("https://localhost:{}/", address.port()),
        format!("https://[::ffff:127.0.0.1]:{}/", address.port()),
        // As some resolvers have it.
        format!("https://127.1:{}/", address.port()),
        format!("https://2130706433:{}/", address.port()),
        "https://169.254.169.254/latest/meta-data/".into(),
    ] {
        let receiver = Receiver {
            url: url.clone(),
            private_addresses: false,
            roots: None,
        };
        let Answer::NotTaken(why) = sends(&receiver) else {
            panic!("{url}")
        };
        assert_eq!(why, "its name has no address that it may be at", "{url}");
    }
    nothing_more(&heard);
}

#[test]
fn a_certificate_is_believed_under_the_roots_alone() {
    let certified = |name: &str| generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let (ours, other) = (certified("localhost"), certified("localhost"));
    let elsewhere = certified("sponsor.example");
    let serve = |served: &CertifiedKey<rcgen::KeyPair>| {
        let key = PrivateKeyDer::Pkcs8(served.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![served.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let wrap = move |stream| -> Stream {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            Box::new(StreamOwned::new(connection, stream))
        };
        server(wrap, takes)
    };
    let receiver = |address: SocketAddr, roots: Option<&str>| Receiver {
        url: format!("https://localhost:{}/", address.port()),
        private_addresses: true,
        roots: roots.map(|pem| pem.as_bytes().to_vec()),
    };
    let pem = ours.cert.pem();
    let (address, heard) = serve(&ours);
    assert_eq!(sends(&receiver(address, Some(&pem))), Answer::Taken);
    next(&heard);
    let unbelieved = Answer::NotTaken("its certificate is not believed".into());
    // Under the web's roots, under another's, of another name.
    assert_eq!(sends(&receiver(address, None)), unbelieved);
    assert_eq!(sends(&receiver(address, Some(&other.cert.pem()))), unbelieved);
    let (address, _) = serve(&elsewhere);
    assert_eq!(sends(&receiver(address, Some(&elsewhere.cert.pem()))), unbelieved);
    nothing_more(&heard);
}
