"""The shapes of the API, by their names in the OpenAPI document.

Made by tools/shapes.py from the server's OpenAPI document; do not edit.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict



class AccountEvent(TypedDict):
    """An `account` event of the stream: the tier, an override, or what the tier allows has changed."""

    #: The tier now.
    tier: str


class AmountOf(TypedDict):
    """An amount of a resource."""

    #: How much.
    amount: WireAmount
    #: The resource.
    resourceType: str


class AuditPage(TypedDict):
    """A page of the audit log, the newest first."""

    #: The entries.
    entries: list[AuditView]
    #: Where the next page starts; null on the last one.
    nextCursor: str | None


class AuditView(TypedDict):
    """One audit entry."""

    #: What.
    action: AuditAction
    #: Who: `user:<id>`, `key:<key id>:<user id>`, `service` or `console`.
    actor: str
    #: The state after.
    after: dict[str, Any] | None
    #: When.
    at: str
    #: The state before.
    before: dict[str, Any] | None
    #: Why.
    reason: str
    #: Its number, ascending.
    seq: int
    #: To what.
    target: str


class BulkStored(TypedDict):
    """A bulk that was stored as a whole."""

    #: The memories, in the order in which they were sent.
    memories: list[Memory]


class BulkEach(TypedDict):
    """A bulk of which each memory was stored for itself."""

    #: How many were rejected.
    rejected: int
    #: How many had been stored before, under the same key.
    replayed: int
    #: One per memory, in the order in which they were sent.
    results: list[BulkResult]
    #: How many were stored now.
    stored: int


class BulkMemory(TypedDict):
    """A memory to store among others. Unknown fields are refused."""

    #: How sure the application is of it, 0 to 1.
    confidence_score: NotRequired[float | None]
    #: The caller's own embedding of the text, by the model and of the dimension in use.
    embedding: NotRequired[list[float] | None]
    #: How much it moved the user, -1 to 1.
    emotional_weight: NotRequired[float | None]
    #: What the user said, or the situation; not only white space, at most 1 MiB.
    input_context: str
    #: Any JSON object of at most 16 KiB and 16 levels.
    metadata: NotRequired[dict[str, Any] | None]
    outcome: NotRequired[Outcome | None]
    #: What was answered, or done; at most 1 MiB.
    output_response: NotRequired[str | None]
    #: The caller's own name for the conversation, 1 to 255 characters.
    session_id: NotRequired[str | None]
    #: At most 64 tags of at most 128 bytes; one that comes again is left out.
    tags: NotRequired[list[str] | None]
    #: How long it is kept: `stm` for an hour, `itm` for seven days, `ltm` for good.
    tier: MemoryTier
    #: `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`.
    type: MemoryType


class BulkRequest(TypedDict):
    """Memories to store at once."""

    #: 1 to 100 memories. They are kept as text, so that one that is wrong can be told apart from
    #: the others.
    memories: list[BulkMemory]
    #: `all`, if absent: all of them or none; `each`: each for itself.
    mode: NotRequired[BulkMode]


class BulkResult(TypedDict):
    """What became of one memory of a bulk."""

    #: The memory.
    memory: NotRequired[Memory]
    #: Why it was rejected.
    problem: NotRequired[Problem]
    #: `stored`, `replayed` or `rejected`.
    status: BulkStatus


class CheckQuota(TypedDict):
    """Whether it would."""

    #: Whether it would be admitted now.
    hasQuota: bool
    #: `Quota available`, `Unlimited quota`, `Warning: 85.0% of quota will be used`, or
    #: `Quota exceeded. Current: 900, Requested: 200, Limit: 1000`.
    message: str
    #: What is left; -1 is unlimited.
    remaining: int
    #: When the window ends; null for a level.
    resetsAt: str | None


class CheckQuotaRequest(TypedDict):
    """Would this much more be admitted?"""

    #: How much, at least 0.
    amount: WireAmount
    #: The resource.
    resourceType: str


class ContextParts(TypedDict):
    """What an application should have in mind."""

    #: Whether relevance was judged by words instead of meaning.
    degraded: bool
    #: Why.
    degraded_reason: NotRequired[str]
    #: Intermediate: what is read most.
    itm: list[FoundMemory]
    #: Long term: what is relevant to the query; without one, the newest.
    ltm: list[FoundMemory]
    #: Short term: what was stored in the session, the newest first.
    stm: list[FoundMemory]


class Credentials(TypedDict):
    """An address and a password."""

    #: The address.
    email: str
    #: The password; a new one has at least 8 characters.
    password: str


class Current(TypedDict):
    """A resource's current window."""

    #: Set aside by open reservations.
    held: int
    #: The cap; -1 is unlimited.
    limit: int
    #: What is left; -1 is unlimited.
    remaining: int
    #: When it ends; null for a level.
    resetsAt: str | None
    #: Used.
    used: int
    #: The kind of window.
    window: Window


class DayRow(TypedDict):
    """A day of a series."""

    #: Used on that day; of a level, what was held at its end.
    amount: int
    #: `2026-11-01`, UTC.
    date: str


class Decision(TypedDict):
    """Where the account stands after a command."""

    #: Always true: what is refused is answered with a problem.
    admitted: bool
    #: `overage`, `excess`, `unheld`, `late`, `enforced`, `final`, `charge_on_expiry`.
    flags: list[Flag]
    #: Per resource concerned.
    standings: list[StandingRow]


class DecisionRow(TypedDict):
    """One resource of [`Decisions`]."""

    #: Commands that were done.
    admitted: int
    #: Commands that the store could not answer.
    failed: int
    #: Commands that were refused for another reason.
    refusedOther: int
    #: Commands that a limit refused.
    refusedQuota: int
    #: Commands that had been done before under the same key.
    replayed: int
    #: The resource.
    resourceType: str


class Decisions(TypedDict):
    """What this node has decided since it started. Other nodes have figures of their own."""

    #: One row per resource. A command about several counts for each of them.
    decisions: list[DecisionRow]
    #: What limits have refused lately, the newest first, as this node remembers it.
    refusals: list[UserRefusal]
    #: When this node started.
    since: str


