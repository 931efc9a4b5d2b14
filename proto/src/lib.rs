//! The service's messages and stubs, generated from `medproof/v1/*.proto`: what they mean is said there.
//!
//! Nothing here is checked: who receives a message makes the house's own types of it, once, at the edge.

pub mod codec;

/// Version 1.
#[allow(missing_docs, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("medproof.v1");
}

/// The files themselves, for reflection and for whoever makes stubs of other languages: an encoded
/// `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/medproof.v1.binpb"));
