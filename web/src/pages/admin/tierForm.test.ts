import { describe, expect, it } from "vitest";
import type { TierView } from "../../api/shapes";
import {
  addedLimit,
  isName,
  type LimitForm,
  type Resource,
  type TierForm,
  tierBody,
  tierForm,
} from "./tierForm";

const tokens: Resource = { name: "llm_tokens", unit: "tokens", isLevel: false };
const storage: Resource = { name: "memory_storage", unit: "bytes", isLevel: true };
const resources = [tokens, storage];
const basic: TierView = {
  name: "basic",
  rank: 20,
  limits: {
    llm_tokens: [{ name: "day", cap: 50_000, window: "day", mode: "hard", warnAt: [80, 100] }],
    memory_storage: [{ name: "lifetime", cap: -1, window: "lifetime", mode: "soft", warnAt: [] }],
  },
};
const form = { ...tierForm(basic, "basic", resources), reason: "r" };
const [row] = form.limits.llm_tokens as readonly [LimitForm];

function withTokens(...rows: Partial<LimitForm>[]): TierForm {
  const limits = rows.map((part, index) => ({ ...row, key: 100 + index, ...part }));
  return { ...form, limits: { ...form.limits, llm_tokens: limits } };
}

describe("tierBody", () => {
  it("says what the tier said when nothing is changed", () => {
    const said = tierBody(form, resources, []);
    expect(said).toEqual({ body: { rank: 20, limits: basic.limits, reason: "r" } });
  });

  it("leaves a resource without rows unlimited", () => {
    const said = tierBody({ ...form, limits: {} }, resources, []);
    expect(said).toEqual({ body: { rank: 20, limits: {}, reason: "r" } });
  });

  it("lets a new tier be without a rank, an old one not", () => {
    const copy = { ...tierForm(basic, "team", resources), reason: "r" };
    expect(copy.rank).toBe("");
    expect(tierBody(copy, resources, ["basic"])).toEqual({ body: { limits: basic.limits, reason: "r" } });
    expect(tierBody({ ...form, rank: "" }, resources, [])).toEqual({ faults: { rank: "rank" } });
  });

  it.each([
    [withTokens({ cap: "" }), { "100.cap": "capMissing" }],
    [withTokens({ cap: "-5" }), { "100.cap": "amount" }],
    [withTokens({ warnAt: "101" }), { "100.warnAt": "percents" }],
    [withTokens({ name: "A" }), { "100.name": "name" }],
    [withTokens({}, {}), { "101.name": "nameTwice" }],
    [{ ...form, name: "9" }, { name: "name" }],
    [{ ...form, name: "pro" }, { name: "nameTaken" }],
    [{ ...form, rank: "-1" }, { rank: "rank" }],
    [{ ...form, reason: "" }, { reason: "reason" }],
  ])("refuses what is not right (%#)", (wrong, faults) => {
    expect(tierBody(wrong, resources, wrong.name === "basic" ? [] : ["pro"])).toEqual({ faults });
  });

  it("asks nothing of the cap of an unlimited limit", () => {
    const said = tierBody(withTokens({ cap: "", isUnlimited: true }), resources, []);
    expect(said).toMatchObject({ body: { limits: { llm_tokens: [{ cap: -1 }] } } });
  });
});

describe("addedLimit", () => {
  it("takes a window that is free, and only lifetime for a level", () => {
    expect(addedLimit([], tokens)).toMatchObject({ name: "day", window: "day", cap: "" });
    expect(addedLimit([row], tokens)).toMatchObject({ name: "month", window: "month" });
    const first = addedLimit([], storage);
    expect(first).toMatchObject({ name: "lifetime", window: "lifetime" });
    expect(addedLimit([first], storage)).toMatchObject({ name: "", window: "lifetime" });
  });
});

it.each([
  ["free_trial", true],
  ["a".repeat(64), true],
  ["a".repeat(65), false],
  ["", false],
  ["9a", false],
  ["Pro", false],
  ["a-b", false],
])("%s is a name: %s", (name, is) => {
  expect(isName(name)).toBe(is);
});