class Deleted(TypedDict):
    """A memory that was deleted. The bytes are null in a replay, which does not know them."""

    #: What it counted, in bytes.
    bytes_freed: int | None
    #: How much of that was charged, and is given back.
    bytes_given_back: int | None
    #: In words.
    message: str
    #: Always true.
    success: bool


class Done(TypedDict):
    """A call that had nothing else to say."""

    #: In words.
    message: str
    #: Always true.
    success: bool


class EmbeddingProgress(TypedDict):
    """How far the memories of all users have an embedding by the model in use."""

    #: Whether texts can be embedded now.
    available: bool
    #: Its dimension.
    dimensions: int
    #: How many memories have one.
    embedded: int
    #: The model in use.
    model: str
    #: How many have one by which model; null for those that have none.
    models: list[ModelMemories]
    #: Why they cannot.
    unavailable_reason: NotRequired[str]
    #: How many wait for one.
    waiting: int


class EmbeddingState(TypedDict):
    """How far a user's memories can be found by meaning."""

    #: Whether no text can be embedded now, so that searches go by words.
    degraded: bool
    #: Why not.
    degraded_reason: NotRequired[str]
    #: Its dimension.
    dimensions: int
    #: The model in use.
    model: str


class EntryPage(TypedDict):
    """A page of entries, the newest first."""

    #: The entries.
    entries: list[EntryRow]
    #: Where the next page starts; null on the last one.
    nextCursor: str | None


class EntryRow(TypedDict):
    """One entry; also the data of an event of the stream."""

    #: The change of what is used.
    amount: int
    #: The version of the entry that it corrects.
    correctsVersion: NotRequired[int]
    #: The time by which it counts against limits.
    countedAt: str
    #: The entry.
    entryId: str
    #: The reservation's new end.
    expiresAt: NotRequired[str]
    #: Marks, as in a decision.
    flags: list[Flag]
    #: The change of what is held.
    held: int
    #: What it says.
    kind: EntryKind
    #: The caller's JSON object.
    metadata: NotRequired[dict[str, Any]]
    #: When the use occurred.
    occurredAt: str
    #: When it was written.
    recordedAt: str
    #: The reservation that it concerns.
    reservationId: NotRequired[str]
    #: The resource.
    resourceType: str
    #: What was crossed, if it is a threshold event.
    threshold: NotRequired[ThresholdRow]
    #: Its number within the account, without gaps.
    version: int


class EraseRequest(TypedDict):
    """Erases all memories of a user. Unknown fields are refused."""

    #: Why, for the audit log.
    reason: str


class Erased(TypedDict):
    """All memories of a user, erased by an operator."""

    #: What they counted, in bytes.
    bytes_freed: int
    #: How much of that was charged, and is given back.
    bytes_given_back: int
    #: How many.
    memories_forgotten: int
    #: Always true.
    success: bool
    #: Whose they were.
    user_id: str


class EventResult(TypedDict):
    """What became of one event."""

    #: The entry that states it.
    entryId: NotRequired[str]
    #: Why it was rejected.
    problem: NotRequired[Problem]
    #: `accepted`, `replayed` or `rejected`.
    status: EventStatus


class EventsReport(TypedDict):
    """What became of a batch."""

    #: How many were accepted now.
    accepted: int
    #: How many were rejected.
    rejected: int
    #: How many had been accepted before.
    replayed: int
    #: One per event, in the order of the events.
    results: list[EventResult]


class ExtendRequest(TypedDict):
    """Gives a reservation more time, and more headroom if it fits."""

    #: Headroom to add, all or nothing.
    amounts: NotRequired[list[AmountOf]]
    #: Time to live from now, 1 to 3,600 seconds; 300 if absent.
    ttlSeconds: NotRequired[int | None]


class ForgetRequest(TypedDict):
    """Which memories to forget: those that every condition given fits. Unknown fields are refused."""

    #: All of them; stands alone.
    all: NotRequired[bool | None]
    #: Stored at this time or later.
    created_from: NotRequired[str | None]
    #: Stored before this time.
    created_to: NotRequired[str | None]
    memory_type: NotRequired[MemoryType | None]
    #: With at least this confidence, 0 to 1.
    min_confidence: NotRequired[float | None]
    #: Of this session.
    session_id: NotRequired[str | None]
    #: With all of these tags.
    tags_all: NotRequired[list[str] | None]
    #: With one of these tags.
    tags_any: NotRequired[list[str] | None]
    tier: NotRequired[MemoryTier | None]


class Forgotten(TypedDict):
    """Memories that were forgotten. The numbers are null in a replay, which does not know them."""

    #: What they counted, in bytes.
    bytes_freed: int | None
    #: How much of that was charged, and is given back.
    bytes_given_back: int | None
    #: How many.
    memories_forgotten: int | None
    #: In words.
    message: str
    #: Always true.
    success: bool


class Memory(TypedDict):
    """A memory. Every field is there; what it does not have is null."""

    #: How often it was read.
    access_count: int
    #: How sure the application is of it, 0 to 1.
    confidence_score: float | None
    #: The verdict of the platform's judge, which is no part of NovaCore: always null.
    constitution_valid: bool | None
    #: When it was stored.
    created_at: str
    #: How much it moved the user, -1 to 1.
    emotional_weight: float | None
    #: From when on it is gone; null for never.
    expires_at: str | None
    #: Its id.
    id: str
    #: What the user said, or the situation.
    input_context: str
    #: When it was last read.
    last_accessed_at: str | None
    #: The caller's own object.
    metadata: dict[str, Any] | None
    outcome: Outcome | None
    #: What was answered, or done.
    output_response: str | None
    #: The conversation it belongs to, as the caller named it.
    session_id: str | None
    #: What it counts, in bytes; charged in `itm` and `ltm`.
    size_bytes: int
    #: Its tags, each once.
    tags: list[str]
    #: How long it is kept: `stm`, `itm` or `ltm`.
    tier: MemoryTier
    #: `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`.
    type: MemoryType
    #: When it was last changed.
    updated_at: str
    #: Whose it is.
    user_id: str


