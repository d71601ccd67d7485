// The platform's older functions, with the shapes that they have always had. The answers may have
// more members by now; these stay.
//
// Either `configure(..)` once and call them as before, or `platformOf(client)` for each client.

import { NovaCore } from "./client.js";
import type { ClientOptions } from "./options.js";

export interface UsageBreakdown {
  resourceType: string;
  /** In the range. */
  amount: number;
  humanReadable: string;
  /** Of the current window's limit; absent when unlimited. */
  percentage?: number | null;
}

export interface UsageStats {
  userId: string;
  /** `last_30_days`. */
  period: string;
  breakdown: UsageBreakdown[];
  /** -1 is unlimited. */
  limits: { llmTokensDay: number; memoryStorageBytes: number; agentMinutesMonth: number };
  warnings: string[];
  timestamp: string;
}

export interface TokenUsage {
  used: number;
  /** -1 is unlimited. */
  limit: number;
  percentage: number;
}

export interface StorageUsage {
  used: number;
  /** -1 is unlimited. */
  limit: number;
  percentage: number;
  humanReadable: string;
}

export interface QuotaCheck {
  hasQuota: boolean;
  message: string;
}

export interface TimeSeriesPoint {
  /** `2026-11-01`. */
  date: string;
  amount: number;
}

export interface UserTier {
  userId: string;
  tier: string;
}

export interface TierStats {
  memory_count: number;
  avg_text_size: number;
  total_text_size: number;
  total_text_human: string;
}

export interface MemoryUsage {
  user_id: string;
  storage: { total_bytes: number; total_human_readable: string };
  memory_counts: { stm: number; itm: number; ltm: number; total: number };
  tier_stats: { stm: TierStats; itm: TierStats; ltm: TierStats };
  timestamp: string;
}

export interface MemoryQuotaCheck {
  has_quota: boolean;
  message: string;
  current_usage: number;
  limit: number | "Unlimited";
  percentage_used: number;
}

export interface Platform {
  getUsageStats(days?: number): Promise<UsageStats>;
  getTokenUsage(): Promise<TokenUsage>;
  getStorageUsage(): Promise<StorageUsage>;
  checkQuota(resourceType: string, amount: number): Promise<QuotaCheck>;
  getTimeSeries(resourceType: string, days?: number): Promise<TimeSeriesPoint[]>;
  getUserTier(): Promise<UserTier>;
  getMemoryUsage(): Promise<MemoryUsage>;
  checkMemoryQuota(): Promise<MemoryQuotaCheck>;
}

/** The functions over a client. */
export function platformOf(client: NovaCore): Platform {
  return {
    getUsageStats: (days = 30) => client.usage.stats(days),
    getTokenUsage: () => client.usage.tokens(),
    getStorageUsage: () => client.usage.storage(),
    checkQuota: (resourceType, amount) => client.usage.checkQuota(resourceType, amount),
    getTimeSeries: (resourceType, days = 30) => client.usage.timeseries(resourceType, days),
    getUserTier: () => client.usage.tier(),
    getMemoryUsage: () => client.memory.usage(),
    checkMemoryQuota: () => client.memory.checkQuota(),
  };
}

let configured: Platform | undefined;

/** Says where the functions of this module call; again to say something else. */
export function configure(options: ClientOptions | NovaCore): void {
  configured = platformOf(options instanceof NovaCore ? options : new NovaCore(options));
}

function platform(): Platform {
  if (configured === undefined) throw new Error("call configure({ baseUrl, token }) first");
  return configured;
}

export const getUsageStats: Platform["getUsageStats"] = async (days) =>
  platform().getUsageStats(days);

export const getTokenUsage: Platform["getTokenUsage"] = async () => platform().getTokenUsage();

export const getStorageUsage: Platform["getStorageUsage"] = async () =>
  platform().getStorageUsage();

export const checkQuota: Platform["checkQuota"] = async (resourceType, amount) =>
  platform().checkQuota(resourceType, amount);

export const getTimeSeries: Platform["getTimeSeries"] = async (resourceType, days) =>
  platform().getTimeSeries(resourceType, days);

export const getUserTier: Platform["getUserTier"] = async () => platform().getUserTier();

export const getMemoryUsage: Platform["getMemoryUsage"] = async () => platform().getMemoryUsage();

export const checkMemoryQuota: Platform["checkMemoryQuota"] = async () =>
  platform().checkMemoryQuota();
