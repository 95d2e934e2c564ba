import { list, map } from "../config/json";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { sameStack } from "./plan";

/** Where several stacks share a fleet, each cluster is of one of them, and so are the trust anchors. */
export function stackRules({ raw, clusters, trust }: Readable): Problem[] {
  const owners = [...clusters].map(([name, { stack }]) => ({ name, stack }));
  const named = owners.filter(({ stack }) => stack !== undefined);
  if (named.length === 0 && trust?.stack === undefined) return [];
  const problems: Problem[] = owners
    .filter(({ stack }) => stack === undefined)
    .map(({ name }) => ({
      path: pathOf(["clusters", name, "stack"]),
      problem: "is missing, and the fleet has several stacks",
      fix: "name the stack that deploys it",
    }));
  const generated = list(map(raw.values.trust).anchors).some(
    (anchor) => map(anchor).certificate === undefined,
  );
  if (trust && trust.stack === undefined && trust.provider === "pulumi") {
    const alone = generated
      ? "is missing: every stack would make trust anchors of its own"
      : "is missing: every stack would sign with the key of the anchor, and keep it in its state";
    problems.push({
      path: "trust.stack",
      problem: alone,
      fix: "name the stack that has the anchors and signs the issuers for all",
    });
  }
  const { stack: self } = raw;
  const all = [trust?.stack, ...named.map(({ stack }) => stack)];
  if (self !== undefined && !all.some((stack) => stack !== undefined && sameStack(stack, self))) {
    const known = [...new Set(all)].filter((stack) => stack !== undefined).join(", ");
    problems.push({
      path: "clusters",
      problem: `none is of this stack (${self.split("/").at(-1)}), nor is the trust`,
      fix: `the stacks of this fleet are ${known}: select one of them, or give a cluster to this one`,
    });
  }
  return problems;
}
