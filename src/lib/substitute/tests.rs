//! Tests of substitution: strict mode as a table, limits, places, and the vectors of the real library.
