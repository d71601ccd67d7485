//! What is asked of memories.

use crate::{metadata::Metadata, number::WireAmount, words};
use novacore_vocab::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A field of a patch, which tells what is left out from what is null.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Sent<T> {
    /// Left out.
    #[default]
    Absent,
    /// Null.
    Null,
    /// A value.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sent<T>, D::Error> {
        // What is left out does not come here; `default` makes it.
        Ok(match Option::deserialize(deserializer)? {
            None => Sent::Null,
            Some(value) => Sent::Value(value),
        })
    }
}

macro_rules! memory_to_store {
    ($(#[$meta:meta])* $name:ident) => {
        #[derive(Clone, Debug, Deserialize, ToSchema)]
        $(#[$meta])*
        pub struct $name {
            /// `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`.
            #[schema(value_type = words::MemoryType)]
            pub r#type: String,
            /// What the user said, or the situation; not only white space, at most 1 MiB.
            pub input_context: String,
            /// What was answered, or done; at most 1 MiB.
            pub output_response: Option<String>,
            /// The caller's own name for the conversation, 1 to 255 characters.
            pub session_id: Option<String>,
            /// `success`, `failure` or `neutral`.
            #[schema(value_type = Option<words::Outcome>)]
            pub outcome: Option<String>,
            /// How much it moved the user, -1 to 1.
            #[schema(minimum = -1, maximum = 1)]
            pub emotional_weight: Option<f64>,
            /// How sure the application is of it, 0 to 1.
            #[schema(minimum = 0, maximum = 1)]
            pub confidence_score: Option<f64>,
            /// At most 64 tags of at most 128 bytes; one that comes again is left out.
            #[schema(max_items = 64)]
            pub tags: Option<Vec<String>>,
            /// How long it is kept: `stm` for an hour, `itm` for seven days, `ltm` for good.
            #[schema(value_type = words::MemoryTier)]
            pub tier: String,
            /// Any JSON object of at most 16 KiB and 16 levels.
            #[schema(value_type = Option<Object>)]
            pub metadata: Option<Metadata>,
            /// The caller's own embedding of the text, by the model and of the dimension in use.
            pub embedding: Option<Vec<f32>>,
        }
    };
}

memory_to_store!(
    /// A memory to store.
    StoreRequest
);
memory_to_store!(
    /// A memory to store among others. Unknown fields are refused.
    #[serde(deny_unknown_fields)]
    BulkMemory
);

impl From<BulkMemory> for StoreRequest {
    fn from(one: BulkMemory) -> StoreRequest {
        StoreRequest {
            r#type: one.r#type,
            input_context: one.input_context,
            output_response: one.output_response,
            session_id: one.session_id,
            outcome: one.outcome,
            emotional_weight: one.emotional_weight,
            confidence_score: one.confidence_score,
            tags: one.tags,
            tier: one.tier,
            metadata: one.metadata,
            embedding: one.embedding,
        }
    }
}

/// What becomes of a bulk of which one memory cannot be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkMode {
    /// None of them is.
    #[default]
    All,
    /// The others are.
    Each,
}

/// Memories to store at once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// `all`, if absent: all of them or none; `each`: each for itself.
    #[serde(default)]
    pub mode: BulkMode,
    /// 1 to 100 memories. They are kept as text, so that one that is wrong can be told apart from
    /// the others.
    #[schema(value_type = Vec<BulkMemory>, min_items = 1, max_items = 100)]
    pub memories: Vec<Box<RawValue>>,
}

/// Changes of a memory: what is left out stays, null takes away.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct UpdateRequest {
    /// Another type; not null.
    #[schema(value_type = Option<words::MemoryType>)]
    #[serde(default)]
    pub r#type: Sent<String>,
    /// Another input; not null.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub input_context: Sent<String>,
    /// Another output, or none.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub output_response: Sent<String>,
    /// Another session, or none.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub session_id: Sent<String>,
    /// Another outcome, or none.
    #[schema(value_type = Option<words::Outcome>)]
    #[serde(default)]
    pub outcome: Sent<String>,
    /// Another weight, -1 to 1, or none.
    #[schema(value_type = Option<f64>, minimum = -1, maximum = 1)]
    #[serde(default)]
    pub emotional_weight: Sent<f64>,
    /// Another confidence, 0 to 1, or none.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    #[serde(default)]
    pub confidence_score: Sent<f64>,
    /// Other tags, all of them, or none.
    #[schema(value_type = Option<Vec<String>>, max_items = 64)]
    #[serde(default)]
    pub tags: Sent<Vec<String>>,
    /// Another object, all of it, or none.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub metadata: Sent<Metadata>,
    /// The caller's own embedding of the text as it is after the change.
    pub embedding: Option<Vec<f32>>,
}

