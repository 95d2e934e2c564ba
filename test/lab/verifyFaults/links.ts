import { both, type Fault, MULTICLUSTER, mirrored, REFRESH } from "./fault";

export const LINKS: readonly Fault[] = [
  {
    what: "a deleted Link",
    plant: ({ hands }) => hands.remove("us", `multicluster.linkerd.io/v1alpha3 Link ${MULTICLUSTER}/eu`),
    found: ["us → eu: the Link eu is missing"],
    remedy: REFRESH,
  },
  {
    what: "an edited Link",
    plant: ({ hands }) =>
      hands.edit("us", `multicluster.linkerd.io/v1alpha3 Link ${MULTICLUSTER}/eu`, ({ spec }) => {
        spec.gatewayAddress = "192.0.2.1";
        spec.selector = { matchLabels: { everything: "yes" } };
      }),
    found: [
      "us → eu: the Link eu has another gatewayAddress, selector.matchLabels.everything, selector.matchLabels.mirror.linkerd.io/exported",
    ],
    remedy: REFRESH,
  },
  {
    what: "an undeclared Link",
    plant: async ({ hands }) => {
      const id = `multicluster.linkerd.io/v1alpha3 Link ${MULTICLUSTER}`;
      const { spec } = await hands.read("us", `${id}/eu`);
      return hands.create("us", `${id}/apac`, { spec });
    },
    found: [`us: the Link ${MULTICLUSTER}/apac is not planned`],
    remedy: `\`kubectl --context us delete link -n ${MULTICLUSTER} apac\``,
  },
  {
    what: "an access of a source that is no more",
    plant: ({ hands }) =>
      hands.create("us", `v1 ServiceAccount ${MULTICLUSTER}/linkerd-service-mirror-remote-access-gone`, {}),
    found: [`us: the access ${MULTICLUSTER}/linkerd-service-mirror-remote-access-gone is not planned`],
    remedy: `\`kubectl --context us delete serviceaccount -n ${MULTICLUSTER} linkerd-service-mirror-remote-access-gone\``,
  },
  {
    what: "a gateway of another identity",
    plant: ({ hands }) =>
      hands.edit("eu", `v1 Service ${MULTICLUSTER}/linkerd-gateway`, ({ metadata }) => {
        if (metadata?.annotations) metadata.annotations["mirror.linkerd.io/gateway-identity"] = "else";
      }),
    found: ["eu: the gateway's Service names another identity"],
    remedy: `\`helm --kube-context eu -n ${MULTICLUSTER} rollback linkerd-multicluster 1\``,
  },
  {
    what: "a gateway at another port",
    plant: ({ hands }) =>
      hands.edit("eu", `v1 Service ${MULTICLUSTER}/linkerd-gateway`, ({ spec }) => {
        spec.ports.find(({ name }: { name: string }) => name === "mc-gateway").port = 4144;
      }),
    found: ["eu: the gateway's Service has another port mc-gateway"],
    remedy: `\`helm --kube-context eu -n ${MULTICLUSTER} rollback linkerd-multicluster 1\``,
  },
  {
    what: "a gateway that does not answer",
    plant: async ({ hands }) => {
      const labels = mirrored("eu");
      const spec = { ports: [{ port: 80 }] };
      const subsets = [{ notReadyAddresses: [{ ip: "198.18.0.1" }], ports: [{ port: 4143 }] }];
      return both(
        await hands.create("us", "v1 Service bi/reports-eu", { metadata: { labels }, spec }),
        await hands.create("us", "v1 Endpoints bi/reports-eu", { metadata: { labels }, subsets }),
      );
    },
    found: ["us → eu: us gets no answer from the gateway of eu"],
    remedy: "look at the gateway's pods in eu",
  },
  {
    what: "a service mirror that has stopped",
    plant: ({ hands }) =>
      hands.create("us", `coordination.k8s.io/v1 Lease ${MULTICLUSTER}/service-mirror-write-eu`, {
        spec: { holderIdentity: "x", leaseDurationSeconds: 30, renewTime: "2026-01-01T00:00:00.000000Z" },
      }),
    found: [
      "us → eu: it has not renewed its Lease since 2026-01-01T00:00:00.000000Z",
      "us → eu: the service mirror has not reported what it mirrored",
    ],
    remedy: `\`kubectl --context us logs -n ${MULTICLUSTER} deployment/controller-eu\``,
  },
];
