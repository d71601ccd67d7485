// Short names for the shapes of the API's own description, which the client in TypeScript generates.
import type { components } from "../../../clients/typescript/src/schema";

type Shapes = components["schemas"];

export type Problem = Shapes["Problem"];
export type SignedIn = Shapes["SignedIn"];
export type Me = Shapes["Me"];
export type Limits = Shapes["Limits"];
export type ResourceLimits = Shapes["ResourceLimits"];
export type LimitStanding = Shapes["LimitStanding"];
export type Upgrade = Shapes["Upgrade"];
export type History = Shapes["History"];
export type Stats = Shapes["Stats"];
export type ModelUse = Shapes["ModelUse"];
export type Refusal = Shapes["Refusal"];
export type RefusalPage = Shapes["RefusalPage"];
export type EntryRow = Shapes["EntryRow"];
export type EntryPage = Shapes["EntryPage"];
export type KeyRow = Shapes["KeyRow"];
export type NewKey = Shapes["NewKey"];
export type SessionRow = Shapes["SessionRow"];
export type TierView = Shapes["TierView"];
export type LimitView = Shapes["LimitView"];
export type UserView = Shapes["UserView"];
export type UserPage = Shapes["UserPage"];
export type OverrideView = Shapes["OverrideView"];
export type Overview = Shapes["Overview"];
export type UsageSeries = Shapes["UsageSeries"];
export type Decisions = Shapes["Decisions"];
export type TierPreview = Shapes["TierPreview"];
export type AuditView = Shapes["AuditView"];
export type AuditPage = Shapes["AuditPage"];
export type EmbeddingProgress = Shapes["EmbeddingProgress"];
export type Health = Shapes["Health"];
export type Status = Shapes["Status"];
export type TierList = Shapes["TierList"];
