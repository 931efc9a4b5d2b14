//! The module `medproof._native`: bytes in, answers out as JSON. The classes that people see are Python, in `python/medproof`.

use medproof_verifier::portable::{self, Asked};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::Mutex;

/// An open verifier, which threads may share.
#[pyclass(frozen, module = "medproof._native")]
struct Verifier(Mutex<portable::Verifier>);

#[pymethods]
impl Verifier {
    /// The answer as JSON.
    fn answer(
        &self,
        python: Python<'_>,
        request: &[u8],
        claim: &[u8],
        presentation: &[u8],
        now: u64,
    ) -> PyResult<String> {
        let asked = Asked {
            request,
            claim,
            presentation,
            now,
        };
        // Other threads run meanwhile.
        python.detach(|| self.ask(&asked))
    }
}

impl Verifier {
    // After a panic what is left of the verifier is not trusted.
    fn ask(&self, asked: &Asked<'_>) -> PyResult<String> {
        let broken =
            |_| PyRuntimeError::new_err("an earlier call failed inside: open another verifier, and report this");
        let mut verifier = self.0.lock().map_err(broken)?;
        Ok(match verifier.verify(asked) {
            Ok(answer) => answer.to_json(),
            Err(refused) => refused.to_json(),
        })
    }
}

/// A verifier, or why there is none, as JSON.
#[derive(IntoPyObject)]
enum Opened {
    Verifier(Py<Verifier>),
    Refused(String),
}

/// Reads settings and a trust bundle.
#[pyfunction]
fn open(python: Python<'_>, settings: &[u8], bundle: &[u8]) -> PyResult<Opened> {
    Ok(match python.detach(|| portable::Verifier::new(settings, bundle)) {
        Ok(verifier) => Opened::Verifier(Py::new(python, Verifier(Mutex::new(verifier)))?),
        Err(refused) => Opened::Refused(refused.to_json()),
    })
}

/// The native half of medproof.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{Verifier, open};
}
