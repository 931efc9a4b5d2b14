//! Why a command did not do what was asked, and the exit code that says so.

use serde::Serialize;
use std::fmt;
use std::process::ExitCode;

/// What sort of failure it is. Decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What was to be shown does not hold, or somebody's rule refuses it: exit code 1.
    Refused,
    /// The command line is wrong: exit code 2.
    Usage,
    /// A file or value is not what it has to be: exit code 2.
    Input,
    /// Another run has the directory: exit code 2.
    Busy,
    /// The machine, the disk or the network: exit code 2.
    System,
    /// Stopped by Ctrl-C: exit code 130, as shells have it.
    Cancelled,
}

impl Kind {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Refused => 1,
            Kind::Usage | Kind::Input | Kind::Busy | Kind::System => 2,
            Kind::Cancelled => 130,
        }
    }
}

/// A command that failed. The message says what was expected, what was found and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CliError {
    /// What sort.
    pub kind: Kind,
    /// The reason in a word that programs can rely on, such as `request.expired`.
    pub code: String,
    /// The reason for people.
    pub message: String,
    /// What to do next, where the message does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl CliError {
    /// A failure of this sort.
    pub fn new(kind: Kind, code: impl Into<String>, message: impl fmt::Display) -> CliError {
        CliError {
            kind,
            code: code.into(),
            message: message.to_string(),
            help: None,
        }
    }

    /// A file or value that is not what it has to be.
    pub fn input(code: impl Into<String>, message: impl fmt::Display) -> CliError {
        CliError::new(Kind::Input, code, message)
    }

    /// A refusal with its reason's code.
    pub fn refused(code: impl Into<String>, message: impl fmt::Display) -> CliError {
        CliError::new(Kind::Refused, code, message)
    }

    /// The machine, the disk or the network.
    pub fn system(code: impl Into<String>, message: impl fmt::Display) -> CliError {
        CliError::new(Kind::System, code, message)
    }

    /// Stopped by Ctrl-C.
    #[must_use]
    pub fn cancelled() -> CliError {
        CliError::new(
            Kind::Cancelled,
            "cancelled",
            "stopped as asked: nothing was left half-written",
        )
    }

    /// With what to do next.
    #[must_use]
    pub fn with_help(mut self, help: impl fmt::Display) -> CliError {
        self.help = Some(help.to_string());
        self
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.exit_code())
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n{help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CliError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_documented() {
        let codes = [
            (Kind::Refused, 1),
            (Kind::Usage, 2),
            (Kind::Input, 2),
            (Kind::Busy, 2),
            (Kind::System, 2),
            (Kind::Cancelled, 130),
        ];
        for (kind, code) in codes {
            assert_eq!(kind.exit_code(), code);
        }
    }

    #[test]
    fn json_has_kind_code_and_message() {
        let error = CliError::refused("request.expired", "too late").with_help("ask again");
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"kind": "refused", "code": "request.expired", "message": "too late", "help": "ask again"})
        );
    }
}
