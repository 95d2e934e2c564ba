import { expect, it } from "vitest";
import { selectorProblem } from "../../../fleet/restart/selector";

it.each([
  "app=web",
  "app==web",
  "app!=web",
  "app = web , tier=api",
  "tier in (web, api),!canary",
  "tier notin (batch)",
  "canary",
  "!canary",
  "! canary",
  "app=",
  "example.com/team=shop",
  "app.kubernetes.io/part-of in (shop)",
  "tier in (web,)",
])("%s is a label selector", (text) => {
  expect(selectorProblem(text)).toBeUndefined();
});

it.each([
  ["", "is empty"],
  [" ", "is empty"],
  ["app=web,", "comma"],
  [",app=web", "comma"],
  ["app: web", "map"],
  ["app=web tier=api", "is not a label selector"],
  ["app in web", "is not a label selector"],
  ["app in ()x", "is not a label selector"],
  ["tier IN (web)", "is not a label selector"],
  ["-l app=web", "is not a label selector"],
  ["app=we*", "is not a label selector"],
  ["app>3", "is not a label selector"],
  ["app=a=b", "is not a label selector"],
  ["/team=shop", "is not a label selector"],
  [`app=${"x".repeat(64)}`, "is not a label selector"],
])("%j is none", (text, word) => {
  const [problem, fix] = selectorProblem(text) ?? [];
  expect(problem).toContain(word);
  expect(fix).toBeTruthy();
});
