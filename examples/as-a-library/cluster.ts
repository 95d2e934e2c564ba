import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * Stands for the cluster of your cloud (`eks.Cluster`, `gcp.container.Cluster` and so on), so that this example runs
 * without an account. As with those, nobody knows the address and the kubeconfig before the cluster is there.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly apiServer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("acme:platform:Cluster", name, {}, opts);
    const id = new random.RandomString(name, { length: 8, special: false, upper: false }, { parent: this });
    this.apiServer = pulumi.interpolate`https://${id.result}.${name}.example.com`;
    this.kubeconfig = pulumi.secret(
      pulumi.jsonStringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "cluster", cluster: { server: "https://127.0.0.1:1" } }],
        users: [{ name: "admin", user: { token: id.result } }],
        contexts: [{ name: "admin", context: { cluster: "cluster", user: "admin" } }],
        "current-context": "admin",
      }),
    );
    this.registerOutputs({});
  }
}