class FoundMemory(Memory):
    """A memory that was found."""

    #: What orders the results of this search, more is better; only comparable within it. Absent in
    #: a context.
    score: NotRequired[float]
    #: The cosine of its embedding to that of the query, -1 to 1; null where none was compared.
    similarity_score: float | None


class Health(TypedDict):
    """Health in one word, and the store's figures."""

    #: `ok`, or `read_only` while no command is accepted.
    status: HealthStatus
    #: The store.
    store: StoreFigures
    #: Why not.
    why: NotRequired[str]


class History(TypedDict):
    """Use per day."""

    #: How many days.
    days: int
    #: One row per day, the newest first.
    history: list[HistoryRow]
    #: The user.
    userId: str


class KeyList(TypedDict):
    """The keys of a user."""

    #: The newest first; at most 100.
    keys: list[KeyRow]


class KeyRequest(TypedDict):
    """A new API key."""

    #: From when on it is no longer accepted; never if absent.
    expiresAt: NotRequired[str | None]
    #: What to call it, 1 to 100 characters.
    name: str
    #: `usage:read`, `usage:write`, `memory`, `llm`, `admin`, `act_as`, `services`.
    scopes: list[Scope]
    #: Whose key: an administrator may name another user.
    userId: NotRequired[str | None]


class KeyRow(TypedDict):
    """An API key without its secret."""

    #: When it was made.
    createdAt: str
    #: From when on it is no longer accepted.
    expiresAt: str | None
    #: The key's id; not secret.
    id: str
    #: When it was last used, to the hour.
    lastUsedAt: str | None
    #: What it is called.
    name: str
    #: Its first characters.
    prefix: str
    #: What it may do.
    scopes: list[Scope]


class LimitStanding(TypedDict):
    """A limit with where the user stands under it."""

    #: The most that may be used in a window; -1 is unlimited.
    cap: int
    #: Set aside in it by open reservations.
    held: int
    #: What happens beyond the cap.
    mode: LimitMode
    #: Its name, unique within tier and resource.
    name: str
    #: When an override ends; null for one that does not, and for a limit of the tier.
    overrideExpiresAt: str | None
    #: Use in per cent of the cap; 0 if unlimited.
    percentage: WirePercent
    #: What is left, at least 0; -1 is unlimited.
    remaining: int
    #: When the window ends; null for a level and for all time.
    resetsAt: str | None
    #: Whose it is.
    source: LimitSource
    #: Used in the current window.
    used: int
    #: Percentages of the cap at which a threshold event is written.
    warnAt: list[int]
    #: The kind of window.
    window: Window


class LimitView(TypedDict):
    """A limit of a tier."""

    #: The most that may be used in a window; -1 is unlimited.
    cap: int
    #: What happens beyond the cap.
    mode: LimitMode
    #: Its name, unique within tier and resource.
    name: str
    #: Percentages of the cap at which a threshold event is written.
    warnAt: list[int]
    #: The kind of window.
    window: Window


class Limits(TypedDict):
    """All limits of a user."""

    #: One per resource, by name.
    resources: list[ResourceLimits]
    #: The name of the tier.
    tier: str
    #: When this was read.
    timestamp: str
    upgrade: Upgrade | None
    #: The user.
    userId: str


class Me(TypedDict):
    """The signed-in user."""

    #: Since when.
    created_at: str
    #: The address.
    email: str | None
    #: The user.
    id: str
    #: `student`, `subscriber`, `admin` or `service`.
    role: Role
    #: The name of the tier.
    subscription_tier: str
    #: When the trial ends.
    trial_ends_at: str | None


class MemoryCounts(TypedDict):
    """How many memories there are."""

    #: Intermediate.
    itm: int
    #: Long term.
    ltm: int
    #: Short term.
    stm: int
    #: In all.
    total: int


class MemoryPage(TypedDict):
    """A page of memories, the newest first."""

    #: The memories.
    memories: list[Memory]
    tier: MemoryTier | None
    #: How many there are in all.
    total: int


class MemoryStats(TypedDict):
    """The memories of a user in figures."""

    #: How many there are of each type; every type is named.
    by_type: dict[str, int]
    #: How far they can be found by meaning.
    embeddings: EmbeddingState
    #: How many there are.
    memory_counts: MemoryCounts
    #: What counts against `memory_storage`.
    storage: TotalStorage
    #: What there is in each term.
    tier_stats: TermsStats
    #: When this was read.
    timestamp: str
    #: The user.
    user_id: str


class MemoryUsage(TypedDict):
    """What the memories of a user take. Those that have expired count until they are swept."""

    #: How many there are.
    memory_counts: MemoryCounts
    #: What counts against `memory_storage`.
    storage: TotalStorage
    #: What there is in each term.
    tier_stats: TermsStats
    #: When this was read.
    timestamp: str
    #: The user.
    user_id: str


class ModelDay(TypedDict):
    """A day of [`ModelRow`]."""

    #: Used on that day.
    amount: int
    #: `2026-11-01`, UTC.
    date: str


class ModelMemories(TypedDict):
    """How many memories have an embedding by a model."""

    #: How many.
    memories: int
    #: The model; null for none.
    model: str | None


class ModelRow(TypedDict):
    """One model of [`ModelUse`]."""

    #: The sum of their amounts.
    amount: int
    #: Use per day, ascending; only days with entries.
    days: list[ModelDay]
    #: How many entries.
    entries: int
    #: The member `model` of the entries' metadata, a string of at most 200 characters; null for
    #: entries without.
    model: str | None


