//! What there is to call, from the service's own description: what nobody described is counted under one name.

use prost::Message;
use prost_types::FileDescriptorSet;
use std::collections::HashMap;

/// What a call's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One message.
    Unary,
    /// As many as there are.
    Stream,
    /// Not known here: health and reflection, and what does not exist.
    Other,
}

/// What there is to call, by path.
#[derive(Debug)]
pub struct Methods(HashMap<String, (&'static str, Kind)>);

impl Methods {
    /// Of the service's own messages.
    ///
    /// # Errors
    /// Where the description is none: a defect of the build.
    pub fn described() -> Result<Methods, prost::DecodeError> {
        let files = FileDescriptorSet::decode(medproof_proto::DESCRIPTORS)?.file;
        let mut methods = HashMap::new();
        for (file, service) in files
            .iter()
            .flat_map(|file| file.service.iter().map(move |service| (file, service)))
        {
            for method in &service.method {
                let name = format!("{}/{}", service.name(), method.name());
                let kind = if method.server_streaming() {
                    Kind::Stream
                } else {
                    Kind::Unary
                };
                let path = format!("/{}.{name}", file.package());
                // Once in a process's life, so that spans and counters need not copy it for each call.
                methods.insert(path, (&*name.leak(), kind));
            }
        }
        Ok(Methods(methods))
    }

    /// Its name and kind.
    pub fn find(&self, path: &str) -> (&'static str, Kind) {
        self.0.get(path).copied().unwrap_or(("other", Kind::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_has_its_name_and_nothing_else_has_one() {
        let methods = Methods::described().unwrap();
        let path = |method| format!("/medproof.v1.DisclosureService/{method}");
        assert_eq!(methods.find(&path("GetJob")), ("DisclosureService/GetJob", Kind::Unary));
        assert_eq!(
            methods.find(&path("WatchJob")),
            ("DisclosureService/WatchJob", Kind::Stream)
        );
        assert_eq!(methods.find(&path("Anything")), ("other", Kind::Other));
    }
}
