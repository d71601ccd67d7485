// @novacore/client: everything that is public.

export type { Admin, Overrides, PageAsk, Tiers, Users } from "./admin.js";
export type { Auth, Keys, SessionTokens, SignedIn } from "./auth.js";
export { NovaCore } from "./client.js";
export {
  AnswerError,
  ConnectionError,
  NovaCoreError,
  type Problem,
  ProblemError,
  type QuotaError,
  TimeoutError,
} from "./errors.js";
export type { Events, NewEvent } from "./events.js";
export type { Memories, MemoryFilter } from "./memory.js";
export type {
  Answer,
  CallOptions,
  ClientOptions,
  Token,
  TokenAsk,
  WriteOptions,
} from "./options.js";
export {
  checkMemoryQuota,
  checkQuota,
  configure,
  getMemoryUsage,
  getStorageUsage,
  getTimeSeries,
  getTokenUsage,
  getUsageStats,
  getUserTier,
  type MemoryQuotaCheck,
  type MemoryUsage,
  type Platform,
  platformOf,
  type QuotaCheck,
  type StorageUsage,
  type TierStats,
  type TimeSeriesPoint,
  type TokenUsage,
  type UsageBreakdown,
  type UsageStats,
  type UserTier,
} from "./platform.js";
export type { Reservations } from "./reservations.js";
export type { components, operations, paths } from "./schema.js";
export { type SessionOptions, sessionToken } from "./session.js";
export type { Entry, StreamEvent, StreamOptions, StreamState } from "./stream.js";
export type * from "./types.js";
export type { EntriesFilter, Usage } from "./usage.js";