class ModelUse(TypedDict):
    """What was used of a resource by model, as the metadata of entries name them."""

    #: How many days.
    days: int
    #: Whether they account for all that was used: at most the newest 50,000 entries are read, and
    #: old ones may have left the ledger.
    isComplete: bool
    #: The models, the largest amount first.
    models: list[ModelRow]
    #: The resource.
    resourceType: str
    #: When this was read.
    timestamp: str


class NewKey(KeyRow):
    """A new API key with its secret, which is shown this once."""

    #: The secret: what to send as bearer.
    key: str


class OverrideList(TypedDict):
    """All overrides of a user."""

    #: By resource and limit, in force or expired.
    overrides: list[OverrideView]


class OverrideView(TypedDict):
    """A user's override."""

    #: Who set it.
    author: str
    #: The cap; -1 is unlimited, null is the tier's.
    cap: int | None
    #: From when on it no longer applies.
    expiresAt: str | None
    #: Whether it applies now.
    inForce: bool
    #: The name of the limit; null is the resource's first limit.
    limit: str | None
    mode: LimitMode | None
    #: Why.
    reason: str
    #: The resource.
    resourceType: str
    #: The user.
    userId: str
    #: The thresholds; null is the tier's.
    warnAt: list[int] | None


class Overview(TypedDict):
    """What all users together used."""

    #: How many users have used anything in the period: of a level, have moved it.
    activeUsers: int
    #: How many days.
    days: int
    #: One row per resource.
    resources: list[OverviewRow]
    #: When this was counted: of many users, up to ten minutes ago, since counting takes long.
    timestamp: str


class OverviewRow(TypedDict):
    """One resource of [`Overview`]."""

    #: Used in the period; of a level, what is held now.
    amount: int
    #: The amount in its unit.
    humanReadable: str
    #: The resource.
    resourceType: str
    #: Those who used most.
    top: list[OverviewUser]
    #: How many users have used it; of a level, how many hold some now.
    users: int


class OverviewUser(TypedDict):
    """A user of [`OverviewRow`]."""

    #: How much.
    amount: int
    #: The address; null for one known only from a service call.
    email: str | None
    #: The amount in its unit.
    humanReadable: str
    #: The user.
    userId: str


class PreviewChange(TypedDict):
    """A limit that would be another."""

    #: The tier's cap then; -1 is unlimited, null is no such limit.
    capAfter: int | None
    #: The tier's cap now; -1 is unlimited, null is no such limit.
    capBefore: int | None
    #: The limit.
    name: str
    #: The resource.
    resourceType: str
    #: Users whose use is at the new cap or over, and is not under the cap of now. Users whose
    #: override replaces the cap do not count.
    usersOver: int
    #: Its kind of window; of a limit that would go, that of now.
    window: Window


class PreviewExample(TypedDict):
    """A user who would be at a cap or over."""

    #: The tier's cap then; -1 is unlimited, null is no such limit.
    capAfter: int | None
    #: The tier's cap now; -1 is unlimited, null is no such limit.
    capBefore: int | None
    #: The address; null for one known only from a service call.
    email: str | None
    #: The limit.
    name: str
    #: The resource.
    resourceType: str
    #: Used in its window.
    used: int
    #: The user.
    userId: str


class PreviewRequest(TypedDict):
    """The limits of a tier as they might be."""

    #: Limits by resource; a resource without limits is unlimited.
    limits: dict[str, list[PutLimit]]


class Probe(TypedDict):
    """A probe's answer."""

    #: `ok` or `not ready`.
    status: ProbeStatus


class Problem(TypedDict):
    """How a problem looks in JSON, for the API description."""

    #: 422: how much of the level could be given back.
    available: NotRequired[int]
    #: What is wrong this time.
    detail: str
    #: The same as `title`.
    error: str
    #: 422: the field, parameter or header that is invalid.
    field: NotRequired[str]
    #: 429: held in the window.
    held: NotRequired[int]
    #: 429: the most that may be used in a window.
    limit: NotRequired[int]
    #: 429: the name of the limit.
    limit_name: NotRequired[str]
    #: The same as `detail`.
    message: str
    #: 429: what would be admitted now.
    remaining: NotRequired[int]
    #: 429: what was asked.
    requested: NotRequired[int]
    #: 409: how the reservation has ended.
    reservation_status: NotRequired[ReservationStatus]
    #: 429: when the window ends; null if never.
    resets_at: NotRequired[str | None]
    #: 429: what is limited.
    resource_type: NotRequired[str]
    #: The HTTP status.
    status: int
    #: What kind of problem it is, in words.
    title: str
    #: A stable URI that names the kind of problem.
    type: str
    #: 429: the first higher tier in which it would fit; null if none.
    upgrade_to: NotRequired[str | None]
    #: 429: used in the window.
    used: NotRequired[int]


class PromoteRequest(TypedDict):
    """Which term a memory rises to."""

    #: `itm` or `ltm`, and longer than what it has.
    target_tier: MemoryTier


class PutLimit(TypedDict):
    """A limit as it shall be."""

    #: The most that may be used in a window; -1 is unlimited.
    cap: WireAmount
    mode: NotRequired[LimitMode | None]
    #: Its name; that of its window if absent.
    name: NotRequired[str | None]
    #: Percentages of the cap, 1 to 100, at which a threshold event is written; 80 and 100 if
    #: absent.
    warnAt: NotRequired[list[int] | None]
    #: `hour`, `day`, `week`, `month` or `lifetime`.
    window: Window


class PutOverrideRequest(TypedDict):
    """Parts of a user's limit that shall replace the tier's. Absent parts stay the tier's."""

    cap: NotRequired[WireAmount | None]
    #: From when on it no longer applies; it stays until removed if absent.
    expiresAt: NotRequired[str | None]
    mode: NotRequired[LimitMode | None]
    #: Why, for the audit log.
    reason: str
    #: Percentages of the cap, 1 to 100, at which a threshold event is written.
    warnAt: NotRequired[list[int] | None]


