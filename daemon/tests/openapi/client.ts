// Uses the types that openapi-typescript made of the document, which the compiler checks this file against: makes an account,
// repeats that, and reads a list and a problem.
//
// Usage: node client.js BASE TOKEN

import createClient from "openapi-fetch";
import type { components, paths } from "./api";

declare const process: { argv: string[]; exitCode?: number };

const [base, token] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${token}` } });

function check(holds: boolean, what: string): void {
  if (!holds) {
    throw new Error(what);
  }
}

async function main(): Promise<void> {
  const body = { id: "in_typescript", plan: "starter" } as components["schemas"]["NewAccount"];
  const params = { header: { "Idempotency-Key": "typescript-1" } };
  const first = await client.POST("/v1/accounts", { params, body });
  const second = await client.POST("/v1/accounts", { params, body });
  check(first.response.status === 201 && second.response.status === 201, "the account is made once");
  check(second.response.headers.get("Idempotency-Replayed") === "true", "the second answer is a repeated one");
  check(typeof first.data?.credentials.password === "string", "the password is shown");
  check(second.data?.credentials.password === null, "and it is shown once");
  const list = await client.GET("/v1/accounts", { params: { query: { limit: 100, sort: "id" } } });
  check(list.data?.items.some((account) => account.id === "in_typescript") === true, "it is listed");
  const missing = await client.GET("/v1/accounts/{id}", { params: { path: { id: "nobody" } } });
  check(missing.error?.code === "not_found", "what is missing is a problem");
  const json = createClient<paths, "application/json">({ baseUrl: base, headers: { Authorization: `Bearer ${token}` } });
  const path = { id: "in_typescript" };
  const page = await json.GET("/v1/accounts/{id}/transactions", { params: { path } });
  check(page.data?.items.length === 0, "its ledger is empty");
  const query = { format: "csv" as const };
  const file = await client.GET("/v1/accounts/{id}/transactions", { params: { path, query }, parseAs: "text" });
  check(file.data?.startsWith("id,account,kind,amount,") === true, "and so is the file of it");
  console.log("typescript: well");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
