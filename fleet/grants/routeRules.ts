import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import type { ServiceConfig } from "../exports/schema";
import { countsExactly } from "./plan";
import { matchWords, takesRoutes, ties } from "./routes";

/**
 * Grants for some requests only are for ports whose requests Linkerd sees, and leave no request to chance. An audit
 * that counts exactly has routes as well.
 */
export function grantRouteRules({ services, isUnread }: Readable): Problem[] {
  return services.flatMap(({ path, value }) => {
    const isRouted = value.allow.some(({ routes }) => routes);
    if (!isRouted && !countsExactly(value)) return [];
    return [
      ...judgeProtocol(path, value),
      ...(isUnread([...path, "probes"]) ? [] : judgeProbes(path, value, isRouted)),
      ...judgeTies(
        path,
        value,
        services.flatMap((other) =>
          other.value.namespace === value.namespace && other.value.name === value.name ? [other.value] : [],
        ),
      ),
    ];
  });
}

function judgeProtocol(path: readonly PropertyKey[], { protocol, allow }: ServiceConfig): Problem[] {
  if (takesRoutes(protocol)) return [];
  const fix =
    protocol === "gRPC"
      ? "write `protocol: HTTP/2`, and paths such as /package.Service/Method"
      : "leave `routes` out, or name the ports that speak HTTP in an entry of another Service";
  return allow.flatMap(({ routes }, at) =>
    routes
      ? [
          {
            path: pathOf([...path, "allow", at, "routes"]),
            problem: `are for HTTP requests, which Linkerd does not look for with \`protocol: ${protocol}\``,
            fix,
          },
        ]
      : [],
  );
}

/**
 * Linkerd's own routes for probes stand only where there are no others (linkerd2 `inbound/index.rs`, `http_routes`).
 */
function judgeProbes(path: readonly PropertyKey[], { probes }: ServiceConfig, isRouted: boolean): Problem[] {
  if (probes !== undefined) return [];
  return [
    {
      path: pathOf([...path, "probes"]),
      problem: isRouted
        ? "is missing: grants with `routes` keep out the HTTP probes of the pods unless they are named"
        : "is missing: `enforce: audit` counts the HTTP probes of the pods as calls without a grant unless they are named",
      fix: "list the paths of the pods' HTTP probes at these ports, or [] if they have none",
    },
  ];
}

function judgeTies(
  path: readonly PropertyKey[],
  service: ServiceConfig,
  entries: readonly ServiceConfig[],
): Problem[] {
  const { probes = [], allow } = service;
  const tied = service.ports.flatMap((port) => {
    const grants = entries.flatMap((entry) =>
      entry.allow
        .filter(({ ports }) => ports?.includes(port) ?? true)
        .flatMap(({ routes = [] }) => routes.map((match) => ({ match, callers: [] }))),
    );
    return grants.length > 0 ? ties(grants, probes) : [];
  });
  const words = (value: string) =>
    tied.filter((match) => match.path.value === value).map((match) => matchWords(match))[0];
  const judge = (at: readonly PropertyKey[], value: string, fix: string): Problem[] => {
    const request = words(value);
    if (request === undefined) return [];
    const problem = `is granted as a prefix, too: Linkerd's proxies would decide ${request} by either of two routes`;
    return [{ path: pathOf([...path, ...at]), problem, fix }];
  };
  return [
    ...allow.flatMap(({ routes = [] }, grant) =>
      routes.flatMap((route, at) =>
        route.path.type === "Exact"
          ? judge(
              ["allow", grant, "routes", at, "path"],
              route.path.value,
              "write type PathPrefix, or a `method` here and none for the prefix",
            )
          : [],
      ),
    ),
    ...probes.flatMap((probe, at) =>
      judge(["probes", at], probe, "grant the prefix without `method`, or probe another path"),
    ),
  ];
}
