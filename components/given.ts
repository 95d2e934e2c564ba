import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { clusterConfig } from "../fleet/clusters/schema";
import type { fleetConfig } from "../fleet/config/fleetConfig";
import { isMap } from "../fleet/config/json";
import type { Given } from "../fleet/program/given";
import { resolved } from "./sdk";

/** A cluster as a program writes it: as in the stack file, but the address may be an output (docs/configuration.md). */
export interface ClusterSettings extends Omit<z.input<typeof clusterConfig>, "apiServer"> {
  /**
   * URL at which the pods of the *other* clusters reach the API server, for example `https://api.eu.example.com:6443`.
   * An output that is not known yet is checked by `pulumi up`.
   */
  readonly apiServer: pulumi.Input<string>;
}

/** The sections of a fleet as a program writes them: those of the stack file, by the same names. */
export interface FleetSettings extends Omit<z.input<typeof fleetConfig>, "clusters"> {
  /** Clusters of the fleet, by name. */
  readonly clusters: Readonly<Record<string, ClusterSettings>>;
}

/** Arguments of a `Fleet`. */
export interface FleetArgs {
  /**
   * The sections: clusters, trust, topology, services and so on (docs/configuration.md), as plain values. An output is
   * an error, except as `clusters.<name>.apiServer`, because the settings decide which resources there are.
   * @default the sections of the stack file (`linkerd-fleet:<section>`)
   */
  readonly config?: FleetSettings;
  /**
   * By cluster: its kubeconfig as YAML or JSON text, of which the current context is used. The name of no cluster is an
   * error, and so is a cluster that has a provider or a kubeconfig of its own.
   * @default the context that the cluster's settings name, in the kubeconfig of the person who runs `pulumi`
   */
  readonly kubeconfigs?: Readonly<Record<string, pulumi.Input<string>>>;
  /**
   * By cluster: a provider of yours, in place of one that the fleet makes. Give it `enableSecretMutable: true` and
   * `enableConfigMapMutable: true`: without them, a rotated key or bundle is deleted before it is made again. The fleet
   * cannot look into such a cluster before it changes it.
   * @default one that the fleet makes
   */
  readonly providers?: Readonly<Record<string, kubernetes.Provider>>;
  /**
   * By key: the secrets to which settings refer as `{ secret: <key> }`. A key to which no setting refers is an error.
   * @default the secrets of the stack (`pulumi config set --secret linkerd-fleet:<key>`)
   */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The arguments, read. */
export interface ReadArgs {
  /** Without outputs; `undefined` where the sections stand in the stack file. */
  readonly sections: Readonly<Record<string, unknown>> | undefined;
  readonly kubeconfigs: ReadonlyMap<string, pulumi.Output<string>>;
  readonly providers: ReadonlyMap<string, kubernetes.Provider>;
  readonly secrets: ReadonlyMap<string, pulumi.Output<string>>;
  readonly apiServers: ReadonlyMap<string, pulumi.Output<string>>;
  /** Places of other outputs. */
  readonly outputs: readonly (readonly PropertyKey[])[];
}

export function readArgs({ config, kubeconfigs, providers, secrets }: FleetArgs): ReadArgs {
  const apiServers = new Map<string, pulumi.Output<string>>();
  const outputs: (readonly PropertyKey[])[] = [];
  const plain = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (pulumi.Output.isInstance(value) || value instanceof Promise) {
      const [section, cluster, setting] = path;
      if (section === "clusters" && setting === "apiServer" && path.length === 3)
        apiServers.set(String(cluster), pulumi.output(value).apply(String));
      else outputs.push(path);
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, at) => plain(item, [...path, at]));
    if (isMap(value)) return plainMap(value, path);
    return value;
  };
  // As in YAML, a setting that is not there has no key.
  const plainMap = (map: Readonly<Record<string, unknown>>, path: readonly PropertyKey[]) =>
    Object.fromEntries(
      Object.entries(map)
        .map(([key, value]) => [key, plain(value, [...path, key])] as const)
        .filter(([, value]) => value !== undefined),
    );
  return {
    sections: config && plainMap({ ...config }, []),
    kubeconfigs: outputsBy(kubeconfigs),
    providers: new Map(Object.entries(providers ?? {})),
    secrets: outputsBy(secrets),
    ...{ apiServers, outputs },
  };
}

function outputsBy(inputs: Readonly<Record<string, pulumi.Input<string>>> = {}) {
  return new Map(Object.entries(inputs).map(([key, value]) => [key, pulumi.output(value)]));
}

/** Names, and the addresses that are known by now. */
export function givenBy(args: ReadArgs, known: ReadonlyMap<string, string> = new Map()): Given {
  return {
    kubeconfigs: [...args.kubeconfigs.keys()],
    providers: [...args.providers.keys()],
    apiServers: new Map([...args.apiServers.keys()].map((name) => [name, known.get(name)])),
    secrets: [...args.secrets.keys()],
    outputs: args.outputs,
  };
}

/** The values of those outputs that have one. */
export async function knownOf(
  outputs: ReadonlyMap<string, pulumi.Output<string>>,
): Promise<Map<string, string>> {
  const found = await Promise.all(
    [...outputs].map(async ([key, output]) => [key, await resolved(output)] as const),
  );
  return new Map(found.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}
