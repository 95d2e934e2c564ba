import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { describeLinks, describePlan, describeServices, PLAN_SCHEMA } from "../fleet/outputs/summary";
import type { Plan } from "../fleet/plan";

/** What a person has to mend before anything can be read; its message says how. */
export class Unreadable extends Error {}

const text = z.string();
const cluster = z.object({
  apiServer: text,
  /** How `pulumi` reaches the cluster. */
  context: text.optional(),
  /** Name of the stack's secret that holds the kubeconfig. */
  kubeconfig: text.optional(),
  trustDomain: text,
  clusterDomain: text,
  controlPlaneNamespace: text,
  wave: z.number(),
  ha: z.boolean(),
  charts: z.object({ crds: text, controlPlane: text, multicluster: text }),
});

/** What the outputs say of the fleet as a whole. */
export const fleetShape = {
  clusters: z.record(
    text,
    z.object({
      region: text.optional(),
      version: text,
      gateway: z.object({ type: text, address: text.optional() }),
    }),
  ),
  links: z.array(z.object({ source: text, target: text, modes: z.array(text), state: text })),
  services: z.array(
    z.object({
      namespace: text,
      name: text,
      modes: z.array(text),
      clusters: z.array(text),
      evacuated: z.array(text).optional(),
      sourceOfTruth: z.record(text, z.array(text)).optional(),
      callers: z.array(text),
    }),
  ),
  /** None of deployments from before there were generations. */
  accesses: z.array(z.object({ source: text, target: text, generation: z.number() })).default([]),
};

/** The outputs of `index.ts`. */
const outputs = z.object({
  ...fleetShape,
  plan: z.object({
    schema: z.literal(PLAN_SCHEMA),
    anchors: z.array(z.object({ id: text, state: text, certificate: text.optional() })),
    clusters: z.record(text, cluster),
  }),
  /** PEM of all trust anchors. */
  trustBundle: text,
});
export type FleetOutputs = z.infer<typeof outputs>;

/** What the outputs of a plan will say of it, in the same form. */
export function plannedOutputs(plan: Plan): Pick<FleetOutputs, "plan" | "links" | "services"> {
  return outputs
    .pick({ plan: true, links: true, services: true })
    .parse({ plan: describePlan(plan), links: describeLinks(plan), services: describeServices(plan) });
}

/** Where outputs come from: a stack (the selected one by default), or a file of `pulumi stack output --json`. */
export interface OutputsFrom {
  readonly stack?: string | undefined;
  readonly file?: string | undefined;
}

/** The last deployment's outputs. Secrets are not asked for. Throws `Unreadable`. */
export async function readOutputs({ stack, file }: OutputsFrom): Promise<FleetOutputs> {
  return parseOutputs(
    file === undefined ? await pulumi(["stack", "output", "--json"], stack) : readText(file),
  );
}

export function parseOutputs(json: string): FleetOutputs {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    throw new Unreadable("The outputs are not JSON: they must be what `pulumi stack output --json` prints.");
  }
  const known = z.object({ plan: z.object({ schema: z.number() }) }).safeParse(found);
  if (!known.success) {
    throw new Unreadable("The stack has no fleet yet (no output `plan`): run `pulumi up` first.");
  }
  const { schema } = known.data.plan;
  if (schema !== PLAN_SCHEMA) {
    throw new Unreadable(
      `The stack was deployed by another version of this program (its outputs have schema ${schema}, this ` +
        `version reads ${PLAN_SCHEMA}): check that version out, or run \`pulumi up\` with this one.`,
    );
  }
  const parsed = outputs.safeParse(found);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new Unreadable(`The stack's outputs are not whole (${missing}): run \`pulumi up\` again.`);
}

/** Name of the selected stack, without project and organisation. */
export async function selectedStack(): Promise<string> {
  return (await pulumi(["stack", "--show-name"], undefined)).trim();
}

/** A secret value of the stack's configuration, for kubeconfigs. */
export function readSecret(key: string, stack: string | undefined): Promise<string> {
  return pulumi(["config", "get", key], stack);
}

/** A file, or standard input (`-`). */
export function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch {
    throw new Unreadable(`${file} cannot be read.`);
  }
}

/** What `pulumi …` prints, with `input` as its standard input. Throws `Unreadable` with its words. */
export function pulumi(args: readonly string[], stack: string | undefined, input = ""): Promise<string> {
  const all = [
    ...args,
    "--non-interactive",
    "--color=never",
    ...(stack === undefined ? [] : ["--stack", stack]),
  ];
  return new Promise((resolve, reject) => {
    const child = execFile("pulumi", all, { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const why = error.code === "ENOENT" ? "the Pulumi CLI is not on PATH" : stderr.trim() || error.message;
      reject(new Unreadable(`pulumi ${args.join(" ")}: ${why}`));
    });
    child.stdin?.on("error", () => undefined).end(input);
  });
}