/// Which term a memory rises to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PromoteRequest {
    /// `itm` or `ltm`, and longer than what it has.
    #[schema(value_type = words::MemoryTier)]
    pub target_tier: String,
}

/// What is looked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SearchRequest {
    /// In words; at most 16 KiB.
    pub query: String,
    /// Most results, 1 to 100; 10 if absent.
    #[schema(minimum = 1, maximum = 100, default = 10)]
    pub limit: Option<i64>,
    /// Only memories of this term: `stm`, `itm` or `ltm`.
    #[schema(value_type = Option<words::MemoryTier>)]
    pub tier: Option<String>,
    /// Only memories of this type.
    #[schema(value_type = Option<words::MemoryType>)]
    pub memory_type: Option<String>,
    /// Only memories with at least this confidence, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub min_confidence: Option<f64>,
    /// `semantic`, if absent; `keyword`; `hybrid`.
    #[schema(value_type = Option<words::SearchMode>)]
    pub mode: Option<String>,
    /// Only memories with all of these tags.
    pub tags_all: Option<Vec<String>>,
    /// Only memories with one of these tags.
    pub tags_any: Option<Vec<String>>,
    /// Only memories of this session.
    pub session_id: Option<String>,
    /// Only memories stored at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_from: Option<Timestamp>,
    /// Only memories stored before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_to: Option<Timestamp>,
    /// The caller's own embedding of the query, by the model and of the dimension in use.
    pub embedding: Option<Vec<f32>>,
}

/// Which memories to forget: those that every condition given fits. Unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetRequest {
    /// All of them; stands alone.
    pub all: Option<bool>,
    /// Of this term: `stm`, `itm` or `ltm`.
    #[schema(value_type = Option<words::MemoryTier>)]
    pub tier: Option<String>,
    /// Of this type.
    #[schema(value_type = Option<words::MemoryType>)]
    pub memory_type: Option<String>,
    /// With all of these tags.
    pub tags_all: Option<Vec<String>>,
    /// With one of these tags.
    pub tags_any: Option<Vec<String>>,
    /// Of this session.
    pub session_id: Option<String>,
    /// Stored at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_from: Option<Timestamp>,
    /// Stored before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_to: Option<Timestamp>,
    /// With at least this confidence, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub min_confidence: Option<f64>,
}

/// Erases all memories of a user. Unknown fields are refused.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Why, for the audit log.
    pub reason: String,
}

