import { expect, test } from "vitest";
import { errorsOf, describe as progressLine } from "../../../lab/engine";
import { clusterTable, linkTable, mirrorTable, partTable, serviceTable } from "../../../lab/table";

const fleet = {
  clusters: {
    us: { version: "2026.8.3", gateway: { type: "loadBalancer", address: "198.18.68.233" } },
    eu: { version: "2026.8.3", gateway: { type: "none" } },
  },
  links: [{ source: "eu", target: "us", modes: ["gateway", "federated"], state: "active" }],
  services: [
    { namespace: "shop", name: "checkout", modes: ["federated"], clusters: ["eu", "us"], callers: [] },
  ],
};

test("the tables show clusters, links with the target's gateway, and exported services", () => {
  const us = {
    name: "us",
    context: "us",
    apiServer: "https://127.0.0.1:17641",
    version: "v1.36.3",
    nodes: 3,
  };
  const eu = { name: "eu", context: "eu", apiServer: "https://127.0.0.1:17642" };
  const clusters = rows(clusterTable([us, eu], fleet));
  expect(clusters[1]).toEqual(["us", "us", us.apiServer, "v1.36.3", "3", "2026.8.3", "198.18.68.233"]);
  expect(clusters[2]).toEqual(["eu", "eu", eu.apiServer, "stopped", "-", "2026.8.3", "none"]);
  expect(rows(linkTable(fleet))[1]).toEqual(["eu → us", "gateway, federated", "active", "198.18.68.233"]);
  expect(rows(serviceTable(fleet))[1]).toEqual(["shop/checkout", "federated", "eu, us"]);
  const part = {
    name: "plugin tls",
    version: "5.6.1",
    origin: "stand-in",
    from: "lab/standins/tls",
  } as const;
  expect(rows(partTable([part]))[1]).toEqual(["plugin tls", "5.6.1", "stand-in", "lab/standins/tls"]);
});

test("a table shows what each cluster sees of the others, and where that is", () => {
  const mirrored = [
    { cluster: "us", name: "bi/reports-apac", of: ["apac"] },
    { cluster: "us", name: "shop/checkout-federated", of: ["apac", "eu", "us"] },
  ];
  expect(rows(mirrorTable(mirrored)).slice(1)).toEqual([
    ["us", "bi/reports-apac", "apac"],
    ["us", "shop/checkout-federated", "apac, eu, us"],
  ]);
});

test("a stack without outputs still has its table", () => {
  const us = { name: "us", context: "us", apiServer: "https://127.0.0.1:17641" };
  expect(rows(clusterTable([us], {}))[1]).toEqual(["us", "us", us.apiServer, "stopped", "-", "-", "-"]);
});

test("progress counts what is done and names what takes longest, components left out", () => {
  const urn = (type: string, name: string) =>
    `urn:pulumi:dev::linkerd-fleet::linkerd-fleet:fleet:Fleet$${type}::${name}`;
  const begun = (timestamp: number, op: string, at: string) => ({
    timestamp,
    resourcePreEvent: { metadata: { op, urn: at } },
  });
  const release = urn("kubernetes:helm.sh/v3:Release", "us-linkerd-multicluster");
  const secret = urn("kubernetes:core/v1:Secret", "eu-token");
  const events = [
    begun(100, "create", urn("linkerd-fleet:cluster:Cluster", "us")),
    begun(100, "same", urn("kubernetes:core/v1:Namespace", "us-linkerd")),
    begun(101, "create", secret),
    begun(102, "create", release),
    { timestamp: 103, resOutputsEvent: { metadata: { op: "create", urn: secret } } },
  ];
  expect(progressLine(events, 110)).toBe("1 resources done; at work on us-linkerd-multicluster (8.0 s)");
});

test("errors name the resource, where they are about one", () => {
  const error = (message: string, urn?: string) => ({
    timestamp: 1,
    diagnosticEvent: { message, severity: "error", ...(urn === undefined ? {} : { urn }) },
  });
  const failed = error(
    "<{%reset%}>cluster does not answer<{%reset%}>\n",
    "urn:pulumi:dev::p::t$x::eu-link-us",
  );
  const refused = error("The stack file has 1 problem");
  const info = { timestamp: 1, diagnosticEvent: { message: "hello", severity: "info" } };
  expect(errorsOf([info, failed, refused])).toEqual([
    "eu-link-us: cluster does not answer",
    "The stack file has 1 problem",
  ]);
});

/** The cells of a table, row by row, without its lines. */
function rows(table: string): string[][] {
  return table
    .split("\n")
    .filter((line) => line.startsWith("│"))
    .map((line) =>
      line
        .split("│")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
