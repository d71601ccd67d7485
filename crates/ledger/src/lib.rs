//! Tiers, limits, counters, holds, entries, and the one function that decides.
