import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestLab } from "../test/lab/harness";
import { certificate } from "../testing/authority";

/**
 * The steps of Linkerd's documentation, one after the other as it has them: `linkerd install --crds`,
 * `linkerd install`, `linkerd check`, `linkerd multicluster install`, and `link-gen | kubectl apply` for each pair.
 * Where those print a chart, Helm does; where they wait, kubectl does. What our program makes besides (accesses of
 * their own, webhook certificates, grants, admission) is not in it.
 */
const SCRIPT = `
chart() { helm template "$1" "$CHARTS/$1" --kube-version 1.36.0 --no-hooks "\${@:2}"; }
ready() {
  for deployment in $(kubectl --context "$1" -n "$2" get deployments -o name); do
    kubectl --context "$1" -n "$2" rollout status "$deployment" --timeout 300s
  done
}
for cluster in $CLUSTERS; do
  k="kubectl --context $cluster"
  $k create namespace linkerd
  chart linkerd-crds --namespace linkerd | $k apply -f -
  $k wait --for condition=Established --timeout 60s crd --all
  chart linkerd-control-plane --namespace linkerd --set-file identityTrustAnchorsPEM="$CERTIFICATES/ca.crt" \\
    --set-file identity.issuer.tls.crtPEM="$CERTIFICATES/issuer.crt" \\
    --set-file identity.issuer.tls.keyPEM="$CERTIFICATES/issuer.key" | $k apply -f -
  ready "$cluster" linkerd
  $k create namespace linkerd-multicluster
  controllers=() at=0
  for target in $CLUSTERS; do
    if [ "$target" = "$cluster" ]; then continue; fi
    controllers+=(--set "controllers[$at].link.ref.name=$target")
    at=$((at + 1))
  done
  chart linkerd-multicluster --namespace linkerd-multicluster "\${controllers[@]}" | $k apply -f -
  ready "$cluster" linkerd-multicluster
  $k -n linkerd-multicluster wait --for 'jsonpath={.status.loadBalancer.ingress}' --timeout 300s service/linkerd-gateway
done
for target in $CLUSTERS; do
  k="kubectl --context $target"
  for source in $CLUSTERS; do
    if [ "$target" = "$source" ]; then continue; fi
    account=linkerd-service-mirror-remote-access-default
    token=$($k -n linkerd-multicluster get secret $account-token -o 'jsonpath={.data.token}' | base64 -d)
    ca=$($k -n linkerd-multicluster get secret $account-token -o 'jsonpath={.data.ca\\.crt}')
    gateway=$($k -n linkerd-multicluster get service linkerd-gateway -o 'jsonpath={.status.loadBalancer.ingress[0].ip}')
    server=$($k config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
    kubeconfig=$(printf '{"apiVersion":"v1","kind":"Config","clusters":[{"name":"%s","cluster":{"server":"%s","certificate-authority-data":"%s"}}],"users":[{"name":"mirror","user":{"token":"%s"}}],"contexts":[{"name":"%s","context":{"cluster":"%s","user":"mirror"}}],"current-context":"%s"}' \\
      "$target" "$server" "$ca" "$token" "$target" "$target" "$target" | base64 -w 0)
    credentials() {
      echo "apiVersion: v1"
      echo "kind: Secret"
      echo "type: mirror.linkerd.io/remote-kubeconfig"
      echo "metadata: {name: cluster-credentials-$target, namespace: $1,"
      echo "  labels: {multicluster.linkerd.io/cluster-name: $target},"
      echo "  annotations: {multicluster.linkerd.io/trust-domain: cluster.local, multicluster.linkerd.io/cluster-domain: cluster.local}}"
      echo "data: {kubeconfig: $kubeconfig}"
      echo ---
    }
    kubectl --context "$source" apply -f - <<END
$(credentials linkerd)
$(credentials linkerd-multicluster)
apiVersion: multicluster.linkerd.io/v1alpha3
kind: Link
metadata: { name: $target, namespace: linkerd-multicluster }
spec:
  targetClusterName: $target
  targetClusterDomain: cluster.local
  targetClusterLinkerdNamespace: linkerd
  clusterCredentialsSecret: cluster-credentials-$target
  gatewayAddress: $gateway
  gatewayPort: "4143"
  gatewayIdentity: linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local
  probeSpec: { path: /ready, port: "4191", period: 3s, failureThreshold: "3", timeout: 30s }
  selector: { matchLabels: { mirror.linkerd.io/exported: "true" } }
  remoteDiscoverySelector: { matchLabels: { mirror.linkerd.io/exported: remote-discovery } }
  federatedServiceSelector: { matchLabels: { mirror.linkerd.io/federated: member } }
END
  done
done
for cluster in $CLUSTERS; do
  kubectl --context "$cluster" -n shop label service checkout mirror.linkerd.io/federated=member
done
kubectl --context "\${CLUSTERS##* }" -n bi label service reports mirror.linkerd.io/exported=true
for cluster in $CLUSTERS; do ready "$cluster" linkerd-multicluster; done
`;

/** Seconds it takes on the clusters of a lab, which hold nothing of Linkerd. */
export async function documentedWay(lab: TestLab, clusters: readonly string[]): Promise<number> {
  const root = await certificate({ host: "root.linkerd.cluster.local", ca: true });
  const issuer = await certificate({ host: "identity.linkerd.cluster.local", ca: true }, root);
  const files = { "ca.crt": root.pem, "issuer.crt": issuer.pem, "issuer.key": issuer.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(lab.folder, name), text);
  const variables = {
    CLUSTERS: clusters.join(" "),
    CHARTS: join(lab.lab.root, "charts"),
    CERTIFICATES: lab.folder,
  };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  const start = performance.now();
  const { code, stdout, stderr } = await lab.shell([...exports, SCRIPT].join("\n"));
  if (code !== 0) throw new Error(`the documented way failed:\n${stdout.slice(-2000)}\n${stderr}`);
  for (const cluster of clusters) {
    const links = await lab.kubectl(cluster, "get", "links", "-n=linkerd-multicluster", "-o=name");
    if (links.trim().split("\n").length !== clusters.length - 1)
      throw new Error(`${cluster} has not the links it should have:\n${links}`);
  }
  return (performance.now() - start) / 1000;
}
