// Registers, signs in, syncs and reads with a client generated from openapi.json. Types come from the document, through
// generated/api.d.ts: `tsc --noEmit` fails if this file uses the API differently than the document describes it.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";

const baseUrl = process.env.BURNTOP_API;
assert.ok(baseUrl, "BURNTOP_API must be the address of the server");

/** @typedef {import("./generated/api.d.ts").paths} Paths */
/** @type {import("openapi-fetch").Client<Paths>} */
const client = createClient({ baseUrl });

/**
 * The body of an answer with the expected status.
 * @template T
 * @param {{ data?: T, error?: unknown, response: Response }} answer
 * @param {number} status
 * @returns {NonNullable<T>}
 */
function expect({ data, error, response }, status) {
  assert.equal(response.status, status, JSON.stringify(error));
  assert.ok(data !== undefined && data !== null);
  return data;
}

const username = `client_${Date.now().toString(36)}`;
const email = `${username}@example.org`;
const password = "correct horse battery";

const account = expect(
  await client.POST("/api/v1/auth/register", { body: { email, password, username, timezone: "Europe/Berlin" } }),
  201,
);
const session = expect(await client.POST("/api/v1/auth/login", { body: { email, password } }), 200);
assert.equal(session.user_id, account.user_id);
assert.match(session.token, /^s_/);
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${session.token}`);
    return request;
  },
});

const me = expect(await client.GET("/api/v1/auth/me"), 200);
assert.equal(me.username, username);

const now = new Date().toISOString();
/** @type {import("./generated/api.d.ts").components["schemas"]["SyncRequest"]} */
const batch = {
  version: "2.0.0",
  client: "client-check",
  machineId: "generated",
  syncedAt: now,
  source: "claude-code",
  messages: [
    { id: "m1", timestamp: now, model: "claude-sonnet-4-5-20250929", inputTokens: 1000, outputTokens: 2000 },
    { id: "m2", timestamp: now, model: "claude-sonnet-4-5-20250929", outputTokens: 40 },
  ],
};
for (const synced of [2, 0]) {
  const report = expect(await client.POST("/api/v1/sync", { body: batch }), 200);
  assert.deepEqual([report.messagesReceived, report.messagesSynced, report.stats.totalTokens], [2, synced, 3040]);
}

const overview = expect(await client.GET("/api/v1/dashboard/overview"), 200);
assert.deepEqual([overview.total_tokens, overview.unique_days], [3040, 1]);
const trends = expect(await client.GET("/api/v1/dashboard/trends", { params: { query: { days: 7 } } }), 200);
assert.equal(trends.daily_data.length, 7);
assert.equal(trends.daily_data.reduce((sum, day) => sum + day.tokens, 0), 3040);
const stats = expect(
  await client.GET("/api/v1/users/{username}/stats", { params: { path: { username } } }),
  200,
);
assert.equal(stats.total_tokens, 3040);

// Errors have types too: a sentence, or the list of problems.
const refused = await client.PATCH("/api/v1/users/me", { body: { website_url: "nowhere" } });
assert.equal(refused.response.status, 422);
assert.ok(refused.error && Array.isArray(refused.error.detail));
assert.deepEqual(refused.error.detail[0]?.loc, ["body", "website_url"]);

const left = await client.POST("/api/v1/auth/logout");
assert.equal(left.response.status, 204);
const gone = await client.GET("/api/v1/auth/me");
assert.deepEqual([gone.response.status, gone.error?.error_code], [401, "UNAUTHORIZED"]);

console.log(`a generated client signed in, synced and read as ${username}`);
