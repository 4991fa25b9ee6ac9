// What somebody writes who asks the API by the generated types: the compiler knows every
// path, field and answer.
import type { components, paths } from "./openapi";
import type { paths as Grant } from "./grant";
import type { paths as Profile } from "./profile";
import type { paths as Remind } from "./remind";
import type { paths as SignIn } from "./signin";
import type { paths as Brand } from "./brand";

type Body<P extends keyof paths> = paths[P] extends { post: { requestBody: { content: { "application/json": infer B } } } } ? B : never;

export async function change(base: string, body: Body<"/change">): Promise<components["schemas"]["Problem"] | undefined> {
  const reply = await fetch(base + "/change", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return reply.status === 204 ? undefined : await reply.json();
}

export function sentences(problem: components["schemas"]["Problem"]): string[] {
  return problem.errors?.map((one) => one.detail) ?? [problem.detail];
}

export const report: components["schemas"]["Report"] = { ok: true, violations: [], score: 2, advice: [{ code: "add_words", detail: "…" }] };
export const request: Body<"/check"> = { password: "…", cookie: "reset" };
// @ts-expect-error a field that the API does not have
export const wrong: Body<"/reset"> = { token: "…", password: "…" };

export type Mounted = [Grant["/token"], Profile, Remind, SignIn, Brand];
