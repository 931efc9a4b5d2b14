//! The keys that this machine proves under: those of ceremonies, which are kept, and in development mode those of
//! public seeds.

use crate::error::CliError;
use crate::text::chain;
use crate::ui::Ui;
use medproof_ceremony::library::{Kept, KeyLibrary, LibraryError, State};
use medproof_engine::Cpu;
use medproof_engine::cpu::{FileError, ReadyKey, Settings};
use medproof_keys::{KeyCard, KeyStore, Mode, places};
use medproof_messages::{KeyId, PinnedKey};
use medproof_service::ring::{Held, Ring, Standing};
use medproof_statement::tier::Tier;
use std::fs;
use std::sync::Arc;

/// A key of this machine.
#[derive(Clone, Debug)]
pub struct Own {
    pinned: PinnedKey,
    // None of a public seed.
    kept: Option<Box<Kept>>,
}

impl Own {
    /// What verifies under it.
    #[must_use]
    pub const fn pinned(&self) -> &PinnedKey {
        &self.pinned
    }

    /// Where it is in its life.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let Some(kept) = &self.kept else {
            return Standing::Active;
        };
        let now = kept.life.now();
        match now.state {
            State::Development | State::Active => Standing::Active,
            State::Retiring => Standing::Retiring(now.since),
            State::Revoked => Standing::Revoked,
        }
    }
}

impl From<Kept> for Own {
    fn from(kept: Kept) -> Own {
        Own {
            pinned: kept.card.pinned.clone(),
            kept: Some(Box::new(kept)),
        }
    }
}

/// Finds keys, and makes them ready.
#[derive(Clone, Copy, Debug)]
pub struct Keyring {
    /// Where progress is shown.
    pub ui: Ui,
    /// Whether insecure keys are taken.
    pub mode: Mode,
}

impl Keyring {
    /// Keys of ceremonies.
    ///
    /// # Errors
    /// Where no place for them is known.
    pub fn library() -> Result<KeyLibrary, CliError> {
        let root = places::keys().map_err(|error| CliError::input("keys.place", error))?;
        Ok(KeyLibrary::at(root))
    }

    /// The key of this id.
    ///
    /// # Errors
    /// `key.none` where there is none; where it may not be used in this mode, or is not what it should be.
    pub fn find(&self, id: KeyId, tier: Tier) -> Result<Own, CliError> {
        let kept = self.library_if_any()?.map(|library| library.card(id)).transpose();
        match kept {
            Ok(Some(kept)) => {
                let admitted = self.mode.admit(kept.card.tier, kept.card.provenance);
                admitted.map_err(|error| CliError::refused("development.key", error))?;
                Ok(kept.into())
            }
            Ok(None) | Err(LibraryError::None { .. }) if self.mode == Mode::Development => {
                let seeded = self.seeded(tier)?;
                if seeded.pinned.id() == id {
                    return Ok(seeded);
                }
                let own = seeded.pinned.id();
                let message = format!(
                    "the request asks for a proof under key {id}; this prover has {own} in tier {tier}, for development"
                );
                Err(CliError::refused("key.other", message)
                    .with_help("ask the audience for a request that names this key"))
            }
            Ok(None) => Err(CliError::input("key.none", format!("expected key {id}, found none"))),
            Err(error) => Err(error.into()),
        }
    }

    // For development keys of ceremonies are not needed, nor a place for them.
    fn library_if_any(&self) -> Result<Option<KeyLibrary>, CliError> {
        match Self::library() {
            Err(_) if self.mode == Mode::Development => Ok(None),
            library => library.map(Some),
        }
    }

    /// All keys of some tiers that may be used in this mode, whatever has become of them.
    ///
    /// # Errors
    /// Where one is not what it should be.
    pub fn of_tiers(&self, tiers: &[Tier]) -> Result<Vec<Own>, CliError> {
        let library = self.library_if_any()?;
        let kept = library.map_or(Ok(Vec::new()), |library| library.cards())?;
        let usable = |kept: &Kept| {
            tiers.contains(&kept.card.tier) && self.mode.admit(kept.card.tier, kept.card.provenance).is_ok()
        };
        let mut keys: Vec<Own> = kept.into_iter().filter(usable).map(Own::from).collect();
        if self.mode == Mode::Development {
            for tier in tiers {
                keys.push(self.seeded(*tier)?);
            }
        }
        Ok(keys)
    }

