//! Tables as they are written: column by column, many rows to a statement.
//!
//! Invariant: one statement per table, whatever the number of rows; none for a table without rows.

use crate::column::At;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A statement with its parameters.
pub(crate) type Sql<'a> = (&'static str, Vec<&'a (dyn ToSql + Sync)>);

/// The type of the array in which values of a column travel, by element.
pub(crate) trait Column {
    const KIND: &'static str;
}

macro_rules! column {
    ($($type:ty: $kind:literal),+ $(,)?) => {
        $(impl Column for $type { const KIND: &'static str = $kind; })+
    };
}

column! {
    i16: "int2", i32: "int4", i64: "int8", f64: "float8", Uuid: "uuid", At: "timestamptz",
    String: "text", Vec<u8>: "bytea",
}

impl<T: Column> Column for Option<T> {
    const KIND: &'static str = T::KIND;
}

/// The columns of a table that are written, in which statement, and how rows are pushed.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($column:ident: $type:ty),+ $(,)? } $sql:expr) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $name { $($column: Vec<$type>),+ }

        impl $name {
            fn push(&mut self, row: ($($type,)+)) {
                let ($($column,)+) = row;
                $(self.$column.push($column);)+
            }

            fn text(distribution: $crate::distribution::Distribution) -> &'static str {
                use $crate::{columns::Column, distribution::{Distribution, Given}};
                fn write(distribution: Distribution) -> String {
                    let columns = &[$((stringify!($column), <$type as Column>::KIND)),+];
                    let sql: fn(Given<'_>) -> String = $sql;
                    sql(distribution.keys(columns))
                }
                static NONE: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| write(Distribution::None));
                static CITUS: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| write(Distribution::Citus));
                match distribution {
                    Distribution::None => &NONE,
                    Distribution::Citus => &CITUS,
                }
            }

            fn sql(
                &self,
                distribution: $crate::distribution::Distribution,
            ) -> Option<$crate::columns::Sql<'_>> {
                let mut columns: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                    vec![$(&self.$column),+];
                columns[0] = distribution.buckets(&self.bucket);
                (!self.bucket.is_empty()).then(|| ($name::text(distribution), columns))
            }
        }
    };
}

pub(crate) use table;
