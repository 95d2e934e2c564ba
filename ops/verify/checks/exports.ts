import { mirrorLease } from "../../../fleet/config/names";
import { federatedViews, portGroups } from "../../../fleet/exports/federation";
import { EXPORT_KEYS } from "../../../fleet/exports/labels";
import { crossingModes } from "../../../fleet/exports/named";
import type { ExportPlan } from "../../../fleet/exports/plan";
import type { Plan } from "../../../fleet/plan";
import type { LinkPlan } from "../../../fleet/topology/plan";
import type { Crossed, Service } from "../../../live/shapes";
import { type Finding, kubectlOf, notWorking, undeclared, whenReadable } from "../finding";
import { type Check, ofClusters, ofLinks } from "./check";

/** Of the members that this stack's clusters reach and that could be read; that one could not be, others say. */
const alike: Check = {
  name: "the members of a federated service have the same ports",
  judge: ({ plan, members, neighbours }) => {
    const views = Map.groupBy(federatedViews(plan), ({ namespace, name }) => `${namespace}/${name}`);
    return [...views].map(([subject, of]) => {
      const unlike = of.flatMap((view) => {
        const found = view.members.flatMap((cluster) => {
          const declared = (members.get(cluster) ?? neighbours.get(cluster))?.found.declared;
          const service =
            declared?.state === "found" ? declared.value.find((one) => isCalled(one, view)) : undefined;
          return service ? [{ cluster, ports: service.spec.ports }] : [];
        });
        const groups = portGroups(
          { members: found.map(({ cluster }) => cluster) },
          found.map(({ ports }) => ports),
        );
        if (groups.size < 2) return [];
        return [[...groups].map(([ports, clusters]) => `${ports} in ${clusters.join(", ")}`).join("; ")];
      });
      // Clusters that see the same members say the same.
      const findings = [...new Set(unlike)].map((groups) =>
        notWorking(
          `its members have different ports (${groups})`,
          "give these Services the same ports, or take a cluster out of its `in`",
        ),
      );
      return { subject, findings };
    });
  },
};

export const serviceChecks = [
  alike,
  ofClusters("nothing else is exported", ({ cluster, found }, { plan }) =>
    whenReadable(
      { exported: found.exported, federated: found.federated },
      ({ exported = [], federated = [] }) => {
        const declared = (service: Service) =>
          plan.exports.some((one) => one.cluster === cluster.name && isCalled(service, one));
        const labelled: (readonly [string, Service])[] = [
          ...exported.map((service) => [EXPORT_KEYS[0], service] as const),
          ...federated.map((service) => [EXPORT_KEYS[1], service] as const),
        ];
        return labelled
          .filter(([, service]) => !declared(service))
          .map(([key, { metadata }]) =>
            undeclared(
              `the Service ${metadata.namespace}/${metadata.name} carries the label ${key}, and may cross`,
              cluster,
              `label service -n ${metadata.namespace} ${metadata.name} ${key}-`,
            ),
          );
      },
    ),
  ),
  ofLinks("what is declared has crossed", ({ link, source }, { plan }) => {
    const wanted = crossings(plan, link);
    if (wanted.length === 0) return [];
    return whenReadable(
      { links: source.found.links, leases: source.found.leases },
      ({ links = [], leases = [] }): readonly Finding[] => {
        const status = links.find(({ metadata }) => metadata.name === link.target)?.status;
        const log = `\`${kubectlOf(source.cluster)} describe link -n linkerd-multicluster ${link.target}\` says more`;
        if (!status) {
          const works = leases.some(({ metadata }) => metadata.name === mirrorLease(link.target));
          const message = "the service mirror has not reported what it mirrored";
          return [notWorking(message, log, works ? "error" : "unknown")];
        }
        return wanted.flatMap(({ namespace, name, federated }) => {
          const reported = federated ? status.federatedServices : status.mirrorServices;
          const report = reported.find(
            ({ remoteRef }) => remoteRef.namespace === namespace && remoteRef.name === name,
          );
          const what = `${namespace}/${name} of ${link.target} is not ${federated ? "federated" : "mirrored"}`;
          const reason = failureOf(report);
          if (reason === undefined) return [];
          const remedy =
            reason === "MissingNamespace"
              ? `\`${kubectlOf(source.cluster)} create namespace ${namespace}\`, if ${link.source} is to have it`
              : log;
          return [notWorking(`${what} in ${link.source} (${reason})`, remedy)];
        });
      },
    );
  }),
];

interface MirroredExport extends Pick<ExportPlan, "namespace" | "name"> {
  readonly federated: boolean;
}

/** What is to cross a link: mirrors and, apart from them, members of federated services. */
function crossings(plan: Plan, link: LinkPlan): MirroredExport[] {
  if (link.state === "draining") return [];
  return [...plan.exports, ...plan.otherExports]
    .filter(({ cluster, evacuated }) => cluster === link.target && !evacuated)
    .flatMap((one) =>
      [...new Set(crossingModes(one, link).map((mode) => mode === "federated"))].map((federated) => ({
        namespace: one.namespace,
        name: one.name,
        federated,
      })),
    );
}

/** Why it has not crossed; `undefined` if it has. */
function failureOf(report: Crossed | undefined): string | undefined {
  const condition = report?.conditions.find(({ type }) => type === "Mirrored");
  if (!condition) return "not reported";
  return condition.status === "True" ? undefined : condition.message || condition.reason;
}

function isCalled({ metadata }: Service, of: Pick<ExportPlan, "namespace" | "name">): boolean {
  return metadata.namespace === of.namespace && metadata.name === of.name;
}
