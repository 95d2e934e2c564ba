import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Certificate } from "../../testing/certificates";
import type { TestLab } from "./harness";

/** What a Linkerd that nobody adopted yet is installed with. */
export interface Existing {
  readonly anchor: Certificate;
  readonly issuer: Certificate;
  /** The cluster it is linked to. */
  readonly target: string;
}

const CHARTS = ["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster"] as const;

function namespaceOf(chart: string): string {
  return chart === "linkerd-multicluster" ? chart : "linkerd";
}

function writeValues(lab: TestLab, cluster: string, { anchor, issuer, target }: Existing): string {
  const values = {
    "linkerd-crds": { installGatewayAPI: true },
    "linkerd-control-plane": {
      identityTrustAnchorsPEM: anchor.pem,
      identity: { issuer: { tls: { crtPEM: issuer.pem, keyPEM: issuer.key } } },
    },
    "linkerd-multicluster": { controllers: [{ link: { ref: { name: target } } }] },
  };
  const prefix = join(lab.folder, `existing-${cluster}-`);
  for (const chart of CHARTS) writeFileSync(`${prefix}${chart}.yaml`, stringify(values[chart]));
  return prefix;
}

async function sh(lab: TestLab, script: string): Promise<string> {
  const ran = await lab.shell(script);
  if (ran.code !== 0) throw new Error(`${script}\n${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

/** As the docs of Linkerd say: `helm install` three times. */
export async function installByHelm(lab: TestLab, cluster: string, existing: Existing): Promise<void> {
  const values = writeValues(lab, cluster, existing);
  const charts = join(lab.lab.root, "charts");
  for (const chart of CHARTS) {
    await sh(
      lab,
      `helm install ${chart} ${charts}/${chart} --kube-context ${cluster} --namespace ${namespaceOf(chart)} \
        --create-namespace --values ${values}${chart}.yaml --wait`,
    );
  }
}

/**
 * What `linkerd install --crds`, `linkerd install` and `linkerd multicluster install` do: the charts, rendered and
 * applied.
 */
export async function installByKubectl(lab: TestLab, cluster: string, existing: Existing): Promise<void> {
  const values = writeValues(lab, cluster, existing);
  const charts = join(lab.lab.root, "charts");
  for (const chart of CHARTS) {
    const namespace = namespaceOf(chart);
    await sh(
      lab,
      `kubectl --context ${cluster} create namespace ${namespace} --dry-run=client --output yaml |
         kubectl --context ${cluster} apply -f -
       helm template ${chart} ${charts}/${chart} --kube-version 1.36.0 --namespace ${namespace} --no-hooks \
         --values ${values}${chart}.yaml | kubectl --context ${cluster} apply -f -`,
    );
  }
  for (const namespace of ["linkerd", "linkerd-multicluster"]) {
    await lab.kubectl(cluster, "wait", "deployment", "--all", "--for=condition=Available", `-n=${namespace}`);
  }
}

/**
 * What `linkerd multicluster link-gen` in the target prints (linkerd2 `multicluster/cmd/link-gen.go`), applied in the
 * source.
 */
export async function linkByCli(lab: TestLab, source: string, target: string): Promise<void> {
  const account = "linkerd-service-mirror-remote-access-default";
  const namespace = "linkerd-multicluster";
  const token = JSON.parse(
    await lab.kubectl(target, "get", "secret", `${account}-token`, `-n=${namespace}`, "-o=json"),
  ) as { data: Record<string, string> };
  const gateway = await lab.kubectl(
    target,
    "get",
    "service",
    "linkerd-gateway",
    `-n=${namespace}`,
    "-o=jsonpath={.status.loadBalancer.ingress[0].ip}",
  );
  const server = await sh(
    lab,
    `kubectl config view --output 'jsonpath={.clusters[?(@.name=="${target}")].cluster.server}'`,
  );
  const kubeconfig = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: target, cluster: { server, "certificate-authority-data": token.data["ca.crt"] ?? "" } },
    ],
    contexts: [{ name: target, context: { cluster: target, user: account } }],
    "current-context": target,
    users: [{ name: account, user: { token: Buffer.from(token.data.token ?? "", "base64").toString() } }],
  });
  const credentials = (inNamespace: string, metadata: object) => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "mirror.linkerd.io/remote-kubeconfig",
    metadata: { name: `cluster-credentials-${target}`, namespace: inNamespace, ...metadata },
    data: { kubeconfig: Buffer.from(kubeconfig).toString("base64") },
  });
  const link = {
    apiVersion: "multicluster.linkerd.io/v1alpha3",
    kind: "Link",
    metadata: {
      name: target,
      namespace,
      annotations: { "linkerd.io/created-by": "linkerd/cli edge-26.8.3" },
    },
    spec: {
      clusterCredentialsSecret: `cluster-credentials-${target}`,
      federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
      gatewayAddress: gateway,
      gatewayIdentity: `linkerd-gateway.${namespace}.serviceaccount.identity.linkerd.cluster.local`,
      gatewayPort: "4143",
      probeSpec: { failureThreshold: "3", path: "/ready", period: "3s", port: "4191", timeout: "30s" },
      remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
      selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
      targetClusterDomain: "cluster.local",
      targetClusterLinkerdNamespace: "linkerd",
      targetClusterName: target,
    },
  };
  const labels = { "multicluster.linkerd.io/cluster-name": target };
  const annotations = {
    "multicluster.linkerd.io/trust-domain": "cluster.local",
    "multicluster.linkerd.io/cluster-domain": "cluster.local",
  };
  const file = join(lab.folder, `link-${source}-${target}.yaml`);
  const objects = [credentials(namespace, {}), credentials("linkerd", { labels, annotations }), link];
  writeFileSync(file, objects.map((object) => stringify(object)).join("---\n"));
  await lab.kubectl(source, "apply", "-f", file);
}
