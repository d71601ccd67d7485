//! Amounts as people read them: `6.59 KB`, `45,000 tokens`, `60 minutes`.

use crate::resource::ResourceSpec;

/// Bytes, 1024-based: `512 B`, `6.59 KB`, `500.00 MB`, up to PB; two decimals, rounded half up.
pub fn human_bytes(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    let sign = if bytes < 0 { "-" } else { "" };
    let magnitude = u128::from(bytes.unsigned_abs());
    if magnitude < 1024 {
        return format!("{sign}{magnitude} B");
    }
    let mut unit = 0;
    let mut divisor: u128 = 1024;
    // Rounding may carry into the next unit: 1,048,575 bytes are 1.00 MB, not 1024.00 KB.
    while unit + 1 < UNITS.len() && hundredths(magnitude, divisor) >= 102_400 {
        divisor *= 1024;
        unit += 1;
    }
    let value = hundredths(magnitude, divisor);
    format!("{sign}{}.{:02} {}", value / 100, value % 100, UNITS[unit])
}

fn hundredths(magnitude: u128, divisor: u128) -> u128 {
    (magnitude * 200 + divisor) / (2 * divisor)
}

/// A count with thousands separators: `45,000`.
pub fn human_count(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if count < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount in the unit of its resource; resources measured in bytes use [`human_bytes`].
pub fn human_amount(amount: i64, spec: &ResourceSpec) -> String {
    if spec.unit.as_ref() == "bytes" {
        human_bytes(amount)
    } else {
        format!("{} {}", human_count(amount), spec.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_as_the_contract_says() {
        for (bytes, want) in [
            (0, "0 B"),
            (512, "512 B"),
            (1023, "1023 B"),
            (1024, "1.00 KB"),
            (6748, "6.59 KB"),
            (1_048_575, "1.00 MB"),
            (500 * 1024 * 1024, "500.00 MB"),
            (1 << 30, "1.00 GB"),
            (1 << 50, "1.00 PB"),
            ((1 << 53) - 1, "8.00 PB"),
            (-2048, "-2.00 KB"),
        ] {
            assert_eq!(human_bytes(bytes), want);
        }
    }

    #[test]
    fn counts_have_separators() {
        for (count, want) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (45_000, "45,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(human_count(count), want);
        }
    }
}
