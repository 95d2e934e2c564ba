import * as pulumi from "@pulumi/pulumi";
import type { FleetConfig } from "../fleet/config/fleetConfig";
import { formatProblems, pathOf } from "../fleet/config/problems";
import { ROOT_FLEET } from "../fleet/outputs/find";
import { type RawOutputs, readOutput } from "../fleet/outputs/schema";
import { describeFleet, type MadeFleet } from "../fleet/outputs/write";
import { replaced, unknownApiServer } from "../fleet/program/given";
import { otherStacks } from "../fleet/stacks/plan";
import { FleetParts } from "./fleetParts";
import type { FleetArgs } from "./given";
import { checkArgs, type PreparedFleet, prepare } from "./prepare";
import * as sdk from "./sdk";
import { stackIdentity } from "./stackConfig";
import { crossStackOutputsOf } from "./stacks/crossStack";

export type { ClusterSettings, FleetArgs, FleetSettings } from "./given";

/** The outputs of a fleet, by name. */
export type FleetOutputs = Readonly<Record<string, pulumi.Input<unknown>>>;

/**
 * A fleet of clusters joined by Linkerd multicluster, or one stack's part of it.
 *
 * The constructor ends the program with every mistake of its arguments. After that, the fleet judges the step from its
 * last deployment and looks into the clusters, and only then makes its resources: a step that is refused changes
 * nothing in a cluster.
 */
export class Fleet extends pulumi.ComponentResource {
  /**
   * The outputs of the fleet, for its next deployment, for `npx fleet` and for the policy pack. Export them under the
   * name of the fleet. A promise of a map, so that a preview shows those that are known.
   */
  readonly outputs: Promise<FleetOutputs>;
  /** PEM of all trust anchors. */
  readonly trustBundle: pulumi.Output<string>;
  /** By cluster: the addresses of its gateway, separated by commas; no entry where there is no gateway. */
  readonly gatewayAddresses: pulumi.Output<Record<string, string>>;
  private readonly made: Promise<FleetParts>;

  /**
   * The same as the constructor, but a step that is refused does not even make the component. Use it where the
   * program waits for no cluster that it makes itself.
   */
  static async create(
    name: string,
    args: FleetArgs = {},
    opts: pulumi.ComponentResourceOptions = {},
  ): Promise<Fleet> {
    await sdk.requirePulumi();
    return new Fleet(name, args, opts, await prepare(checkArgs(name, args)));
  }

  /** `prepared` is for `create`. */
  constructor(
    name: string,
    args: FleetArgs = {},
    opts: pulumi.ComponentResourceOptions = {},
    prepared?: PreparedFleet,
  ) {
    const sound = prepared ?? checkArgs(name, args);
    claimClusters(name, sound.config);
    const resources: pulumi.Resource[] = [];
    const collect: pulumi.ResourceTransformation = ({ resource }) => void resources.push(resource);
    super("linkerd-fleet:fleet:Fleet", name, {}, pulumi.mergeOptions(opts, { transformations: [collect] }));
    const make = (fleet: PreparedFleet) => {
      const { plan, args, crossStack, kubeconfigs, secret } = fleet;
      const { providers, apiServers } = args;
      const trustName = name === ROOT_FLEET ? "trust" : `${name}-trust`;
      const given = { crossStack, kubeconfigs, providers, apiServers, secret };
      return { fleet, parts: new FleetParts(this, { plan, trustName, ...given }) };
    };
    const made =
      "plan" in sound
        ? Promise.resolve(make(sound))
        : sdk
            .requirePulumi()
            .then(() => prepare(sound))
            .then(make);
    this.made = made.then(({ parts }) => parts);
    this.outputs = made.then(({ fleet, parts }) => outputsOf(fleet, parts, resources));
    this.trustBundle = pulumi.output(this.made.then((parts) => parts.trustBundle));
    this.gatewayAddresses = pulumi.output(this.made.then((parts) => parts.gatewayAddresses));
  }

  /** The SDK waits for it before it takes the fleet for whole, for example where others depend on it. */
  protected override async initialize(): Promise<void> {
    // The SDK calls it while the constructor is at work.
    await Promise.resolve();
    await this.made;
  }
}

async function outputsOf(
  { plan, last, args, sections, stopped }: PreparedFleet,
  parts: FleetParts,
  resources: readonly pulumi.Resource[],
): Promise<FleetOutputs> {
  const complete = await sdk.allResourcesCreated(resources);
  // The provider names a cluster that goes away meanwhile by its address only.
  if (!complete) for (const warning of await stopped()) pulumi.log.warn(warning);
  const handover = await crossStackOutputsOf(plan, parts.crossStackParts, last);
  const outputs = {
    ...describeFleet(plan, await whatCame(parts, last), { complete, last }),
    /** The sections, where no stack file has them. */
    ...(sections === undefined ? {} : { config: sections }),
  };
  const late = [...args.apiServers].map(
    ([cluster, address]) => [unknownApiServer(cluster), address] as const,
  );
  return {
    ...(late.length === 0 ? outputs : replaced(outputs, new Map(late))),
    /** What the other stacks of the fleet need of this one; secret. */
    ...(handover === undefined ? {} : { handover }),
  };
}

/**
 * Without the outputs that do not come: `npx fleet` could read none of the others. The address of a gateway is then the
 * one of the deployment before.
 */
async function whatCame(
  { gatewayAddresses, sourcesOfTruth, trustBundle }: FleetParts,
  last: RawOutputs,
): Promise<MadeFleet<pulumi.Input<string>, pulumi.Output<readonly string[]>>> {
  const before = readOutput(last, "clusters") ?? {};
  const addresses = Object.entries(gatewayAddresses).map(([cluster, address]) =>
    sdk.settled(address, before[cluster]?.gateway.address, cluster),
  );
  const views = sourcesOfTruth.map(async (view) => ((await sdk.isResolved(view.members)) ? [view] : []));
  return {
    gatewayAddresses: Object.fromEntries((await Promise.all(addresses)).flat()),
    sourcesOfTruth: (await Promise.all(views)).flat(),
    trustBundle,
  };
}

/** By stack: which fleet of it has which cluster. A test process has many stacks. */
const claimed = new WeakMap<pulumi.Resource, Map<string, string>>();

/** Names of resources are made of those of clusters. */
function claimClusters(fleet: string, config: FleetConfig): void {
  const others = otherStacks(config, stackIdentity());
  const stack = pulumi.runtime.getStackResource();
  if (stack === undefined) return;
  const owners = claimed.get(stack) ?? new Map<string, string>();
  claimed.set(stack, owners);
  const problems = Object.keys(config.clusters).flatMap((name) => {
    const other = owners.get(name);
    if (others.has(name)) return [];
    if (other === undefined) owners.set(name, fleet);
    return other === undefined
      ? []
      : [
          {
            path: pathOf(["clusters", name]),
            problem: `is also a cluster of the Fleet "${other}"`,
            fix: TWICE,
          },
        ];
  });
  if (problems.length > 0)
    sdk.stop(formatProblems(problems, `The Fleet "${fleet}" cannot be in one stack with another`));
}

const TWICE = "give the clusters of one stack different names, or make the fleets in two stacks";
