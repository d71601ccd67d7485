import { expect, it } from "vitest";
import { sessionToken } from "../../src/session.js";
import { fakeFetch, json, problem } from "./fakes.js";

const OLD = { accessToken: "a1", refreshToken: "r1" };
const NEW = { accessToken: "a2", refreshToken: "r2" };

it("renews a session once for all who were refused", async () => {
  const { fetch, sent } = fakeFetch([json(NEW), json({ accessToken: "a3", refreshToken: "r3" })]);
  const told: unknown[] = [];
  const onRenewed = (tokens: unknown) => told.push(tokens);
  const token = sessionToken({ tokens: OLD, fetch, onRenewed });
  expect(await token({ rejected: undefined })).toBe("a1");
  const both = await Promise.all([token({ rejected: "a1" }), token({ rejected: "a1" })]);
  expect(both).toEqual(["a2", "a2"]);
  // Who was refused with the old one meanwhile gets the new one.
  expect(await token({ rejected: "a1" })).toBe("a2");
  expect(sent.map(({ body }) => body)).toEqual(['{"refreshToken":"r1"}']);
  expect(told).toEqual([NEW]);
  expect(await token({ rejected: "a2" })).toBe("a3");
});

it("fails once the session has ended, and asks again later", async () => {
  const ended = problem(401, "credential-invalid");
  const { fetch } = fakeFetch([ended, json(NEW)]);
  const token = sessionToken({ tokens: OLD, fetch });
  await expect(token({ rejected: "a1" })).rejects.toMatchObject({ status: 401 });
  expect(await token({ rejected: "a1" })).toBe("a2");
});
