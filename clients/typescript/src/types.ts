// The shapes of the API under the names that one would look for; all of them are the server's own.

import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type Amount = Schemas["AmountOf"];
export type Decision = Schemas["Decision"];
export type ReserveRequest = Schemas["ReserveRequest"];
export type Reserved = Schemas["Reserved"];
export type Reservation = Schemas["Reservation"];
export type Settled = Schemas["Settled"];
export type RecordRequest = Schemas["RecordRequest"];
export type Recorded = Schemas["Recorded"];
export type EntryPage = Schemas["EntryPage"];
export type Quota = Schemas["Quota"];
export type EventsReport = Schemas["EventsReport"];
export type EventResult = Schemas["EventResult"];
export type Memory = Schemas["Memory"];
export type MemoryPage = Schemas["MemoryPage"];
export type FoundMemory = Schemas["FoundMemory"];
export type SearchResults = Schemas["SearchResults"];
export type MemoryContext = Schemas["ContextParts"];
export type Me = Schemas["Me"];
export type ApiKey = Schemas["KeyRow"];
export type NewApiKey = Schemas["NewKey"];
export type Session = Schemas["SessionRow"];
export type Tier = Schemas["TierView"];
export type User = Schemas["UserView"];
export type UserPage = Schemas["UserPage"];
export type Override = Schemas["OverrideView"];
export type AuditEntry = Schemas["AuditView"];
export type AuditPage = Schemas["AuditPage"];
export type Overview = Schemas["Overview"];
export type Status = Schemas["Status"];

/** Every shape of the API by its name in the OpenAPI document. */
export type Shapes = Schemas;
