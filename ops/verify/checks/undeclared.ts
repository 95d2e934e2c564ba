import type { Mode } from "../../../fleet/config/common";
import {
  accessName,
  credentialsName,
  exportKey,
  MULTICLUSTER_NAMESPACE,
  TARGET_LABEL,
} from "../../../fleet/config/names";
import { needsDestination } from "../../../fleet/links/objects";
import type { Plan } from "../../../fleet/plan";
import type { Metadata, Service } from "../../../live/shapes";
import { type Finding, undeclared, whenReadable } from "../finding";
import { ofClusters } from "./check";

export const orphanChecks = [
  ofClusters("nothing is left of other links", ({ cluster, found }, { plan }) =>
    whenReadable(
      {
        links: found.links,
        destination: found.destinationCredentials,
        serviceMirror: found.mirrorCredentials,
        controllers: found.extension,
        accounts: found.accounts,
      },
      ({ links = [], destination = [], serviceMirror = [], controllers = [], accounts = [] }) => {
        const own = plan.links.filter(({ source }) => source === cluster.name);
        const targets = own.map(({ target }) => target);
        // Also of sources in other stacks, whose links are not this plan's.
        const granted = plan.accesses.flatMap(({ source, target }) =>
          target === cluster.name ? [source] : [],
        );
        const credentials = new Set(targets.map(credentialsName));
        const read = new Set(own.filter(needsDestination).map(({ target }) => credentialsName(target)));
        const accesses = new Set([...granted.map(accessName), ...cluster.chartAccesses]);
        const remove = (kind: string, what: string, objects: readonly { readonly metadata: Metadata }[]) =>
          objects.map(({ metadata: { namespace, name } }) =>
            undeclared(
              `${what} ${namespace}/${name} is not planned`,
              cluster,
              `delete ${kind} -n ${namespace} ${name}`,
            ),
          );
        return [
          ...remove(
            "link",
            "the Link",
            links.filter(
              ({ metadata }) =>
                metadata.namespace !== MULTICLUSTER_NAMESPACE || !targets.includes(metadata.name),
            ),
          ),
          ...remove("secret", "the credentials Secret", [
            ...destination.filter(({ metadata }) => !read.has(metadata.name)),
            ...serviceMirror.filter(({ metadata }) => !credentials.has(metadata.name)),
          ]),
          ...remove(
            "deployment",
            "the service mirror",
            controllers.filter(({ metadata: { labels } }) => {
              const target = labels[TARGET_LABEL];
              return target !== undefined && !targets.includes(target);
            }),
          ),
          ...remove(
            "serviceaccount",
            "the access",
            accounts.filter(
              ({ metadata }) => metadata.name.startsWith(accessName("")) && !accesses.has(metadata.name),
            ),
          ),
        ];
      },
    ),
  ),
  ofClusters("every mirror service belongs to a link", ({ cluster, found }, { plan }) =>
    whenReadable({ mirrors: found.mirrors }, ({ mirrors = [] }) => {
      const crossing = crossingInto(cluster.name, plan);
      return mirrors.flatMap((mirror): Finding[] => {
        const { namespace, name } = mirror.metadata;
        const reason = undeclaredReason(mirror, crossing);
        if (reason === undefined) return [];
        return [
          undeclared(
            `the Service ${namespace}/${name} ${reason}`,
            cluster,
            `delete service -n ${namespace} ${name}`,
          ),
        ];
      });
    }),
  ),
];

interface SeenServices {
  /** Targets of the active links. */
  readonly linked: ReadonlySet<string>;
  /** By `exportKey`: what crosses as mirrors, and what as members of federated services. */
  readonly mirrored: ReadonlySet<string>;
  readonly federated: ReadonlySet<string>;
}

/** What may cross into a source. */
function crossingInto(source: string, plan: Plan): SeenServices {
  const exports = [...plan.exports, ...plan.otherExports];
  const inSome = (wanted: (mode: Mode) => boolean) =>
    new Set(exports.filter(({ modes }) => modes.some(wanted)).map(exportKey));
  const links = plan.links.filter((link) => link.source === source && link.state === "active");
  return {
    linked: new Set(links.map(({ target }) => target)),
    mirrored: inSome((mode) => mode !== "federated"),
    federated: inSome((mode) => mode === "federated"),
  };
}

/** Why a mirror or federated Service should not be there; `undefined` if it should. */
function undeclaredReason(
  { metadata }: Service,
  { linked, mirrored, federated }: SeenServices,
): string | undefined {
  const { namespace, name, labels, annotations } = metadata;
  const target = labels[TARGET_LABEL];
  if (target !== undefined) {
    if (!linked.has(target)) return `mirrors a service of ${target}, to which no link is planned`;
    // The Services of a headless mirror's endpoints are called after its pods.
    if ("mirror.linkerd.io/headless-mirror-svc-name" in labels) return undefined;
    const service = name.slice(0, -`-${target}`.length);
    const isDeclared = mirrored.has(exportKey({ cluster: target, namespace, name: service }));
    return isDeclared ? undefined : `mirrors a service that ${target} does not declare`;
  }
  const members = (annotations["multicluster.linkerd.io/remote-discovery"] ?? "").split(",").filter(Boolean);
  const undeclared = members.filter((member) => {
    const [service = "", cluster = ""] = member.split("@");
    return !linked.has(cluster) || !federated.has(exportKey({ cluster, namespace, name: service }));
  });
  return undeclared.length > 0 ? `has members that are not declared: ${undeclared.join(", ")}` : undefined;
}
