import { expect, test } from "vitest";
import { sorted } from "./rows";

const rows = [
  { name: "b", amount: 2 },
  { name: "a", amount: 2 },
  { name: "c", amount: 10 },
  { name: "d", amount: null },
];
const names = (key: "name" | "amount", direction: "asc" | "desc") =>
  sorted(rows, (row) => row[key], direction)
    .map((row) => row.name)
    .join("");

test("numbers are ordered as numbers, equal rows keep their order, null is last", () => {
  expect(names("amount", "asc")).toBe("bacd");
  expect(names("amount", "desc")).toBe("cbad");
  expect(names("name", "desc")).toBe("dcba");
});
