//! Pages of lists: their sizes, and tokens that say where one begins.

use crate::error::Refusal;
use crate::job::Instant;
use crate::store::After;

const USUAL: u32 = 100;
const MOST: i32 = 1000;

/// How many are asked for.
pub fn size(asked: i32) -> Result<u32, Refusal> {
    match u32::try_from(asked) {
        Ok(0) => Ok(USUAL),
        Ok(size) if asked <= MOST => Ok(size),
        _ => {
            let message = format!("expected 0 to {MOST}, found {asked}");
            Err(Refusal::invalid("page.size", message, "ask for less").at("page_size"))
        }
    }
}

/// Of what comes after this job.
pub fn write(after: After) -> String {
    format!("{}.{}", after.submitted.0, after.id)
}

/// Where a page begins; at the newest for no token.
pub fn read(token: &str) -> Result<Option<After>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let parsed = token.split_once('.').and_then(|(submitted, id)| {
        Some(After {
            submitted: Instant(submitted.parse().ok()?),
            id: id.parse().ok()?,
        })
    });
    parsed.map(Some).ok_or_else(no_token)
}

/// What is no page's token.
pub fn no_token() -> Refusal {
    let message = "expected the token of a page before, found something else";
    Refusal::invalid("page.token", message, "begin with an empty token").at("page_token")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobId;

    #[test]
    fn sizes_have_bounds_and_tokens_are_read_as_written() {
        assert_eq!([0, 1, 1000].map(|asked| size(asked).unwrap()), [100, 1, 1000]);
        assert!([-1, 1001, i32::MAX, i32::MIN].iter().all(|asked| size(*asked).is_err()));
        let after = After {
            submitted: Instant(1_700_000_000_000_000),
            id: JobId::random().unwrap(),
        };
        assert_eq!(read(&write(after)), Ok(Some(after)));
        assert_eq!(read(""), Ok(None));
        assert!(["x", "1.x", ".", "1.job:00"].iter().all(|token| read(token).is_err()));
    }
}
