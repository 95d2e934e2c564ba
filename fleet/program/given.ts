import { closest } from "../config/closest";
import { isMap, map } from "../config/json";
import type { RawConfig } from "../config/parse";
import { type Problem, pathOf } from "../config/problems";
import { secretReferences } from "../config/secretRules";

/** What a program gives its fleet, apart from plain sections: names, and the values that it knows by now. */
export interface Given {
  /** Clusters whose kubeconfig the program gives. */
  readonly kubeconfigs: readonly string[];
  /** Clusters whose provider the program gives. */
  readonly providers: readonly string[];
  /** By cluster: addresses of API servers that the program makes; `undefined` while one is not known. */
  readonly apiServers: ReadonlyMap<string, string | undefined>;
  /** Keys of secrets that the program gives. */
  readonly secrets: readonly string[];
  /** Places of other outputs, of which no plan can be made. */
  readonly outputs: readonly (readonly PropertyKey[])[];
}

/** Stands for an address that is not known yet. It is a valid one, and leads nowhere. */
export function unknownApiServer(cluster: string): string {
  return `https://${cluster}.not-known-yet.invalid`;
}

/** A plain value in which texts are replaced, wherever they stand. */
export function replaced<V, T>(value: V, by: ReadonlyMap<string, T>): V {
  const replace = (item: unknown): unknown => {
    if (typeof item === "string") return by.get(item) ?? item;
    if (Array.isArray(item)) return item.map(replace);
    return isPlain(item)
      ? Object.fromEntries(Object.entries(item).map(([key, of]) => [key, replace(of)]))
      : item;
  };
  return replace(value) as V;
}

/** Not an output, which is an object too. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return isMap(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * The configuration of a fleet whose program gives some of it. `sections`: those that the program writes; `undefined`
 * where they stand in the stack file. Secrets that the program does not give stand in the stack file.
 */
export function configOfProgram(
  sections: Readonly<Record<string, unknown>> | undefined,
  given: Given,
  stackFile: RawConfig,
): RawConfig {
  const own = sections ?? stackFile.values;
  const used = secretReferences({ values: own }).map(({ key }) => key);
  const fromProgram = used.filter((key) => given.secrets.includes(key));
  const fromStack = used.filter(
    (key) => !given.secrets.includes(key) && Object.hasOwn(stackFile.values, key),
  );
  return {
    values: {
      ...own,
      ...(isMap(own.clusters) && { clusters: clustersOf(own.clusters, given) }),
      ...Object.fromEntries(fromStack.map((key) => [key, stackFile.values[key]])),
      // As an encrypted value that cannot be read.
      ...Object.fromEntries(fromProgram.map((key) => [key, { secure: "" }])),
    },
    secretKeys: new Set([...stackFile.secretKeys, ...fromProgram]),
    ...(stackFile.stack === undefined ? {} : { stack: stackFile.stack }),
    problems: [
      ...(sections === undefined ? (stackFile.problems ?? []) : []),
      ...misplacedOutputs(given),
      ...clusterProblems(map(own.clusters), given),
      ...given.secrets
        .filter((key) => !used.includes(key))
        .map((key) => ({
          path: pathOf(["secrets", key]),
          problem: "is used by no setting",
          fix: `remove it, or write { secret: <key> } where it belongs`,
        })),
    ],
  };
}

/**
 * A cluster whose kubeconfig the program gives is known to people by a context of their own: that of its name, unless
 * it says another.
 */
function clustersOf(clusters: Readonly<Record<string, unknown>>, given: Given): Record<string, unknown> {
  const opened = new Set([...given.kubeconfigs, ...given.providers]);
  return Object.fromEntries(
    Object.entries(clusters).map(([name, cluster]) => {
      if (!isMap(cluster)) return [name, cluster];
      const { apiServers } = given;
      return [
        name,
        {
          ...(opened.has(name) ? { context: name } : {}),
          ...cluster,
          ...(apiServers.has(name) ? { apiServer: apiServers.get(name) ?? unknownApiServer(name) } : {}),
        },
      ];
    }),
  );
}

/** Settings that refer to secrets. */
const SECRETS = /^(kubeconfig|privateKey|password|license|pullSecret|secret)$/;

function misplacedOutputs({ outputs }: Given): Problem[] {
  return outputs.map((path) => ({
    path: pathOf(path),
    problem: "is an output, whose value is not known when the fleet is planned",
    fix: path.some((key) => SECRETS.test(String(key)))
      ? "write { secret: <key> } there, and give the output as `secrets.<key>`"
      : "write a plain value: only `clusters.<name>.apiServer` may be an output",
  }));
}

function clusterProblems(clusters: Readonly<Record<string, unknown>>, given: Given): Problem[] {
  const known = Object.keys(clusters);
  return (["kubeconfigs", "providers"] as const).flatMap((list) =>
    given[list].flatMap((name): Problem[] => {
      const path = pathOf([list, name]);
      if (!known.includes(name)) {
        const meant = closest(name, known);
        const fix = meant ? `did you mean ${meant}?` : `name one of ${known.join(", ") || "the clusters"}`;
        return [{ path, problem: "names no cluster of the fleet", fix }];
      }
      const { kubeconfig, adopt } = map(clusters[name]);
      if (list === "providers" && given.kubeconfigs.includes(name))
        return [{ path, problem: "has a kubeconfig in `kubeconfigs` as well", fix: "keep one of them" }];
      if (kubeconfig !== undefined) {
        const fix = `keep one of them`;
        return [{ path, problem: `has clusters.${name}.kubeconfig beside it`, fix }];
      }
      // Only a provider of the fleet's own is known to take over objects.
      return list === "providers" && adopt !== undefined && adopt !== false
        ? [
            {
              path: pathOf(["clusters", name, "adopt"]),
              problem: "needs a provider that the fleet makes itself",
              fix: `give kubeconfigs.${name} in place of providers.${name}`,
            },
          ]
        : [];
    }),
  );
}
