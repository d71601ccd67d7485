//! What an input says beside its text.

use novacore_dialects::Route;

/// Bytes at the end of an input that are no part of its text.
const CONTROL_BYTES: usize = 8;

/// How a text is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// As the answer to which call.
    pub route: Route,
    /// A switch.
    pub flag: bool,
    seed: u64,
}

impl Control {
    /// Parts an input into its text and the rest; nothing if it is too short.
    pub fn split(input: &[u8]) -> Option<(&[u8], Control)> {
        let (text, rest) = input.split_last_chunk::<CONTROL_BYTES>()?;
        let [route, flag, ..] = *rest;
        let route = Route::ALL[usize::from(route) % Route::ALL.len()];
        Some((text, Control { route, flag: flag % 2 == 1, seed: u64::from_le_bytes(*rest) }))
    }

    /// A place in a text of this length, another for each number.
    pub fn place(&self, number: u64, length: usize) -> usize {
        // Two rounds of a known mixer: neighbours among seeds cut at places far apart.
        let mixed = (self.seed ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed >> 32) % (length as u64 + 1)).unwrap_or(length)
    }

    /// The text in up to eight pieces.
    pub fn pieces<'t>(&self, text: &'t [u8]) -> Vec<&'t [u8]> {
        let mut cuts: Vec<usize> = (0..7).map(|number| self.place(number, text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect()
    }
}
