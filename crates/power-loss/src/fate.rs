//! What becomes of a write when the power fails, drawn from a seed.

/// Disks write sectors whole.
pub(crate) const SECTOR_BYTES: u64 = 512;

/// What a power loss did, for assertions that a test has tried something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Unsynced writes and truncations that reached the disk.
    pub kept: usize,
    /// Those that did not.
    pub lost: usize,
    /// Writes of which only the first sectors did.
    pub torn: usize,
    /// Files that were never synced and whose names are gone.
    pub files_lost: usize,
}

/// What becomes of one unsynced write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Lost,
    /// The file has grown, but holds zeros where the write was to be.
    Zeroed,
    /// So many sectors, counted in the file, are as written.
    Torn(u64),
}

/// A seed's sequence of choices (SplitMix64).
pub(crate) struct Dice {
    state: u64,
    kept_per_mille: u64,
}

impl Dice {
    /// Seeds differ in how much is lost: some lose or keep everything, most mix.
    pub(crate) fn new(seed: u64) -> Dice {
        let mut dice = Dice { state: seed, kept_per_mille: 0 };
        dice.kept_per_mille = [0, 100, 500, 800, 950, 1_000][dice.below(6) as usize];
        dice
    }

    /// A number from 0 to `bound - 1`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Whether something that was never synced is there nevertheless.
    pub(crate) fn keeps(&mut self) -> bool {
        self.below(1_000) < self.kept_per_mille
    }

    /// The fate of a write that touches so many sectors.
    pub(crate) fn fate(&mut self, sectors: u64) -> Fate {
        if self.keeps() {
            return Fate::Kept;
        }
        match self.below(4) {
            0 if sectors > 1 => Fate::Torn(1 + self.below(sectors - 1)),
            1 => Fate::Zeroed,
            _ => Fate::Lost,
        }
    }
}
