//! How values of ours travel in columns.
//!
//! Invariant: an instant is a `timestamptz`, exact to the microsecond in both directions.

use bytes::{BufMut, BytesMut};
use novacore_vocab::Timestamp;
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// Microseconds from 1970-01-01, where our instants begin, to 2000-01-01, where PostgreSQL's do.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// An instant in a `timestamptz` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(pub(crate) Timestamp);

impl ToSql for At {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // An instant lies within the years 1 to 9999, far from the ends of an i64.
        out.put_i64(self.0.micros() - EPOCH_MICROS);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<At, Box<dyn Error + Sync + Send>> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        // The infinities saturate and are then clamped.
        Ok(At(Timestamp::from_micros(micros.saturating_add(EPOCH_MICROS))))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_exact_in_both_directions() {
        for at in [
            Timestamp::MIN,
            Timestamp::from_micros(-1),
            Timestamp::from_micros(EPOCH_MICROS + 1),
            Timestamp::MAX,
        ] {
            let mut out = BytesMut::new();
            At(at).to_sql(&Type::TIMESTAMPTZ, &mut out).unwrap();
            assert_eq!(At::from_sql(&Type::TIMESTAMPTZ, &out).unwrap(), At(at));
        }
    }
}
