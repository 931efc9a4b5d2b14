//! The readable claim, its compiler to a policy table, its explanation in words, and the library of claims.