class PutTierRequest(TypedDict):
    """A tier as it shall be."""

    #: Limits by resource; a resource without limits is unlimited.
    limits: dict[str, list[PutLimit]]
    #: Tiers are offered as upgrades in ascending rank; as it was if absent, above all others for a
    #: new tier.
    rank: NotRequired[int | None]
    #: Why, for the audit log.
    reason: str


class Quota(TypedDict):
    """The quota at a glance."""

    #: `agent_minutes`.
    agentMinutes: QuotaRow
    #: `messages`.
    messages: QuotaRow
    #: When the window of the tokens ends.
    resetsAt: str | None
    #: `memory_storage`.
    storage: QuotaStorage
    #: The name of his tier.
    tier: str
    #: `llm_tokens`.
    tokens: QuotaRow
    #: The user.
    userId: str


class QuotaCheck(TypedDict):
    """Whether there is room for more."""

    #: Bytes of `memory_storage` used.
    current_usage: int
    #: Whether anything more would be admitted.
    has_quota: bool
    #: The cap in bytes, or `Unlimited`.
    limit: StorageLimit
    #: `Storage quota available`, `Warning: 85.0% of storage quota used`, or
    #: `Storage quota exceeded. Please upgrade your plan.`
    message: str
    #: Use in per cent of the cap; 0 if unlimited.
    percentage_used: WirePercent


class QuotaRow(TypedDict):
    """One resource of [`Quota`]."""

    #: The cap; -1 is unlimited.
    limit: int
    #: Use in per cent of the cap; 0 if unlimited.
    percentage: WirePercent
    #: What is left; -1 is unlimited.
    remaining: int
    #: Used in the window.
    used: int


class QuotaStorage(TypedDict):
    """The storage of [`Quota`]."""

    #: The cap in bytes; -1 is unlimited.
    limit: int
    #: `1.00 GB`, or `Unlimited`.
    limitHuman: str
    #: Use in per cent of the cap; 0 if unlimited.
    percentage: WirePercent
    #: Bytes.
    used: int
    #: `6.59 KB`.
    usedHuman: str


class RecordRequest(TypedDict):
    """Use that has happened, or asks to be admitted."""

    #: How much; below zero gives back, which on a flow must name what it corrects.
    amount: WireAmount
    #: The entry that a negative amount corrects.
    corrects: NotRequired[str | None]
    #: Admit or refuse it like a reservation.
    enforce: NotRequired[bool]
    #: Any JSON object of at most 2 KiB.
    metadata: NotRequired[dict[str, Any] | None]
    #: When it occurred, if not now: within the last 400 days.
    occurredAt: NotRequired[str | None]
    #: The resource.
    resourceType: str
    #: Whose use.
    userId: str


class Recorded(TypedDict):
    """What was recorded."""

    #: How much.
    amount: int
    #: The entry.
    entryId: str
    #: In words.
    message: str
    #: The resource.
    resourceType: str
    #: Always true.
    success: bool
    #: Whose use.
    userId: str


class RefreshRequest(TypedDict):
    """A refresh token."""

    #: The token.
    refreshToken: str


class Refreshed(TypedDict):
    """The successors of a refresh token and its JWT."""

    #: A JWT for calls.
    accessToken: str
    #: Good for one use. Absent if it is in the cookie.
    refreshToken: NotRequired[str]


class Refusal(TypedDict):
    """A refusal by a limit."""

    #: When it was judged.
    at: str
    #: The cap.
    cap: int
    #: Set aside in it then.
    held: int
    #: The name of the limit; of several that refused, the one whose window ends last.
    limit: str
    #: What would have been admitted.
    remaining: int
    #: What was asked for.
    requested: int
    #: When the window ends; null if waiting does not help.
    resetsAt: str | None
    #: The resource.
    resourceType: str
    #: Used in the window then.
    used: int
    #: The kind of window.
    window: Window


class RefusalPage(TypedDict):
    """What limits have refused the user lately. A refusal changes nothing and is no entry of the
    ledger: it is remembered in the memory of the node that refused, and this node tells its own,
    since its start: of the last 1,000 of all users at most 50 of one.
    """

    #: The newest first.
    refusals: list[Refusal]
    #: When this node started, and so since when it remembers.
    since: str


class Reservation(TypedDict):
    """A reservation."""

    #: One row per resource.
    amounts: list[ReservationAmount]
    #: When it runs out, or ran out.
    expiresAt: str
    #: What becomes of what is still held then.
    onExpiry: OnExpiry
    #: The reservation.
    reservationId: str
    #: When it was made.
    reservedAt: str
    #: `open`, `settled`, `released`, `expired`, `settled_late`.
    status: ReservationStatus
    #: For whom.
    userId: str


class ReservationAmount(TypedDict):
    """One resource of a [`Reservation`]."""

    #: What was charged.
    charged: int
    #: What is set aside now.
    held: int
    #: All that was set aside.
    reserved: int
    #: The resource.
    resourceType: str


class ReserveRequest(TypedDict):
    """Sets headroom aside, all or nothing."""

    #: 1 to 8 amounts, each resource once.
    amounts: list[AmountOf]
    #: Any JSON object of at most 2 KiB.
    metadata: NotRequired[dict[str, Any] | None]
    onExpiry: NotRequired[OnExpiry | None]
    #: Time to live, 1 to 3,600 seconds; 300 if absent.
    ttlSeconds: NotRequired[int | None]
    #: For whom; the caller if absent.
    userId: NotRequired[str | None]


class Reserved(TypedDict):
    """A reservation that was made or extended."""

    #: Where the account stands.
    decision: Decision
    #: When it runs out.
    expiresAt: str | None
    #: The reservation.
    reservationId: str


class ResourceLimits(TypedDict):
    """What limits a resource."""

    #: Set aside in that window by open reservations.
    held: int
    #: Whether it is held at a level, like storage, and not used up in a window.
    isLevel: bool
    #: Its limits in the tier's order; empty if nothing limits it.
    limits: list[LimitStanding]
    #: The resource.
    resourceType: str
    #: The word for one of it, as configured: `tokens`, `bytes`, `minutes`, `messages`.
    unit: str
    #: Used in the window of the limit with the least room; today, or of a level now, where nothing
    #: limits it.
    used: int