    // Made at its first use.
    fn seeded(&self, tier: Tier) -> Result<Own, CliError> {
        let bar = self.ui.bar(&format!("development key {tier}"));
        let card = KeyStore::of_user()?.development_card(tier, &bar)?;
        Ok(Own {
            pinned: card.pinned,
            kept: None,
        })
    }

    /// A key made ready, at its first use, and found so again.
    ///
    /// # Errors
    /// Where it cannot be read or made ready.
    pub fn ready(&self, own: &Own) -> Result<Arc<ReadyKey>, CliError> {
        let tier = own.pinned.info().tier;
        let (key, unkept) = match &own.kept {
            Some(kept) => self.ready_kept(kept)?,
            None => {
                let bar = self.ui.bar(&format!("development key {tier}"));
                ReadyKey::development(&KeyStore::of_user()?, tier, Settings::default(), &bar, &bar)?
            }
        };
        if let Some(reason) = unkept {
            self.ui.note(format!(
                "the key was made ready, but could not be kept for the next time: {}",
                chain(&reason)
            ));
        }
        Ok(Arc::new(key))
    }

    fn ready_kept(&self, kept: &Kept) -> Result<(ReadyKey, Option<FileError>), CliError> {
        let (card, settings) = (&prepared(kept), Settings::default());
        let bar = self.ui.bar(&format!("key {}", card.tier));
        let found = ReadyKey::found(card, settings, &bar);
        if let Some(ready) = found.map_err(|error| CliError::system("prover.key", chain(&error)))? {
            return Ok((ready, None));
        }
        let key = Self::library()?.load(kept.id(), &bar)?;
        ReadyKey::made(card, &key, settings, &bar).map_err(|error| CliError::system("prover", chain(&error)))
    }

    /// An engine that proves under a key.
    ///
    /// # Errors
    /// As [`Keyring::ready`].
    pub fn engine(&self, own: &Own) -> Result<Cpu, CliError> {
        let key = self.ready(own)?;
        Cpu::new(self.mode, [key]).map_err(|error| CliError::refused("development.key", error))
    }

    /// What a service or a worker proves under from now on. What is ready in its ring stays so, which may be gigabytes;
    /// of a revoked key nothing is made ready.
    ///
    /// # Errors
    /// As [`Keyring::ready`], and where there is no key of a tier.
    pub fn held(&self, tiers: &[Tier], ring: &Ring) -> Result<Vec<Held>, CliError> {
        let keys = self.of_tiers(tiers)?;
        let has = |tier: &&Tier| {
            let of = |own: &&Own| own.pinned.info().tier == **tier && own.standing() != Standing::Revoked;
            keys.iter().any(|own| of(&own))
        };
        if let Some(tier) = tiers.iter().find(|tier| !has(tier)) {
            let message = format!("expected a key of tier {tier} that is not revoked, found none");
            return Err(CliError::input("key.none", message).with_help(
                "finish a ceremony with `medproof keys ceremony finish`, or to try things out add --development",
            ));
        }
        let usable = keys.iter().filter(|own| own.standing() != Standing::Revoked);
        usable
            .map(|own| {
                let engine = match ring.ready(&own.pinned.id()) {
                    Some(engine) => engine,
                    None => Arc::new(self.engine(own)?),
                };
                Ok(Held::new(&own.pinned, own.standing(), engine))
            })
            .collect()
    }
}

// What is made of a key is kept in the cache: the key's own directory may be one that many read and nobody writes.
fn prepared(kept: &Kept) -> KeyCard {
    let mut card = kept.card.clone();
    if let (Ok(cache), Some(name)) = (places::cache(), card.directory.file_name()) {
        card.directory = cache.join("keys").join("prepared").join(name);
        // Where it cannot be made nothing can be kept in it, and that is said.
        let _ = fs::create_dir_all(&card.directory);
    }
    card
}

impl From<LibraryError> for CliError {
    fn from(error: LibraryError) -> CliError {
        let message = chain(&error);
        match error {
            LibraryError::None { .. } => CliError::input("key.none", message),
            LibraryError::Key(error) => error.into(),
            LibraryError::Ceremony(error) => error.into(),
            LibraryError::Life { .. } => CliError::refused("key.life", message),
            LibraryError::File(medproof_ceremony::FileError::Io { .. }) => CliError::system("key.file", message),
            _ => CliError::refused("key.altered", message),
        }
    }
}
