//! The fields of a sync request, in both spellings clients use.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

/// A field's name as it was sent.
pub(super) trait Name: Copy {
    /// The field called `text`, and its spelling; `None` for a field that nobody knows.
    fn find(text: &str) -> Option<(Self, &'static str)>;
}

macro_rules! fields {
    ($(#[$doc:meta])* $table:ident { $($field:ident: $camel:literal $(/ $snake:literal)?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $table { $($field),* }

        impl $table {
            /// The name the protocol prefers.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$field => $camel),* }
            }
        }

        impl Name for $table {
            fn find(text: &str) -> Option<(Self, &'static str)> {
                match text {
                    $($camel => Some((Self::$field, $camel)), $($snake => Some((Self::$field, $snake)),)?)*
                    _ => None,
                }
            }
        }
    };
}

fields! {
    /// What a message says.
    InMessage {
        Id: "id",
        Timestamp: "timestamp",
        Model: "model",
        Input: "inputTokens" / "input_tokens",
        Output: "outputTokens" / "output_tokens",
        CacheCreation: "cacheCreationTokens" / "cache_creation_tokens",
        CacheRead: "cacheReadTokens" / "cache_read_tokens",
        Reasoning: "reasoningTokens" / "reasoning_tokens",
        CacheCreation1h: "cacheCreation1hTokens" / "cache_creation_1h_tokens",
        Provider: "provider",
        SessionId: "sessionId" / "session_id",
        Project: "project",
        ServiceTier: "serviceTier" / "service_tier",
        ReportedCost: "reportedCostUsd" / "reported_cost_usd",
    }
}

fields! {
    /// What a request says.
    InRequest {
        Version: "version",
        Client: "client",
        MachineId: "machineId" / "machine_id",
        SyncedAt: "syncedAt" / "synced_at",
        Source: "source",
        Timezone: "timezone",
        InputIncludesCached: "inputIncludesCached" / "input_includes_cached",
        ReasoningIncluded: "reasoningIncludedInOutput" / "reasoning_included_in_output",
        ParserVersion: "parserVersion" / "parser_version",
        DryRun: "dryRun" / "dry_run",
        Messages: "messages",
    }
}

/// A key of an object: a known field, or not.
pub(super) struct Key<N>(pub(super) Option<(N, &'static str)>);

impl<'de, N: Name> Deserialize<'de> for Key<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<N>(std::marker::PhantomData<N>);

        impl<N: Name> Visitor<'_> for Text<N> {
            type Value = Key<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<N>, E> {
                Ok(Key(N::find(text)))
            }
        }

        deserializer.deserialize_str(Text(std::marker::PhantomData))
    }
}
