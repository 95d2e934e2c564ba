import {
  accessName,
  credentialsName,
  MULTICLUSTER_NAMESPACE,
  TARGET_LABEL,
} from "../../../fleet/config/names";
import {
  crossingInto,
  serviceNameOf,
  undeclaredGateway,
  undeclaredMirror,
} from "../../../fleet/links/mirrors";
import { needsDestination } from "../../../fleet/links/objects";
import type { Metadata } from "../../../live/shapes";
import { undeclared, whenReadable } from "../finding";
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
    whenReadable(
      { mirrors: found.mirrors, endpoints: found.gatewayEndpoints },
      ({ mirrors = [], endpoints = [] }) => {
        const crossing = crossingInto(cluster.name, plan);
        const services = mirrors.flatMap(({ metadata }) => {
          const reason = undeclaredMirror(metadata, crossing);
          return reason === undefined ? [] : [{ ...metadata, reason }];
        });
        // With an undeclared mirror service, its endpoints go as well.
        const known = new Set(services.map(({ namespace, name }) => `${namespace}/${name}`));
        const others = endpoints.flatMap(({ kind, metadata }) => {
          const reason = undeclaredGateway(metadata, crossing);
          const isTold = known.has(`${metadata.namespace}/${serviceNameOf(metadata)}`);
          return reason === undefined || isTold ? [] : [{ ...metadata, kind, reason }];
        });
        return [
          ...services.map(({ namespace, name, reason }) =>
            undeclared(
              `the Service ${namespace}/${name} ${reason}`,
              cluster,
              `delete service -n ${namespace} ${name}`,
            ),
          ),
          ...others.map(({ kind, namespace, name, reason }) =>
            undeclared(
              `the ${kind} ${namespace}/${name} ${reason}`,
              cluster,
              `delete ${kind.toLowerCase()} -n ${namespace} ${name}`,
            ),
          ),
        ];
      },
    ),
  ),
];
