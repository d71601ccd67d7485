import { describe, expect, it } from "vitest";
import { amountOf, percentsOf, typedAmount } from "./amount";

describe("amountOf", () => {
  it.each([
    ["0", "tokens", 0],
    ["25000", "tokens", 25_000],
    ["25,000", "tokens", 25_000],
    ["1_000_000", "tokens", 1_000_000],
    ["25k", "tokens", 25_000],
    ["1.5 M", "tokens", 1_500_000],
    ["5 GB", "bytes", 5 * 1024 ** 3],
    ["1.5gib", "bytes", 1.5 * 1024 ** 3],
    ["512 B", "bytes", 512],
    ["9007199254740991", "tokens", 9_007_199_254_740_991],
  ])("reads %s of %s", (typed, unit, value) => {
    expect(amountOf(typed, unit)).toBe(value);
  });

  it.each([
    ["", "tokens"],
    ["-1", "tokens"],
    ["1.000", "tokens"],
    ["1,5", "tokens"],
    ["5 GB", "tokens"],
    ["5k", "bytes"],
    ["1e3", "tokens"],
    ["9007199254740992", "tokens"],
    ["10000 PB", "bytes"],
  ])("does not read %s of %s", (typed, unit) => {
    expect(amountOf(typed, unit)).toBeNull();
  });
});

describe("typedAmount", () => {
  it.each([0, 1, 1023, 1024, 1536, 10 * 1024 ** 3, 1024 ** 5, 1_060_129_256])("%d reads back", (value) => {
    expect(amountOf(typedAmount(value, "bytes"), "bytes")).toBe(value);
  });
  it("is short where that is exact", () => {
    expect(typedAmount(10 * 1024 ** 3, "bytes")).toBe("10 GB");
    expect(typedAmount(50_000, "tokens")).toBe("50000");
  });
});

describe("percentsOf", () => {
  it("orders, and takes each once", () => {
    expect(percentsOf("100, 80 80%")).toEqual([80, 100]);
    expect(percentsOf("")).toEqual([]);
  });
  it.each(["0", "101", "80.5", "eighty", "-5"])("refuses %s", (typed) => {
    expect(percentsOf(typed)).toBeNull();
  });
});
