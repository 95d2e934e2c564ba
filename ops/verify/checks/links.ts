import { MULTICLUSTER_NAMESPACE, mirrorLease, TARGET_LABEL } from "../../../fleet/config/names";
import { needsDestination } from "../../../fleet/links/objects";
import { named } from "../certificates";
import { driftedChart, type Finding, kubectlOf, notWorking, whenReadable } from "../finding";
import { ofLinks } from "./check";
import { judgeDeployment, releaseOf } from "./clusters";

/** Whoever mirrors renews a Lease. Clocks may differ, so it has to be late by much. */
const LATE_SECONDS = 120;

/**
 * Label of the control plane's pods; its destination controllers add a cluster only as they start, or as its Secret
 * is made (linkerd2 `controller/api/destination/watcher/cluster_store.go`, `addCluster`).
 */
const COMPONENT = "linkerd.io/control-plane-component";

export const linkChecks = [
  ofLinks("destination controllers know the linked cluster", ({ link, source, target }, { effective }) => {
    const { version } = target.found;
    if (!needsDestination(link) || version.state !== "failed" || version.why !== "unreachable") return [];
    const read = effective.get(link.source);
    if (read?.state !== "found") return [];
    const { controlPlaneNamespace } = source.cluster;
    const started = read.value
      .in(controlPlaneNamespace)
      .pods.filter(({ metadata }) => metadata.labels[COMPONENT] === "destination")
      .flatMap(({ metadata, status }) =>
        status.startTime == null ? [] : [`${metadata.name} started at ${status.startTime}`],
      );
    if (started.length === 0) return [];
    const restart = `${kubectlOf(source.cluster)} -n ${controlPlaneNamespace} rollout restart deployment linkerd-destination`;
    return [
      notWorking(
        `a destination controller that started after ${link.target} stopped answering never finds it again, and ` +
          `since when it does not answer is not known (${started.join(", ")})`,
        `if one started after that, \`${restart}\` when ${link.target} is back`,
        "warning",
      ),
    ];
  }),
  ofLinks("the service mirror runs", ({ link, source }) =>
    whenReadable(
      {
        deployments: source.found.extension,
        releases: source.found.multiclusterReleases,
        accounts: source.found.accounts,
        roles: source.found.roles,
        bindings: source.found.bindings,
        clusterBindings: source.found.clusterBindings,
        probes: source.found.probes,
      },
      ({ deployments = [], releases, probes = [], ...rbac }) => {
        const release = releaseOf(releases, source.cluster.install.multicluster);
        const missing = (what: string) => driftedChart(`${what} is missing`, source.cluster, release);
        const name = `controller-${link.target}`;
        const mirrors = deployments.filter(
          ({ metadata: { labels } }) =>
            ["controller", "service-mirror"].includes(labels.component ?? "") &&
            labels[TARGET_LABEL] === link.target,
        );
        const down = judgeDeployment(name, mirrors, source.cluster, release);
        if (down.length > 0) return down;

        const credentials = `controller-read-remote-creds-${link.target}`;
        const access = `linkerd-multicluster-controller-access-local-resources-${link.target}`;
        const findings: Finding[] = [
          ...(named(rbac.accounts ?? [], name) ? [] : [missing(`the ServiceAccount ${name}`)]),
          ...(named(rbac.roles ?? [], credentials) ? [] : [missing(`the Role ${credentials}`)]),
          ...(named(rbac.bindings ?? [], credentials) ? [] : [missing(`the RoleBinding ${credentials}`)]),
          ...(named(rbac.clusterBindings ?? [], access) ? [] : [missing(`the ClusterRoleBinding ${access}`)]),
        ];
        for (const other of mirrors.filter(({ metadata }) => metadata.name !== name)) {
          const { namespace, name: found } = other.metadata;
          const remedy = `\`${kubectlOf(source.cluster)} delete deployment -n ${namespace} ${found}\``;
          findings.push(notWorking(`a second service mirror, ${namespace}/${found}, does the same`, remedy));
        }
        const probePort = source.cluster.controllers.find(({ target }) => target === link.target)?.probePort;
        const probe = probes.find(({ metadata }) => metadata.labels[TARGET_LABEL] === link.target);
        if (probePort !== undefined && !probe?.spec.ports.some(({ port }) => port === probePort)) {
          findings.push(missing(`the Service probe-${link.target} with the port ${probePort}`));
        }
        return findings;
      },
    ),
  ),
  ofLinks("the service mirror is at work", ({ link, source }, { now }) =>
    whenReadable({ leases: source.found.leases }, ({ leases = [] }) => {
      const log = `\`${kubectlOf(source.cluster)} logs -n ${MULTICLUSTER_NAMESPACE} deployment/controller-${link.target}\` says more`;
      const lease = named(leases, mirrorLease(link.target));
      if (!lease?.spec.renewTime) {
        return [notWorking("it has no Lease, the only sign of it outside of its pod", log, "unknown")];
      }
      const late = (now.getTime() - Date.parse(lease.spec.renewTime)) / 1000;
      if (late < (lease.spec.leaseDurationSeconds ?? 0) + LATE_SECONDS) return [];
      return [notWorking(`it has not renewed its Lease since ${lease.spec.renewTime}`, log)];
    }),
  ),
];