class SearchRequest(TypedDict):
    """What is looked for."""

    #: Only memories stored at this time or later.
    created_from: NotRequired[str | None]
    #: Only memories stored before this time.
    created_to: NotRequired[str | None]
    #: The caller's own embedding of the query, by the model and of the dimension in use.
    embedding: NotRequired[list[float] | None]
    #: Most results, 1 to 100; 10 if absent.
    limit: NotRequired[int | None]
    memory_type: NotRequired[MemoryType | None]
    #: Only memories with at least this confidence, 0 to 1.
    min_confidence: NotRequired[float | None]
    mode: NotRequired[SearchMode | None]
    #: In words; at most 16 KiB.
    query: str
    #: Only memories of this session.
    session_id: NotRequired[str | None]
    #: Only memories with all of these tags.
    tags_all: NotRequired[list[str] | None]
    #: Only memories with one of these tags.
    tags_any: NotRequired[list[str] | None]
    tier: NotRequired[MemoryTier | None]


class SearchResults(TypedDict):
    """What a search found, best first."""

    #: Whether this is not the mode that was asked for.
    degraded: bool
    #: Why it is not.
    degraded_reason: NotRequired[str]
    #: How it was looked for: `semantic`, `keyword` or `hybrid`.
    mode: SearchMode
    #: What was looked for.
    query: str
    #: The memories.
    results: list[FoundMemory]
    #: How many these are.
    total: int
    #: About how many of the user's memories have no embedding yet, so that they could not be found
    #: by meaning.
    unembedded: int


class SeriesDay(TypedDict):
    """A day of [`UsageSeries`]."""

    #: Used on that day; of a level, what all held at its end.
    amount: int
    #: `2026-11-01`, UTC.
    date: str
    #: How many users have used it that day; of a level, how many held some at its end.
    users: int


class SessionList(TypedDict):
    """The sessions of a user."""

    #: The last used first; at most 64.
    sessions: list[SessionRow]


class SessionMemories(TypedDict):
    """The short-term memories of a session, the newest first."""

    #: The memories.
    memories: list[Memory]
    #: The session.
    session_id: str
    #: How many there are in all.
    total: int


class SessionRow(TypedDict):
    """One sign-in."""

    #: When the user signed in.
    createdAt: str
    #: When it ends.
    expiresAt: str
    #: The session.
    id: str
    #: When it was last refreshed.
    refreshedAt: str


class SessionsEnded(TypedDict):
    """How many sessions were ended."""

    #: How many.
    ended: int
    #: Always true.
    success: bool


class SetDisabledRequest(TypedDict):
    """Whether a user's account shall be shut."""

    #: Shut or open.
    disabled: bool
    #: Why, for the audit log.
    reason: str


class SetRoleRequest(TypedDict):
    """A user's role as it shall be."""

    #: Why, for the audit log.
    reason: str
    #: `student`, `subscriber`, `admin` or `service`.
    role: Role


class SetTierRequest(TypedDict):
    """A user's tier as it shall be."""

    #: Why, for the audit log.
    reason: str
    #: The tier.
    tier: str


class SettleRequest(TypedDict):
    """Charges use under a reservation."""

    #: What was used since the last settle; it may exceed what is held, and a resource left out
    #: counts 0.
    amounts: list[AmountOf]
    #: Whether this ends the reservation; true if absent.
    final: NotRequired[bool | None]
    #: Any JSON object of at most 2 KiB.
    metadata: NotRequired[dict[str, Any] | None]


class Settled(TypedDict):
    """A reservation that was settled or released."""

    #: Where the account stands.
    decision: Decision
    #: The reservation.
    reservationId: str
    #: `open` after a partial settle, else `settled`, `settled_late` or `released`.
    status: ReservationStatus


class SignedIn(TypedDict):
    """A user who has registered or signed in."""

    #: A JWT for calls.
    accessToken: str
    #: Good for one use at `/auth/refresh`. Absent if it is in the cookie.
    refreshToken: NotRequired[str]
    #: The user.
    user: SignedInUser


class SignedInUser(TypedDict):
    """The user of [`SignedIn`]."""

    #: The address.
    email: str | None
    #: The user.
    id: str
    #: `student`, `subscriber`, `admin` or `service`.
    role: Role
    #: The name of the tier.
    subscription_tier: str
    #: When the trial ends.
    trial_ends_at: str | None


class StandingRow(TypedDict):
    """Where the account stands with a resource."""

    #: What the next call would be granted; -1 is no bound.
    grantable: int
    #: Held in that window.
    held: int
    #: The cap; -1 is unlimited.
    limit: int
    #: What is left; -1 is unlimited.
    remaining: int
    #: When the window ends; null for a level.
    resetsAt: str | None
    #: The resource.
    resourceType: str
    #: Used in that window.
    used: int
    #: The kind of window of the limit with the least room.
    window: Window


class Stats(TypedDict):
    """The use of the last days, and the limits."""

    #: One row per resource.
    breakdown: list[StatsRow]
    #: The caps of the built-in resources; -1 is unlimited.
    limits: StatsLimits
    #: `last_30_days`.
    period: str
    #: When this was read.
    timestamp: str
    #: The user.
    userId: str
    #: `llm_tokens at 90.0% of quota`, `llm_tokens quota exceeded (104.0%)`.
    warnings: list[str]


class StatsLimits(TypedDict):
    """The caps that the platform's clients show."""

    #: Agent minutes per month.
    agentMinutesMonth: int
    #: Tokens per day.
    llmTokensDay: int
    #: Bytes stored.
    memoryStorageBytes: int


class StatsRow(TypedDict):
    """One resource of [`Stats`]."""

    #: Used in the period; of a level, what is held now.
    amount: int
    #: The current window.
    current: Current
    #: The amount in its unit.
    humanReadable: str
    #: Use of the current window in per cent of its limit; absent if unlimited.
    percentage: NotRequired[WirePercent]
    #: The resource.
    resourceType: str


