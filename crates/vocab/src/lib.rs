//! Words of the ledger: typed ids, resources, amounts, windows, instants, human formats.
