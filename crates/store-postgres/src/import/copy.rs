//! Rows by binary COPY.

use crate::pool::Client;
use bytes::BytesMut;
use std::{error::Error, pin::pin};
use tokio_postgres::{
    binary_copy::BinaryCopyInWriter,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

/// A value of a row.
pub(super) type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// Text of a `json` column, stored as it is.
#[derive(Debug)]
pub(super) struct Json(pub(super) String);

impl ToSql for Json {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }

    to_sql_checked!();
}

/// A table's columns and their types.
pub(super) struct Target {
    pub(super) into: &'static str,
    pub(super) types: &'static [Type],
}

/// Copies rows; how many there were.
pub(super) async fn copy(
    client: &Client,
    target: &Target,
    rows: &[Vec<Value<'_>>],
) -> Result<u64, tokio_postgres::Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let sink = client.copy_in(&format!("COPY {} FROM STDIN BINARY", target.into)).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, target.types));
    for row in rows {
        let values = row.iter().map(|value| &**value as &(dyn ToSql + Sync));
        let values: Vec<&(dyn ToSql + Sync)> = values.collect();
        writer.as_mut().write(&values).await?;
    }
    writer.finish().await
}
