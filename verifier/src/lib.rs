//! Checks a presentation against a request, a claim, a pinned key and the ledger.