class Status(TypedDict):
    """What this is."""

    #: `novacore`.
    service: str
    #: `ok` or `read_only`.
    status: HealthStatus
    #: The server's time.
    timestamp: str
    #: Services and providers behind the gateway.
    upstreams: NotRequired[list[Upstream]]
    #: The version.
    version: str


class StmRequest(TypedDict):
    """A turn of a conversation, for short-term memory."""

    #: What the user said; not only white space, at most 1 MiB.
    input: str
    #: What was answered; at most 1 MiB.
    output: NotRequired[str | None]
    #: How many tokens it took, at least 0; kept in the memory's metadata.
    tokens: NotRequired[int | None]


class Storage(TypedDict):
    """What is stored."""

    #: `6.59 KB`.
    humanReadable: str
    #: The cap; -1 is unlimited.
    limit: int
    #: Use in per cent of the cap; 0 if unlimited.
    percentage: WirePercent
    #: Bytes.
    used: int


class StoreFigures(TypedDict):
    """The store's figures."""

    #: Accounts in memory.
    accountsLoaded: int
    #: Entries that derived data lag behind.
    derivedLag: int
    #: Entries ever written; where nodes share a ledger, by this one since it started.
    entries: int
    #: Commands that wait.
    queueDepth: int
    #: Whether commands are accepted.
    writable: bool


class StoreRequest(TypedDict):
    """A memory to store."""

    #: How sure the application is of it, 0 to 1.
    confidence_score: NotRequired[float | None]
    #: The caller's own embedding of the text, by the model and of the dimension in use.
    embedding: NotRequired[list[float] | None]
    #: How much it moved the user, -1 to 1.
    emotional_weight: NotRequired[float | None]
    #: What the user said, or the situation; not only white space, at most 1 MiB.
    input_context: str
    #: Any JSON object of at most 16 KiB and 16 levels.
    metadata: NotRequired[dict[str, Any] | None]
    outcome: NotRequired[Outcome | None]
    #: What was answered, or done; at most 1 MiB.
    output_response: NotRequired[str | None]
    #: The caller's own name for the conversation, 1 to 255 characters.
    session_id: NotRequired[str | None]
    #: At most 64 tags of at most 128 bytes; one that comes again is left out.
    tags: NotRequired[list[str] | None]
    #: How long it is kept: `stm` for an hour, `itm` for seven days, `ltm` for good.
    tier: MemoryTier
    #: `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`.
    type: MemoryType


class TermStats(TypedDict):
    """What there is in a term."""

    #: Bytes of input and output, of the average memory, rounded down.
    avg_text_size: int
    #: How many memories.
    memory_count: int
    #: What they count, in bytes.
    size_bytes: int
    #: The same as `6.59 KB`.
    total_text_human: str
    #: Bytes of input and output, of all of them.
    total_text_size: int


class TermsStats(TypedDict):
    """What there is in each term."""

    #: Intermediate.
    itm: TermStats
    #: Long term.
    ltm: TermStats
    #: Short term, which is not charged.
    stm: TermStats


class ThresholdRow(TypedDict):
    """A threshold that was crossed."""

    #: The cap at that moment.
    limit: int
    #: The name of the limit.
    limitName: str
    #: The threshold in per cent of the cap.
    percent: int
    #: What was used at that moment.
    used: int
    #: The kind of its window.
    window: Window


class TierList(TypedDict):
    """All tiers."""

    #: By ascending rank.
    tiers: list[TierView]


class TierOf(TypedDict):
    """The tier."""

    #: The name of his tier.
    tier: str
    #: The user.
    userId: str


class TierPreview(TypedDict):
    """Whom a change of a tier would affect."""

    #: The limits that would be others, by resource and name.
    changes: list[PreviewChange]
    #: At most 20 users who would be at a cap or over, those furthest over first.
    examples: list[PreviewExample]
    #: Whether those were all: at most 10,000 are looked at.
    isComplete: bool
    #: The tier.
    tier: str
    #: How many of its users were looked at; 0 for a tier that does not exist.
    users: int


class TierView(TypedDict):
    """A tier."""

    #: Limits by resource; a resource without limits is unlimited.
    limits: dict[str, list[LimitView]]
    #: Its name.
    name: str
    #: Tiers are offered as upgrades in ascending rank.
    rank: int


class Tokens(TypedDict):
    """Today's tokens."""

    #: The cap; -1 is unlimited.
    limit: int
    #: Use in per cent of the cap; 0 if unlimited.
    percentage: WirePercent
    #: What is left; -1 is unlimited.
    remaining: int
    #: When the window ends.
    resetsAt: str | None
    #: Used in the window.
    used: int


class TotalStorage(TypedDict):
    """What counts against `memory_storage`: the memories in `itm` and `ltm`."""

    #: Bytes.
    total_bytes: int
    #: `6.59 KB`.
    total_human_readable: str


class UpdateRequest(TypedDict):
    """Changes of a memory: what is left out stays, null takes away."""

    #: Another confidence, 0 to 1, or none.
    confidence_score: NotRequired[float | None]
    #: The caller's own embedding of the text as it is after the change.
    embedding: NotRequired[list[float] | None]
    #: Another weight, -1 to 1, or none.
    emotional_weight: NotRequired[float | None]
    #: Another input; not null.
    input_context: NotRequired[str | None]
    #: Another object, all of it, or none.
    metadata: NotRequired[dict[str, Any] | None]
    outcome: NotRequired[Outcome | None]
    #: Another output, or none.
    output_response: NotRequired[str | None]
    #: Another session, or none.
    session_id: NotRequired[str | None]
    #: Other tags, all of them, or none.
    tags: NotRequired[list[str] | None]
    type: NotRequired[MemoryType | None]


class Upgrade(TypedDict):
    """A tier that a user does not have yet."""

    #: All its limits, by resource; a resource that is not among them is unlimited there.
    limits: list[UpgradeLimit]
    #: The tier.
    tier: str