/// A turn of a conversation, for short-term memory.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct StmRequest {
    /// What the user said; not only white space, at most 1 MiB.
    pub input: String,
    /// What was answered; at most 1 MiB.
    pub output: Option<String>,
    /// How many tokens it took, at least 0; kept in the memory's metadata.
    #[schema(value_type = Option<i64>, minimum = 0)]
    pub tokens: Option<WireAmount>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{BodyError, read};

    /// `read`, `malformed`, or the field that is wrong.
    fn field<'a, T: Deserialize<'a>>(text: &'a str) -> String {
        match read::<T>(text.as_bytes()) {
            Ok(_) => "read".to_owned(),
            Err(BodyError::Malformed(_)) => "malformed".to_owned(),
            Err(BodyError::Invalid { field, .. }) => field,
        }
    }

    fn memory(more: &str) -> String {
        format!(r#"{{"type":"lesson","input_context":"a","tier":"ltm"{more}}}"#)
    }

    #[test]
    fn the_wrong_field_of_a_memory_is_named() {
        for (more, want) in [
            ("", "read"),
            (r#","tags":null,"metadata":null,"embedding":null,"outcome":null"#, "read"),
            (r#","tags":["a","b"],"metadata":{"a":[1]},"embedding":[0.5,1,-1e-3]"#, "read"),
            (r#","tags":"a""#, "tags"),
            (r#","tags":["a",1]"#, "tags[1]"),
            (r#","metadata":[]"#, "metadata"),
            (r#","metadata":{"a":1e999}"#, "metadata"),
            (r#","metadata":{"a":"\ud800"}"#, "metadata"),
            (r#","emotional_weight":"1""#, "emotional_weight"),
            (r#","emotional_weight":1e999"#, "emotional_weight"),
            (r#","confidence_score":NaN"#, "malformed"),
            (r#","embedding":[1,1e999]"#, "embedding[1]"),
            (r#","embedding":[1,null]"#, "embedding[1]"),
            (r#","embedding":{}"#, "embedding"),
            (r#","output_response":"\udc00""#, "output_response"),
            (r#","output_response":"\ud83d""#, "output_response"),
            (r#","tier":"itm""#, "tier"),
        ] {
            assert_eq!(field::<StoreRequest>(&memory(more)), want, "{more}");
            assert_eq!(field::<BulkMemory>(&memory(more)), want, "{more}");
        }
        assert_eq!(field::<StoreRequest>("{}"), "type");
    }

    #[test]
    fn ours_refuse_what_they_do_not_know_and_the_platforms_do_not() {
        let extra = memory(r#","colour":"red""#);
        assert_eq!(field::<StoreRequest>(&extra), "read");
        assert_eq!(field::<BulkMemory>(&extra), "colour");
        assert_eq!(field::<BulkRequest>(r#"{"memories":[],"x":1}"#), "x");
        assert_eq!(field::<ForgetRequest>(r#"{"all":true,"tags":[]}"#), "tags");
        assert_eq!(field::<EraseRequest>(r#"{"reason":"a","x":1}"#), "x");
        assert_eq!(field::<SearchRequest>(r#"{"query":"a","x":1}"#), "read");
        assert_eq!(field::<UpdateRequest>(r#"{"x":1}"#), "read");
        assert_eq!(field::<PromoteRequest>(r#"{"target_tier":"ltm","x":1}"#), "read");
        assert_eq!(field::<StmRequest>(r#"{"input":"a","tokens":5,"x":1}"#), "read");
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        let patch = read::<UpdateRequest>(br#"{"tags":null,"outcome":"success"}"#).unwrap();
        assert_eq!(patch.output_response, Sent::Absent);
        assert_eq!(patch.tags, Sent::Null);
        assert_eq!(patch.outcome, Sent::Value("success".to_owned()));
        for (text, want) in [
            (r#"{"metadata":{ "a" : 1 },"type":null}"#, "read"),
            (r#"{"metadata":5}"#, "metadata"),
            (r#"{"tags":[null]}"#, "tags[0]"),
            (r#"{"emotional_weight":"x"}"#, "emotional_weight"),
        ] {
            assert_eq!(field::<UpdateRequest>(text), want, "{text}");
        }
        let patch = read::<UpdateRequest>(br#"{"metadata":{ "a" : 1 }}"#).unwrap();
        let Sent::Value(metadata) = patch.metadata else { panic!("no metadata") };
        assert_eq!(&*metadata.text(), r#"{"a":1}"#);
    }

    #[test]
    fn the_wrong_field_of_other_calls_is_named() {
        for (text, want) in [
            ("{}", "query"),
            (r#"{"query":"a","limit":1.5}"#, "limit"),
            (r#"{"query":"a","limit":"5"}"#, "limit"),
            (r#"{"query":"a","limit":1e400}"#, "limit"),
            (r#"{"query":"a","limit":99999999999999999999}"#, "limit"),
            (r#"{"query":"a","min_confidence":"high"}"#, "min_confidence"),
            (r#"{"query":"a","tags_all":"a"}"#, "tags_all"),
            (r#"{"query":"a","created_from":"yesterday"}"#, "created_from"),
            (r#"{"query":["a"]}"#, "query"),
        ] {
            assert_eq!(field::<SearchRequest>(text), want, "{text}");
        }
        assert_eq!(field::<ForgetRequest>(r#"{"all":"yes"}"#), "all");
        assert_eq!(field::<ForgetRequest>(r#"{"created_to":5}"#), "created_to");
        assert_eq!(field::<PromoteRequest>("{}"), "target_tier");
        assert_eq!(field::<StmRequest>(r#"{"input":"a","tokens":1.5}"#), "tokens");
        assert_eq!(field::<BulkRequest>(r#"{"mode":"some","memories":[]}"#), "mode");
        assert_eq!(field::<BulkRequest>(r#"{"memories":{}}"#), "memories");
    }
}
