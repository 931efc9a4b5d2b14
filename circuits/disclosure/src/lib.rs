//! The disclosure circuit, one block per equation of the statement, in tiers XS to L.