class UpgradeLimit(TypedDict):
    """A limit of [`Upgrade`]."""

    #: The most that may be used in a window; -1 is unlimited.
    cap: int
    #: Its name.
    name: str
    #: The resource.
    resourceType: str
    #: The kind of window.
    window: Window


class Upstream(TypedDict):
    """A service or provider behind the gateway."""

    #: The route's prefix (with `#1`, `#2` where it has several upstreams), or the provider's name.
    name: str
    #: `up`, `down` while calls fail or are refused for it, or `unknown` before the first call.
    status: UpstreamStatus


class UsageData(TypedDict):
    """The use that an event states."""

    #: How much; below zero gives back, which on a flow must name what it corrects.
    amount: WireAmount
    #: The entry that a negative amount corrects.
    corrects: NotRequired[str | None]
    #: Any JSON object of at most 2 KiB.
    metadata: NotRequired[dict[str, Any] | None]
    #: The resource.
    resourceType: str


class UsageEvent(TypedDict):
    """An event that states usage. `source` and `id` together are its idempotency key."""

    #: What was used.
    data: UsageData
    #: Unique within its source.
    id: str
    #: Where it comes from, a URI reference.
    source: str
    #: `1.0`.
    specversion: str
    #: Whose use, a UUID; the caller if absent.
    subject: NotRequired[str | None]
    #: When it occurred, if not now: within the last 400 days.
    time: NotRequired[str | None]
    #: Any name, such as `com.example.tokens.used`.
    type: str


class UsageSeries(TypedDict):
    """What all users together used of a resource, day by day."""

    #: How many days.
    days: int
    #: The resource.
    resourceType: str
    #: Every day of the range, ascending.
    series: list[SeriesDay]
    #: When this was counted: of many users, up to ten minutes ago, since counting takes long.
    timestamp: str


class UserPage(TypedDict):
    """A page of users, by ascending id."""

    #: Where the next page starts; null on the last one.
    nextCursor: str | None
    #: The users.
    users: list[UserView]


class UserRefusal(Refusal):
    """A refusal, and whose it is."""

    #: The address; null for one known only from a service call.
    email: str | None
    #: The user.
    userId: str


class UserView(TypedDict):
    """A user as an operator sees him."""

    #: When the user was created or first seen.
    createdAt: str
    #: Whether the account is shut.
    disabled: bool
    #: The address; null for one known only from a service call.
    email: str | None
    #: The user.
    id: str
    #: `student`, `subscriber`, `admin` or `service`.
    role: Role
    #: The name of the tier.
    tier: str
    #: When the trial ends.
    trialEndsAt: str | None


#: What an operator, or a user with his own account, did.
AuditAction: TypeAlias = Literal['create_user', 'set_tier', 'set_role', 'set_disabled', 'set_password', 'end_sessions', 'create_key', 'revoke_key', 'put_tier', 'put_override', 'remove_override', 'erase_memories']
#: What became of a bulk, by its mode.
BulkAnswer: TypeAlias = BulkStored | BulkEach
#: What becomes of a bulk of which one memory cannot be stored.
BulkMode: TypeAlias = Literal['all', 'each']
#: What became of a memory of a bulk.
BulkStatus: TypeAlias = Literal['stored', 'replayed', 'rejected']
#: What an entry says.
EntryKind: TypeAlias = Literal['record', 'correction', 'reserve', 'extend', 'settle', 'release', 'expire', 'threshold']
#: What became of an event.
EventStatus: TypeAlias = Literal['accepted', 'replayed', 'rejected']
#: A mark on an entry or a decision.
Flag: TypeAlias = Literal['overage', 'excess', 'unheld', 'late', 'final', 'charge_on_expiry', 'enforced']
#: Whether commands are accepted.
HealthStatus: TypeAlias = Literal['ok', 'read_only']
#: A day of [`History`].
HistoryRow: TypeAlias = dict[str, str | int]
#: What happens beyond a cap.
LimitMode: TypeAlias = Literal['hard', 'soft']
#: Where a limit comes from.
LimitSource: TypeAlias = Literal['tier', 'override']
#: How long a memory is kept.
MemoryTier: TypeAlias = Literal['stm', 'itm', 'ltm']
#: What a memory is.
MemoryType: TypeAlias = Literal['lesson', 'task', 'conversation', 'error', 'reflection', 'achievement']
#: That there is no cap.
NoLimit: TypeAlias = Literal['Unlimited']
#: What becomes of what is still held when a reservation runs out.
OnExpiry: TypeAlias = Literal['release', 'charge']
#: How it went.
Outcome: TypeAlias = Literal['success', 'failure', 'neutral']
#: What a probe finds.
ProbeStatus: TypeAlias = Literal['ok', 'not ready']
#: Where a reservation stands.
ReservationStatus: TypeAlias = Literal['open', 'settled', 'released', 'expired', 'settled_late']
#: What a user is.
Role: TypeAlias = Literal['student', 'subscriber', 'admin', 'service']
#: What an API key may do.
Scope: TypeAlias = Literal['usage:read', 'usage:write', 'memory', 'llm', 'admin', 'act_as', 'services']
#: How memories are looked for.
SearchMode: TypeAlias = Literal['semantic', 'keyword', 'hybrid']
#: A cap in bytes, or the word `Unlimited`.
StorageLimit: TypeAlias = int | NoLimit
#: How a service or provider is: `down` while calls fail or are refused for it, `unknown` before the
#: first call.
UpstreamStatus: TypeAlias = Literal['unknown', 'up', 'down']
#: The stretch of time over which a limit sums; `lifetime` is that of levels.
Window: TypeAlias = Literal['hour', 'day', 'week', 'month', 'lifetime']
#: An amount: a JSON number without fraction or exponent, within ±(2^53 - 1).
#:
#: It is read from the raw text, since a JSON library would round `1e16` or take `5.0` for 5.
WireAmount: TypeAlias = int
WirePercent: TypeAlias = float
