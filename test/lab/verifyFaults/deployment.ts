import { gunzipSync, gzipSync } from "node:zlib";
import { base64 } from "../../../testing/stored";
import type { Undo } from "../hands";
import type { TestLab } from "../harness";
import { type Fault, MULTICLUSTER, REFRESH } from "./fault";

/** Helm's record of a revision, and a revision that no test reaches. */
const RECORD = `v1 Secret ${MULTICLUSTER}/sh.helm.release.v1.linkerd-multicluster.v`;
const PENDING = 99;
const HELM = `\`helm --kube-context us -n ${MULTICLUSTER} rollback linkerd-multicluster 1\``;

export const DEPLOYMENT: readonly Fault[] = [
  {
    what: "a missing service mirror",
    plant: async ({ hands, lab }) =>
      andAvailable(lab, await hands.remove("us", `apps/v1 Deployment ${MULTICLUSTER}/controller-eu`)),
    found: ["us → eu: the Deployment controller-eu is missing"],
    remedy: HELM,
  },
  {
    what: "a service mirror that may not read its credentials",
    plant: ({ hands }) =>
      hands.remove("us", `rbac.authorization.k8s.io/v1 Role ${MULTICLUSTER}/controller-read-remote-creds-eu`),
    found: ["us → eu: the Role controller-read-remote-creds-eu is missing"],
    remedy: HELM,
  },
  {
    what: "a control plane without pods",
    plant: async ({ hands, lab }) => {
      const undo = await hands.edit("us", "apps/v1 Deployment linkerd/linkerd-identity", ({ spec }) => {
        spec.replicas = 0;
      });
      const settled = ["wait", "deployment/linkerd-identity", "-n=linkerd", "--timeout=60s"];
      await lab.kubectl("us", ...settled, "--for=jsonpath={.status.observedGeneration}=2");
      return async () => {
        await undo();
        await lab.kubectl("us", ...settled, "--for=condition=Available");
        await lab.kubectl("us", ...settled, "--for=jsonpath={.status.availableReplicas}=1");
      };
    },
    found: ["us: 0 of 0 pods of the Deployment linkerd-identity are available"],
    remedy: "`kubectl --context us describe deployment -n linkerd linkerd-identity`",
  },
  {
    what: "a release changed by hand",
    plant: async ({ lab }) => {
      const helm = (...args: string[]) =>
        lab.shell(`helm --kube-context us -n ${MULTICLUSTER} ${args.join(" ")}`);
      const chart = `${lab.lab.root}/charts/linkerd-multicluster`;
      await helm(
        "upgrade",
        "linkerd-multicluster",
        chart,
        "--reuse-values",
        "--set=gateway.replicas=2",
        "--wait",
      );
      return () => helm("rollback", "linkerd-multicluster", "1", "--wait");
    },
    found: [
      "us: the Helm release linkerd-multicluster was changed by somebody else; values that differ: gateway.replicas",
    ],
    remedy: `\`helm --kube-context us -n ${MULTICLUSTER} history linkerd-multicluster\``,
  },
  {
    what: "a Helm operation that never ended",
    plant: async ({ hands }) => {
      const { data, type, metadata } = await hands.read("us", `${RECORD}1`);
      const packed = Buffer.from(Buffer.from(data.release, "base64").toString(), "base64");
      const record = { ...JSON.parse(gunzipSync(packed).toString()), version: PENDING };
      record.info.status = "pending-upgrade";
      return hands.create("us", `${RECORD}${PENDING}`, {
        metadata: { labels: { ...metadata?.labels, status: "pending-upgrade", version: String(PENDING) } },
        type,
        data: { release: base64(gzipSync(JSON.stringify(record)).toString("base64")) },
      });
    },
    found: ["us: an operation on the Helm release linkerd-multicluster was interrupted (pending-upgrade)"],
    remedy: "`npx fleet recover`",
  },
  {
    what: "kinds that are not served",
    plant: ({ hands }) =>
      hands.edit(
        "us",
        "apiextensions.k8s.io/v1 CustomResourceDefinition httproutes.gateway.networking.k8s.io",
        ({ spec }) => {
          for (const version of spec.versions) version.served = version.name !== "v1";
        },
      ),
    found: [
      "us: httproutes of gateway.networking.k8s.io/v1 are not served: their CRDs are missing or too old",
    ],
    remedy: REFRESH,
  },
  {
    what: "a stack file that was not deployed",
    plant: async ({ lab }) => {
      const waveOfUs = (wave: number | undefined) =>
        lab.edit(({ "linkerd-fleet:clusters": { us } }) => Object.assign(us ?? {}, { wave }));
      waveOfUs(3);
      return async () => waveOfUs(undefined);
    },
    found: ["stack: the stack file differs from the last deployment in its clusters"],
    remedy: "`pulumi preview`",
  },
];

function andAvailable(lab: TestLab, undo: Undo): Undo {
  return async () => {
    await undo();
    await lab.kubectl(
      "us",
      "wait",
      "deployment/controller-eu",
      `-n=${MULTICLUSTER}`,
      "--for=condition=Available",
    );
  };
}
