import * as pulumi from "@pulumi/pulumi";
import type { AccessPlan } from "../../fleet/access/plan";
import { ownValues } from "../../fleet/exports/labels";
import type { RawOutputs } from "../../fleet/outputs/schema";
import type { Plan } from "../../fleet/plan";
import {
  CROSS_STACK_SCHEMA,
  type Credentials,
  type CrossStackOutputs,
  readCrossStack,
  type SignedIssuer,
} from "../../fleet/stacks/crossStack";
import type { OthersIssuer } from "../../fleet/stacks/issuers";
import type { LinkPlan } from "../../fleet/topology/plan";
import type { LinkAccess } from "../links/link";
import { settled } from "../sdk";
import type { Issuer } from "../trust/issuer";

/** A link, and what makes its source read the token of this generation. */
export interface MadeLink {
  readonly plan: LinkPlan;
  readonly generation: number;
  /** The Link, which comes after its credentials, and the restart of the destination controller that reads them. */
  readonly read: readonly Pick<pulumi.CustomResource, "id">[];
}

/** The parts of the cross-stack outputs, each as it comes. */
export interface CrossStackParts {
  readonly anchors: pulumi.Output<CrossStackOutputs["anchors"]>;
  readonly issuers: readonly (readonly [OthersIssuer, Issuer])[];
  /** By cluster. */
  readonly gateways: Readonly<Record<string, pulumi.Output<string>>>;
  readonly accesses: readonly (readonly [AccessPlan, LinkAccess])[];
  readonly links: readonly MadeLink[];
}

/**
 * The cross-stack outputs for the other stacks of the fleet, in the shape that `fleet/stacks/crossStack.ts` reads;
 * secret. `undefined` if there are no others. `outputs`: those of the last deployment. A cluster that is down keeps
 * its entries in them, and affects no other entry.
 */
export async function crossStackOutputsOf(
  plan: Plan,
  parts: CrossStackParts,
  outputs: RawOutputs,
): Promise<pulumi.Output<unknown> | undefined> {
  if (!plan.shared) return undefined;
  const last = readCrossStack(outputs).crossStackOutputs;
  const own = new Set(plan.clusters.map(({ name }) => name));
  const accesses = parts.accesses
    .filter(([{ source }]) => !own.has(source))
    .map(([{ source, target }, { serviceAccount, generation, token, caData }]) => {
      const given: pulumi.Output<Credentials> = pulumi
        .all([token, caData])
        .apply(([token, caData]) => ({ serviceAccount, generation, token, caData }));
      return settled(given, last?.accesses[target]?.[source], [target, source] as const);
    });
  const issuers = parts.issuers.map(([{ cluster, generation }, { certificatePem, privateKeyPem }]) => {
    const signed: pulumi.Output<SignedIssuer> = pulumi
      .all([certificatePem, privateKeyPem])
      .apply(([certificatePem, privateKeyPem]) => {
        return { anchor: plan.trust.active, generation, certificatePem, privateKeyPem };
      });
    return settled(signed, last?.issuers[cluster], [cluster] as const);
  });
  const gateways = Object.entries(parts.gateways).map(([name, address]) =>
    settled(address, last?.gateways[name], [name] as const),
  );
  const foreign = parts.links.filter(({ plan: { target } }) => !own.has(target));
  const uses = foreign.map(({ plan: { source, target }, generation, read }) =>
    settled(once(read, generation), last?.uses[target]?.[source], [target, source] as const),
  );
  const selects = foreign.flatMap(({ plan: { source, target, selects: named }, read }) =>
    named
      ? [settled(once(read, ownValues(named)), last?.selects[target]?.[source], [target, source] as const)]
      : [],
  );
  return pulumi.secret({
    schema: CROSS_STACK_SCHEMA,
    ...(plan.trust.from === undefined
      ? { anchors: parts.anchors, issuers: byCluster((await Promise.all(issuers)).flat()) }
      : {}),
    gateways: byCluster((await Promise.all(gateways)).flat()),
    accesses: nested((await Promise.all(accesses)).flat()),
    uses: nested((await Promise.all(uses)).flat()),
    ...(selects.length > 0 ? { selects: nested((await Promise.all(selects)).flat()) } : {}),
  });
}

/** A value that comes once these are deployed. */
function once<T>(resources: MadeLink["read"], value: T): pulumi.Output<T> {
  return pulumi.all(resources.map(({ id }) => id)).apply((): T => value);
}

function byCluster<T>(entries: readonly (readonly [readonly [string], T])[]): Record<string, T> {
  return Object.fromEntries(entries.map(([[name], value]) => [name, value]));
}

function nested<T>(
  entries: readonly (readonly [readonly [string, string], T])[],
): Record<string, Record<string, T>> {
  const groups = Map.groupBy(entries, ([[outer]]) => outer);
  return Object.fromEntries(
    [...groups].map(([outer, of]) => [
      outer,
      Object.fromEntries(of.map(([[, inner], value]) => [inner, value])),
    ]),
  );
}
