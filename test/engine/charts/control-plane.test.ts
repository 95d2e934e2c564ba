import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import {
  at,
  controlPlane,
  find,
  named,
  ours,
  render,
  template,
  withHelm,
} from "../../../testing/renderedCharts";

withHelm();

describe("linkerd-control-plane", () => {
  test("it has the official objects, and neither Secret nor trust bundle when the user brings them", async () => {
    const names = (await controlPlane()).map(named).sort();
    expect(names).toEqual(
      [
        "ClusterRole/linkerd-heartbeat",
        "ClusterRole/linkerd-linkerd-destination",
        "ClusterRole/linkerd-linkerd-identity",
        "ClusterRole/linkerd-linkerd-proxy-injector",
        "ClusterRole/linkerd-policy",
        "ClusterRoleBinding/linkerd-destination-policy",
        "ClusterRoleBinding/linkerd-heartbeat",
        "ClusterRoleBinding/linkerd-linkerd-destination",
        "ClusterRoleBinding/linkerd-linkerd-identity",
        "ClusterRoleBinding/linkerd-linkerd-proxy-injector",
        "ConfigMap/linkerd-config",
        "CronJob/linkerd-heartbeat",
        "Deployment/linkerd-destination",
        "Deployment/linkerd-identity",
        "Deployment/linkerd-proxy-injector",
        "MutatingWebhookConfiguration/linkerd-proxy-injector-webhook-config",
        "Role/ext-namespace-metadata-linkerd-config",
        "Role/linkerd-heartbeat",
        "Role/remote-discovery",
        "RoleBinding/linkerd-destination-remote-discovery",
        "RoleBinding/linkerd-heartbeat",
        "Service/linkerd-dst",
        "Service/linkerd-dst-headless",
        "Service/linkerd-identity",
        "Service/linkerd-identity-headless",
        "Service/linkerd-policy",
        "Service/linkerd-policy-validator",
        "Service/linkerd-proxy-injector",
        "Service/linkerd-sp-validator",
        "ServiceAccount/linkerd-destination",
        "ServiceAccount/linkerd-heartbeat",
        "ServiceAccount/linkerd-identity",
        "ServiceAccount/linkerd-proxy-injector",
        "ValidatingWebhookConfiguration/linkerd-policy-validator-webhook-config",
        "ValidatingWebhookConfiguration/linkerd-sp-validator-webhook-config",
      ].sort(),
    );
  });

  test("certificates of the user's own render the same every time, the chart's own are new every time", async () => {
    const theirs = {
      identityTrustAnchorsPEM: "root",
      identity: { issuer: { tls: { crtPEM: "a", keyPEM: "b" } } },
      heartbeatSchedule: "1 2 * * *",
    };
    const [first, second, third, fourth] = await Promise.all([
      controlPlane(),
      controlPlane(),
      render("linkerd-control-plane", theirs),
      render("linkerd-control-plane", theirs),
    ]);
    expect(second).toEqual(first);
    for (const name of ["linkerd-proxy-injector", "linkerd-sp-validator", "linkerd-policy-validator"]) {
      const secret = `Secret/${name}-k8s-tls`;
      expect(at(find(third, secret), "data")).not.toEqual(at(find(fourth, secret), "data"));
    }
    expect(third.map(named)).toEqual(
      expect.arrayContaining(["Secret/linkerd-identity-issuer", "ConfigMap/linkerd-identity-trust-roots"]),
    );
  });

  test("linkerd-config shows the trust bundle and no private key", async () => {
    const webhook = { crtPEM: "certificate", keyPEM: "PRIVATE", caBundle: "bundle" };
    const rendered = await controlPlane({
      identity: { issuer: { tls: { crtPEM: "certificate", keyPEM: "PRIVATE" } } },
      proxyInjector: webhook,
      profileValidator: webhook,
      policyValidator: webhook,
      identityTrustDomain: "eu.example.com",
    });
    const text = z.string().parse(at(find(rendered, "ConfigMap/linkerd-config"), "data", "values"));
    expect(text).not.toContain("PRIVATE");
    expect(parse(text)).toMatchObject({
      identityTrustAnchorsPEM: ours.identityTrustAnchorsPEM,
      identityTrustDomain: "eu.example.com",
      clusterDomain: "cluster.local",
    });
  });

  test("another trust bundle restarts all three Deployments", async () => {
    const renders = await Promise.all([controlPlane(), controlPlane({ identityTrustAnchorsPEM: "another" })]);
    for (const name of ["linkerd-identity", "linkerd-destination", "linkerd-proxy-injector"]) {
      const [before, after] = renders.map((rendered) => template(rendered, `Deployment/${name}`));
      const hash = (pod: unknown) => at(pod, "metadata", "annotations", "linkerd.io/trust-root-sha256");
      expect(hash(after)).toMatch(/^[0-9a-f]{64}$/);
      expect(hash(after)).not.toBe(hash(before));
      expect(at(after, "spec")).toEqual(at(before, "spec"));
    }
  });

  test("the API server is never made to ask a webhook that nobody answers", async () => {
    const rendered = await controlPlane({ webhookFailurePolicy: "Fail" });
    const webhooks = rendered.filter(({ kind }) => kind.endsWith("WebhookConfiguration"));
    expect(webhooks).toHaveLength(3);
    for (const webhook of webhooks)
      expect(at(webhook, "webhooks", 0)).toMatchObject({
        failurePolicy: "Fail",
        matchConditions: [{ expression: "false" }],
        clientConfig: { caBundle: Buffer.from("bundle").toString("base64") },
      });
  });

  test("the HA values give replicas, spread and disruption budgets", async () => {
    const rendered = await controlPlane({
      controllerReplicas: 3,
      enablePodAntiAffinity: true,
      enablePodDisruptionBudget: true,
      highAvailability: true,
    });
    for (const name of ["linkerd-identity", "linkerd-destination", "linkerd-proxy-injector"]) {
      const deployment = find(rendered, `Deployment/${name}`);
      expect(at(deployment, "spec", "replicas")).toBe(3);
      expect(at(deployment, "spec", "template", "spec", "affinity", "podAntiAffinity")).toBeDefined();
    }
    expect(rendered.map(named)).toEqual(
      expect.arrayContaining(
        ["dst", "identity", "proxy-injector"].map((name) => `PodDisruptionBudget/linkerd-${name}`),
      ),
    );
  });
});
