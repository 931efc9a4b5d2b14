//! Proving and verifying keys: manifests, digest-checked loading, development setup.
