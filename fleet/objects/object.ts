import type { Kinds, Patches } from "./kinds";
import type { Plain, Text, Values } from "./values";

export interface Metadata<V extends Values> {
  readonly name: Text<V>;
  /** Absent: the object is the whole cluster's. */
  readonly namespace?: Text<V>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Header<Kind, V extends Values> {
  /**
   * Names the object among those of its component, and with the component's name the resource: `<component>-<id>`.
   * Where it joins names, it does so by slashes, so that no two are alike; in the resource's name they are dashes.
   */
  readonly id: string;
  /** The id that it had before, if that is nobody's now. */
  readonly was?: string;
  readonly apiVersion: Kind extends `${infer ApiVersion} ${string}` ? ApiVersion : never;
  readonly kind: Kind extends `${string} ${infer Name}` ? Name : never;
  readonly metadata: Metadata<V>;
  /** Ids of objects of the same list that must be there before. */
  readonly after?: readonly string[];
}

/** An object that is the fleet's alone. */
export type OwnObject<V extends Values = Plain> = {
  [K in keyof Kinds<V>]: Header<K, V> & Kinds<V>[K] & { readonly patch?: never };
}[keyof Kinds<V>];

/** Fields of the fleet on an object that somebody else makes; the rest of it is theirs. */
export type ObjectPatch<V extends Values = Plain> = {
  [K in keyof Patches<V>]: Header<K, V> & Patches<V>[K] & { readonly patch: true };
}[keyof Patches<V>];

/** The annotation by which the provider writes a patch under the fleet's name. */
export const FLEET_MANAGER = { "pulumi.com/patchFieldManager": "linkerd-fleet" };

/**
 * An object that the fleet wants in a cluster, as plain data. The list of a slice (`fleet/<concept>/objects.ts`)
 * serves three readers: its component renders it, `verify` compares it with the cluster, and the tests' clusters hold
 * it.
 */
export type FleetObject<V extends Values = Plain> = OwnObject<V> | ObjectPatch<V>;

/** An object as an API server takes it: without what only its component needs to know. */
export function manifestOf<V extends Values>(
  object: FleetObject<V>,
): Pick<FleetObject<V>, "apiVersion" | "kind" | "metadata"> {
  const { id: _, was: _was, after: _after, patch: _patch, ...manifest } = object;
  return manifest;
}
