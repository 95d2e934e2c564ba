import { existsSync } from "node:fs";
import type { FleetConfig } from "../fleet/config/fleetConfig";
import { linkName } from "../fleet/config/names";
import { parseFleetConfig } from "../fleet/config/parse";
import { formatProblems } from "../fleet/config/problems";
import { withStandIns } from "../fleet/config/secretRules";
import { describeKubeconfig } from "../fleet/outputs/describe";
import type { FleetOutputs } from "../fleet/outputs/schema";
import { type Plan, planFleet } from "../fleet/plan";
import { WHOLE } from "../fleet/stacks/plan";
import { withDefaultAccrual } from "../fleet/traffic/defaults";
import { type LiveCluster, openClusters } from "./cluster";
import { readOutputs, selectedStack, Unreadable } from "./outputs";
import { readStackFile, stackOf } from "./stackFile";

/** Which fleet to read, and by what. */
export interface FleetOptions {
  /** @default the selected one */
  readonly stack?: string | undefined;
  /** The stack file. @default `Pulumi.<stack>.yaml` */
  readonly config?: string | undefined;
  /** A file of what `pulumi stack output --json` printed. @default it is run */
  readonly outputs?: string | undefined;
}

export interface OpenFleet {
  readonly plan: Plan;
  readonly outputs: FleetOutputs;
  /** Those of the plan, and its neighbours in other stacks. */
  readonly clusters: ReadonlyMap<string, LiveCluster>;
}

/** A fleet as its stack file plans it, as its last deployment left it, and its clusters. Throws `Unreadable`. */
export async function openFleet({ stack, config, outputs: file }: FleetOptions): Promise<OpenFleet> {
  const outputs = await readOutputs({ stack, file });
  const { config: sections } = outputs;
  const described =
    sections === undefined || config !== undefined
      ? await describedBy({ stack, config })
      : {
          config: programConfig(sections),
          self: stack ?? (file === undefined ? await selectedStack() : undefined),
        };
  const pending = new Set(outputs.links.filter(({ state }) => state === "pending").map(linkName));
  const whole = planFleet(described.config, {
    ...WHOLE,
    self: described.self,
    blocker: (link) => (pending.has(linkName(link)) ? "is pending" : undefined),
  });
  const plan = withDefaultAccrual(whole, outputs.services);
  const members = Object.fromEntries(
    [...plan.clusters, ...plan.neighbours].map(({ name, context, kubeconfig }) => [
      name,
      { context, kubeconfig: kubeconfig && describeKubeconfig(kubeconfig) },
    ]),
  );
  return { plan, outputs, clusters: await openClusters(members, stack) };
}

/** The plan alone, as its stack file says it. Throws `Unreadable`. */
export async function planOf(options: Pick<FleetOptions, "stack" | "config">): Promise<Plan> {
  const { config, self } = await describedBy(options);
  return planFleet(config, { ...WHOLE, self });
}

interface Described {
  readonly config: FleetConfig;
  readonly self: string | undefined;
}

/** The settings of a fleet, and its stack. Throws `Unreadable`. */
export async function describedBy({
  stack,
  config,
}: Pick<FleetOptions, "stack" | "config">): Promise<Described> {
  const path = config ?? stackFileOf(stack ?? (await selectedStack()));
  return { config: configAt(path), self: stackOf(path) };
}

/** As a program other than this one has written it, which judged it. */
function programConfig(values: Readonly<Record<string, unknown>>): FleetConfig {
  const parsed = parseFleetConfig(withStandIns(values));
  if (parsed.problems)
    throw new Unreadable(formatProblems(parsed.problems, "The outputs hold another fleet"));
  return parsed.config;
}

function configAt(path: string): FleetConfig {
  if (!existsSync(path)) throw new Unreadable(`There is no stack file ${path}: name it with --config.`);
  const parsed = readStackFile(path);
  if (parsed.problems) throw new Unreadable(formatProblems(parsed.problems));
  return parsed.config;
}

/** Stacks may be named with organisation and project; their files are not. */
function stackFileOf(stack: string): string {
  return `Pulumi.${stack.split("/").at(-1)}.yaml`;
}
