//! What a kept key is, and where it is in its life: the file beside it.

use super::life::Life;
use crate::transcript::{Plan, Transcript, TranscriptError, field, json, one_form};
use medproof_keys::manifest::FileEntry;
use medproof_keys::{CircuitKey, Provenance, Sha256Digest};
use medproof_messages::KeyId;
use medproof_statement::tier::Tier;
use serde::{Deserialize, Serialize};

/// The form of this file.
pub const FORMAT: &str = "medproof-kept-key/1";

/// A kept key's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `medproof-kept-key/1`.
    pub format: String,
    /// What requests and presentations name the key by.
    pub key_id: Sha256Digest,
    /// XS, S, M or L.
    pub tier: String,
    /// Of the circuit.
    pub circuit_version: u32,
    /// Of A, B and C.
    pub matrix_digest: Sha256Digest,
    /// Of the transcript of the ceremony that the key comes from.
    pub transcript: Sha256Digest,
    /// How many took part with keys of their own.
    pub contributors: u32,
    /// Where the key is in its life, and since when.
    pub life: Life,
    /// The key's files.
    pub files: Vec<FileEntry>,
}

impl Manifest {
    /// Of a key that is taken in.
    pub(super) fn new(key: &CircuitKey, transcript: &Transcript, life: Life, files: Vec<FileEntry>) -> Manifest {
        let people = transcript.turns.iter().filter(|turn| turn.signature.is_some());
        Manifest {
            format: FORMAT.into(),
            key_id: Sha256Digest(key.pinned().id().0),
            tier: key.tier().name().into(),
            circuit_version: key.version(),
            matrix_digest: Sha256Digest(key.shape().digest),
            transcript: Sha256Digest::of(&transcript.to_bytes()),
            contributors: people.count() as u32,
            life,
            files,
        }
    }

    /// Reads the manifest of the key with this id.
    ///
    /// # Errors
    /// [`TranscriptError::Json`], [`TranscriptError::Form`], [`TranscriptError::Field`].
    pub fn read(bytes: &[u8], id: KeyId) -> Result<Manifest, TranscriptError> {
        let manifest: Manifest = one_form(bytes, "the manifest", Manifest::to_bytes)?;
        let format = &manifest.format;
        field("format", &FORMAT, format, format == FORMAT)?;
        let id = Sha256Digest(id.0);
        field("key_id", &id, &manifest.key_id, manifest.key_id == id)?;
        let known = manifest.tier.parse::<Tier>().is_ok();
        field("tier", &"XS, S, M or L", &manifest.tier, known)?;
        Ok(manifest)
    }

    /// The manifest's file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    /// Where the key comes from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        Provenance::Ceremony {
            transcript: self.transcript,
            development: self.life.is_development(),
        }
    }

    /// Requires it to say of the ceremony what plan and transcript say.
    pub(super) fn check(&self, plan: &Plan, transcript: &Transcript) -> Result<(), TranscriptError> {
        let found = Sha256Digest::of(&transcript.to_bytes());
        field("transcript", &self.transcript, &found, self.transcript == found)?;
        let (circuit, digest) = (&plan.circuit, &plan.circuit.matrix_digest);
        let tier = circuit.tier().is_some_and(|tier| tier.name() == self.tier);
        field("tier", &circuit.name, &self.tier, tier)?;
        let version = &self.circuit_version;
        field(
            "circuit_version",
            &circuit.version,
            version,
            circuit.version == *version,
        )?;
        field(
            "matrix_digest",
            digest,
            &self.matrix_digest,
            *digest == self.matrix_digest,
        )?;
        let development = self.life.is_development();
        let named = |development| if development { "development" } else { "active" };
        field(
            "life",
            &named(plan.development),
            &named(development),
            plan.development == development,
        )
    }
}
