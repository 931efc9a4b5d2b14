//! A master key that this process never has: on another thread as it would be in a token or a service.

use super::*;
use crate::vault::{DataKey, MasterKeyError, MasterKeyId, rewrap};
use core::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_millis(200);

enum Ask {
    Wrap([u8; 32], Vec<u8>),
    Unwrap(Vec<u8>, Vec<u8>),
}

// What a service says, and what it does not say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Works,
    Denies,
    Silent,
}

type Answer = Result<Vec<u8>, &'static str>;

/// Has the key, and answers one question after another.
#[derive(Clone)]
struct Service {
    asks: Sender<(Ask, Sender<Answer>)>,
    mood: Arc<Mutex<Mood>>,
}

impl Service {
    fn start(key: [u8; 32]) -> Service {
        let (asks, asked) = channel::<(Ask, Sender<Answer>)>();
        let mood = Arc::new(Mutex::new(Mood::Works));
        let service = Service {
            asks,
            mood: Arc::clone(&mood),
        };
        thread::spawn(move || {
            let key = LocalMasterKey::from_bytes(key);
            // Whoever stopped waiting is not there to hear it, and those who are waited for keep the line.
            let mut unanswered = Vec::new();
            for (ask, answer) in asked {
                let mood = *mood.lock().unwrap();
                match mood {
                    Mood::Works => drop(answer.send(work(&key, ask))),
                    Mood::Denies => drop(answer.send(Err("AccessDenied"))),
                    Mood::Silent => unanswered.push(answer),
                }
            }
        });
        service
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

fn work(key: &LocalMasterKey, ask: Ask) -> Answer {
    match ask {
        // A service's own envelope is longer than ours, and varies.
        Ask::Wrap(bytes, context) => {
            let wrapped = key.wrap(&DataKey::from_bytes(bytes), &context).unwrap();
            let filler = vec![0; usize::from(wrapped[0] % 7)];
            Ok([&[filler.len() as u8][..], &filler, &wrapped].concat())
        }
        Ask::Unwrap(wrapped, context) => {
            let filler = usize::from(*wrapped.first().ok_or("InvalidCiphertext")?);
            let wrapped = wrapped.get(1 + filler..).ok_or("InvalidCiphertext")?;
            let opened = key.unwrap(wrapped, &context).map_err(|_| "InvalidCiphertext")?;
            Ok(opened.expose().to_vec())
        }
    }
}

/// The client: a name, a line, and patience.
struct Remote {
    name: &'static str,
    service: Service,
}

impl Remote {
    fn ask(&self, ask: Ask) -> Result<Vec<u8>, MasterKeyError> {
        let (answer, answered) = channel();
        let gone = |_| MasterKeyError::Unavailable("the line is closed".to_owned());
        self.service.asks.send((ask, answer)).map_err(gone)?;
        match answered.recv_timeout(PATIENCE) {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err("InvalidCiphertext")) => Err(MasterKeyError::Refused),
            Ok(Err(reason)) => Err(MasterKeyError::Device(reason.to_owned())),
            Err(_) => Err(MasterKeyError::Unavailable("no answer in time".to_owned())),
        }
    }
}

impl MasterKey for Remote {
    fn id(&self) -> MasterKeyId {
        MasterKeyId::named(self.name)
    }

    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Vec<u8>, MasterKeyError> {
        self.ask(Ask::Wrap(*key.expose(), context.to_vec()))
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, MasterKeyError> {
        let bytes = self.ask(Ask::Unwrap(wrapped.to_vec(), context.to_vec()))?;
        let malformed = |_| MasterKeyError::Device("a key of another length".to_owned());
        Ok(DataKey::from_bytes(bytes.try_into().map_err(malformed)?))
    }
}

fn remote(name: &'static str, service: &Service) -> Box<Remote> {
    Box::new(Remote {
        name,
        service: service.clone(),
    })
}

#[test]
fn a_vault_lives_under_a_key_that_it_never_has() {
    let (disk, service) = (SimDisk::default(), Service::start([9; 32]));
    let name = "key/medproof/version/1";
    let mut issuer = Issuer::create_on(disks(&disk), remote(name, &service), "hospital").unwrap();
    issuer.import(&[chart("a", 10), chart("b", 10)]).unwrap();
    enroll(&mut issuer, "a", 1).unwrap();
    let before = fingerprint(&issuer).unwrap();
    drop(issuer);
    let opened = Issuer::open_on(disks(&disk), remote(name, &service)).unwrap();
    assert_eq!(fingerprint(&opened).unwrap(), before);
    drop(opened);
    let other = remote("key/medproof/version/2", &service);
    assert!(matches!(
        Issuer::open_on(disks(&disk), other),
        Err(IssuerError::Vault(VaultError::WrongMasterKey { .. }))
    ));
    // The same name, and another key behind it.
    let imposter = remote(name, &Service::start([8; 32]));
    assert!(matches!(
        Issuer::open_on(disks(&disk), imposter),
        Err(IssuerError::Vault(VaultError::Tampered { .. }))
    ));
}

#[test]
fn a_service_that_fails_is_not_taken_for_tampering_and_changes_nothing() {
    let (disk, service) = (SimDisk::default(), Service::start([9; 32]));
    let mut issuer = Issuer::create_on(disks(&disk), remote("key", &service), "hospital").unwrap();
    issuer.import(&[chart("a", 10)]).unwrap();
    let (before, files) = (fingerprint(&issuer).unwrap(), disk.files());
    service.set(Mood::Silent);
    let silent = |result| {
        matches!(
            result,
            Err(IssuerError::Vault(VaultError::Master(MasterKeyError::Unavailable(_))))
        )
    };
    assert!(silent(issuer.import(&[chart("b", 10)]).map(drop)));
    service.set(Mood::Denies);
    let denied = |result| {
        matches!(
            result,
            Err(IssuerError::Vault(VaultError::Master(MasterKeyError::Device(_))))
        )
    };
    assert!(denied(issuer.import(&[chart("b", 10)]).map(drop)));
    drop(issuer);
    assert!(denied(Issuer::open_on(disks(&disk), remote("key", &service)).map(drop)));
    assert_eq!(disk.files(), files);
    service.set(Mood::Works);
    let mut issuer = Issuer::open_on(disks(&disk), remote("key", &service)).unwrap();
    assert_eq!(fingerprint(&issuer).unwrap(), before);
    issuer.import(&[chart("b", 10)]).unwrap();
}

#[test]
fn a_vault_moves_from_a_file_to_a_service_and_back() {
    let (disk, service) = (SimDisk::default(), Service::start([9; 32]));
    let mut issuer = create(&disk);
    issuer.import(&[chart("a", 10), chart("b", 10)]).unwrap();
    let before = fingerprint(&issuer).unwrap();
    drop(issuer);
    let follow = &mut |_, _| ControlFlow::Continue(());
    rewrap(disks(&disk), master(), &*remote("key", &service), follow).unwrap();
    // Silent half way: it goes on when it answers.
    let calls = &mut |done, _| {
        if done == 2 {
            service.set(Mood::Silent);
        }
        ControlFlow::Continue(())
    };
    let back = rewrap(disks(&disk), remote("key", &service), &*master(), calls);
    assert!(matches!(back, Err(VaultError::Master(MasterKeyError::Unavailable(_)))));
    service.set(Mood::Works);
    let back = rewrap(disks(&disk), remote("key", &service), &*master(), follow).unwrap();
    assert!(back.resumed);
    assert_eq!(fingerprint(&reopen(&disk).unwrap()).unwrap(), before);
}
