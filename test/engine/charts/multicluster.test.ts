import { describe, expect, test } from "vitest";
import { at, find, link, multicluster, named, withHelm } from "../../../testing/renderedCharts";

withHelm();

describe("linkerd-multicluster", () => {
  const gateway = [
    "AuthorizationPolicy/linkerd-gateway",
    "Deployment/linkerd-gateway",
    "MeshTLSAuthentication/any-meshed",
    "NetworkAuthentication/source-cluster",
    "Server/linkerd-gateway",
    "Service/linkerd-gateway",
    "ServiceAccount/linkerd-gateway",
  ];
  const always = [
    "AuthorizationPolicy/controller",
    "AuthorizationPolicy/linkerd-admin",
    "AuthorizationPolicy/local-service-mirror",
    "AuthorizationPolicy/service-mirror",
    "ClusterRole/linkerd-local-service-mirror-access-local-resources",
    "ClusterRole/linkerd-multicluster-controller-access-local-resources",
    "ClusterRoleBinding/linkerd-local-service-mirror-access-local-resources",
    "CustomResourceDefinition/links.multicluster.linkerd.io",
    "Deployment/linkerd-local-service-mirror",
    "Server/controller",
    "Server/linkerd-admin",
    "Server/local-service-mirror",
    "Server/service-mirror",
    "ServiceAccount/linkerd-local-service-mirror",
  ];
  const controller = (name: string) => [
    `ClusterRoleBinding/linkerd-multicluster-controller-access-local-resources-${name}`,
    `Deployment/controller-${name}`,
    `Role/controller-read-remote-creds-${name}`,
    `RoleBinding/controller-read-remote-creds-${name}`,
    `Service/probe-${name}`,
    `ServiceAccount/controller-${name}`,
  ];
  const bare = { remoteMirrorServiceAccount: false, createNamespaceMetadataJob: false };

  test("it has the official objects: the gateway's, the mirror's and one set a Link", async () => {
    const names = (await multicluster({ ...bare, controllers: [link("east"), link("west")] }))
      .map(named)
      .sort();
    expect(names).toEqual([...always, ...gateway, ...controller("east"), ...controller("west")].sort());
  });

  test("without a gateway nothing of it is left, and a Link without one has no probe Service", async () => {
    const values = {
      ...bare,
      gateway: { enabled: false },
      controllers: [link("east", { gateway: { enabled: false } })],
    };
    const names = (await multicluster(values)).map(named).sort();
    const probeless = controller("east").filter((name) => name !== "Service/probe-east");
    expect(names).toEqual([...always, ...probeless].sort());
  });

  test("a controller's own values win over controllerDefaults, zero and false included", async () => {
    const rendered = await multicluster({
      controllerDefaults: { replicas: 2, gateway: { probe: { port: 4444 } } },
      controllers: [link("east"), link("west", { replicas: 0, gateway: { probe: { port: 30191 } } })],
    });
    const replicas = (name: string) =>
      at(find(rendered, `Deployment/controller-${name}`), "spec", "replicas");
    const port = (name: string) => at(find(rendered, `Service/probe-${name}`), "spec", "ports", 0, "port");
    expect([replicas("east"), port("east"), replicas("west"), port("west")]).toEqual([2, 4444, 0, 30191]);
  });

  test("the gateway's Service says what links to it have to know", async () => {
    const [balancer, nodePort] = await Promise.all([
      multicluster({ identityTrustDomain: "eu.example.com" }),
      multicluster({ gateway: { serviceType: "NodePort", nodePort: 30143, probe: { nodePort: 30191 } } }),
    ]);
    expect(at(find(balancer, "Service/linkerd-gateway"), "metadata", "annotations")).toMatchObject({
      "mirror.linkerd.io/gateway-identity":
        "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.eu.example.com",
      "mirror.linkerd.io/multicluster-gateway": "true",
      "mirror.linkerd.io/probe-path": "/ready",
      "mirror.linkerd.io/probe-period": "3",
    });
    expect(at(find(balancer, "Service/linkerd-gateway"), "spec", "type")).toBe("LoadBalancer");
    expect(at(find(nodePort, "Service/linkerd-gateway"), "spec")).toMatchObject({
      type: "NodePort",
      ports: [
        { name: "mc-gateway", port: 4143, nodePort: 30143 },
        { name: "mc-probe", port: 4191, nodePort: 30191 },
      ],
    });
  });

  test("remote access is granted to each name, given as a list or with commas", async () => {
    const values = { createNamespaceMetadataJob: false };
    const renders = await Promise.all([
      multicluster({ ...values, remoteMirrorServiceAccountName: "first,second" }),
      multicluster({ ...values, remoteMirrorServiceAccountName: ["first", "second"] }),
    ]);
    for (const rendered of renders)
      for (const name of ["first", "second"]) {
        const token = find(rendered, `Secret/${name}-token`);
        expect(token).toMatchObject({ type: "kubernetes.io/service-account-token" });
        expect(at(token, "metadata", "annotations", "kubernetes.io/service-account.name")).toBe(name);
        find(rendered, `ClusterRoleBinding/${name}`);
      }
  });

  test("the namespace is labelled by a hook after the install", async () => {
    const job = find(await multicluster(), "Job/namespace-metadata");
    expect(at(job, "metadata", "annotations", "helm.sh/hook")).toBe("post-install");
  });

  test("Links have all three versions, v1alpha3 stored, with the fields of a link", async () => {
    const versions = at(
      find(await multicluster(), "CustomResourceDefinition/links.multicluster.linkerd.io"),
      "spec",
      "versions",
    );
    expect(versions).toMatchObject([
      { name: "v1alpha1", storage: false },
      { name: "v1alpha2", storage: false, subresources: { status: {} } },
      { name: "v1alpha3", storage: true, subresources: { status: {} } },
    ]);
    const fields = at(versions, 2, "schema", "openAPIV3Schema", "properties", "spec", "properties");
    expect(fields).toMatchObject({ gatewayPort: { type: "string" }, excludedLabels: { type: "array" } });
    expect(at(fields, "probeSpec", "properties", "period")).toEqual({ type: "string", format: "duration" });
  });
});
