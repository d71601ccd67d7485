//! How the tables lie, and how the statements of a batch find their rows there.
//!
//! On one database each row of a batch brings its bucket. On Citus a batch has one bucket, the
//! tables' distribution column, and every statement says it as its first parameter, so that all of
//! them go to the one shard and the transaction stays on its server.
//!
//! Invariant: both forms take the same parameters in the same order; only the first differs, an
//! array of buckets or the bucket.
//! Not here: making the tables lie like that (`migrate`).

use tokio_postgres::types::ToSql;

/// How the tables lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// All on one server.
    #[default]
    None,
    /// On the shards of a Citus cluster, by their bucket.
    Citus,
}

/// The rows that a statement is given: columns with their types, the first of them the bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) distribution: Distribution,
    /// Names and types.
    pub(crate) columns: &'a [(&'a str, &'a str)],
}

impl Distribution {
    /// Rows with these columns beside the bucket and the user.
    pub(crate) fn keys<'a>(self, columns: &'a [(&'a str, &'a str)]) -> Given<'a> {
        Given { distribution: self, columns }
    }

    /// The first parameter, for these rows.
    pub(crate) fn buckets(self, buckets: &Vec<i32>) -> &(dyn ToSql + Sync) {
        match (self, buckets.first()) {
            (Distribution::Citus, Some(bucket)) => bucket,
            // Nothing is asked about no rows.
            (Distribution::None, _) | (Distribution::Citus, None) => buckets,
        }
    }
}

impl Given<'_> {
    /// Them as an item of FROM, named `n`.
    pub(crate) fn rows(&self) -> String {
        let (arrays, names) = self.arrays_and_names();
        format!("unnest({arrays}) AS n ({names})")
    }

    /// Them with `n.place`, their place among the parameters.
    pub(crate) fn rows_in_order(&self) -> String {
        let (arrays, names) = self.arrays_and_names();
        format!("unnest({arrays}) WITH ORDINALITY AS n ({names}, place)")
    }

    fn arrays_and_names(&self) -> (String, String) {
        let skipped = match self.distribution {
            Distribution::None => 0,
            Distribution::Citus => 1,
        };
        let columns = self.columns.iter().enumerate().skip(skipped);
        let (arrays, names): (Vec<String>, Vec<&str>) =
            columns.map(|(at, (name, kind))| (format!("${}::{kind}[]", at + 1), *name)).unzip();
        (arrays.join(", "), names.join(", "))
    }

    /// The bucket of a row.
    pub(crate) fn bucket(&self) -> &'static str {
        match self.distribution {
            Distribution::None => "n.bucket",
            Distribution::Citus => "$1",
        }
    }

    /// Where a table or alias has the key of a row; `more` are columns of the key beside the
    /// bucket and the user.
    pub(crate) fn at(&self, table: &str, more: &[&str]) -> String {
        let mut key = format!("{table}.bucket = {} AND {table}.user_id = n.user_id", self.bucket());
        for column in more {
            key.push_str(&format!(" AND {table}.{column} = n.{column}"));
        }
        key
    }

    /// As [`at`](Given::at), for statements that change or lock a table and so have to join it. The
    /// bucket, as an array of one value, can be looked up and not be merged: for a merge the
    /// planner would keep a walk along the whole index in hand, and take it where the table was
    /// known to be empty. The rest of the key is plainly equal: an array behind the first column
    /// need not be looked up, and the planner would read all rows of the bucket instead. Sessions
    /// that join like this do without hash and merge joins.
    pub(crate) fn looked_up(&self, table: &str, more: &[&str]) -> String {
        let bucket = match self.distribution {
            Distribution::None => format!("{table}.bucket = ANY (ARRAY[n.bucket])"),
            Distribution::Citus => format!("{table}.bucket = $1"),
        };
        let others = ["user_id"].iter().chain(more);
        others.fold(bucket, |key, name| format!("{key} AND {table}.{name} = n.{name}"))
    }

    /// The one row of a table, as `alias`, with the key of a row given, as an item of FROM behind
    /// them. The planner can neither turn it round nor read it in any way but by its key: of a
    /// table that has just been emptied it believes that all of it is one row.
    pub(crate) fn one(&self, table: &str, alias: &str, more: &[&str]) -> String {
        let key = self.at(table, more);
        format!("CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {key} LIMIT 1) AS {alias}")
    }

    /// As [`one`](Given::one), or a row of nulls.
    pub(crate) fn one_or_none(&self, table: &str, alias: &str, more: &[&str]) -> String {
        let key = self.at(table, more);
        format!("LEFT JOIN LATERAL (SELECT * FROM {table} WHERE {key} LIMIT 1) AS {alias} ON true")
    }

    /// As [`one`](Given::one), but all rows that begin with the key. What else is asked of them is
    /// asked afterwards, so that no other index is taken for it.
    pub(crate) fn all(&self, table: &str, alias: &str) -> String {
        let key = self.at(table, &[]);
        format!("CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {key} OFFSET 0) AS {alias}")
    }

    /// Inserts every row into a table whose columns have their names; `casts` are those that travel
    /// as another type, `tail` is what happens to rows that are there.
    pub(crate) fn insert(&self, table: &str, casts: &[(&str, &str)], tail: &str) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let value = |name: &&str| match casts.iter().find(|(column, _)| column == name) {
            Some((_, kind)) => format!("n.{name}::{kind}"),
            None if *name == "bucket" => format!("{}::int4", self.bucket()),
            None => format!("n.{name}"),
        };
        let values: Vec<String> = names.iter().map(value).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        format!("INSERT INTO {table} ({names}) SELECT {values} FROM {} {tail}", self.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[(&str, &str)] = &[("bucket", "int4"), ("user_id", "uuid"), ("head", "text")];

    #[test]
    fn rows_bring_their_buckets_on_one_server() {
        let given = Distribution::None.keys(COLUMNS);
        assert_eq!(
            given.insert("a", &[("head", "json")], ""),
            "INSERT INTO a (bucket, user_id, head) SELECT n.bucket::int4, n.user_id, n.head::json \
             FROM unnest($1::int4[], $2::uuid[], $3::text[]) AS n (bucket, user_id, head) "
        );
        assert_eq!(given.at("a", &[]), "a.bucket = n.bucket AND a.user_id = n.user_id");
    }

    #[test]
    fn on_shards_the_bucket_is_one_parameter() {
        let given = Distribution::Citus.keys(COLUMNS);
        assert_eq!(
            given.insert("a", &[("head", "json")], ""),
            "INSERT INTO a (bucket, user_id, head) SELECT $1::int4, n.user_id, n.head::json \
             FROM unnest($2::uuid[], $3::text[]) AS n (user_id, head) "
        );
        let at = given.at("a", &["head"]);
        assert_eq!(at, "a.bucket = $1 AND a.user_id = n.user_id AND a.head = n.head");
    }
}
