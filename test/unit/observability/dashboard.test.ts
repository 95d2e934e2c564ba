import { beforeAll, describe, expect, it } from "vitest";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { EXPIRY_METRIC } from "../../../fleet/observability/alerts";
import { DASHBOARD } from "../../../fleet/observability/dashboard";
import { asked, checkout, DAY, inUse, NOW, planned, WEB } from "../../../testing/metrics/inUse";
import { ask, type Sample } from "../../../testing/metrics/promtool";
import * as metrics from "../../../testing/metrics/recorded";

const audited = planned(["eu", "us"], {
  services: [{ ...checkout, in: ["eu", "us"], enforce: "audit", probes: [] }],
});
const [eu, us] = audited as [ClusterPlan, ClusterPlan];

describe("the dashboard", () => {
  let panels: Map<string, readonly Sample[]>;
  const lines = (title: string) =>
    Object.fromEntries(
      (panels.get(title) ?? []).map(({ labels, value }) => [
        Object.entries(labels)
          .filter(([label]) => label !== "__name__")
          .sort()
          .map(([label, of]) => `${label}=${of}`)
          .join(" "),
        Math.round(value * 1000) / 1000,
      ]),
    );

  beforeAll(() => {
    const recorded = [eu, us].flatMap((of, index) => {
      const names = of.observability?.recorded.map(({ record }) => record) ?? [];
      const { samples } = asked(of, inUse(index === 0 ? "us" : "eu", 2), names);
      return [...samples.values()].flat();
    });
    // A store of all clusters, which holds what each recorded, and the file of one `npx fleet expiry`.
    const store = recorded.flatMap(({ labels: { __name__: name = "", ...labels }, value }) =>
      metrics.scraped({}, [{ name, labels, values: metrics.gauge(value) }]),
    );
    const expiry = metrics.scraped({ job: "node", instance: "10.0.0.9:9100" }, [
      {
        name: EXPIRY_METRIC,
        labels: { kind: "anchor", cluster: "eu", name: "2026" },
        values: metrics.gauge(DAY),
      },
    ]);
    const queries = DASHBOARD.panels.flatMap((panel) =>
      panel.type === "row" ? [] : panel.targets.map(({ expr }) => [panel.title, chosen(expr)] as const),
    );
    const { samples } = ask({
      rules: [],
      series: [...store, ...expiry],
      queries: queries.map(([, expr]) => expr),
      at: NOW,
    });
    panels = new Map(queries.map(([title, expr]) => [title, samples.get(expr) ?? []]));
  });

  /** As Grafana writes the variables into a query: several values are a list, all are what `allValue` says. */
  const chosen = (expr: string) => expr.replaceAll("$cluster", "(eu|us)").replaceAll(/\$\w+/g, ".*");

  it("has no panel without data for a fleet in use, and each says of which cluster it is", () => {
    const empty = [...panels].filter(([, samples]) => samples.length === 0).map(([title]) => title);
    expect(empty).toEqual([]);
    for (const [title, samples] of panels) {
      const clusters = new Set(samples.map(({ labels }) => labels.cluster));
      expect([title, [...clusters].sort()]).toEqual([
        title,
        title.startsWith("Trust") ? ["eu"] : ["eu", "us"],
      ]);
    }
  });

  it("keeps members and their answers where a reader chooses a service by the name that callers have for it", () => {
    const asks = (title: string) =>
      DASHBOARD.panels.flatMap((panel) =>
        panel.type === "row" || panel.title !== title ? [] : panel.targets,
      );
    for (const title of ["Pods of services, by member", "Answers"]) {
      expect([title, asks(title).map(({ expr }) => expr.includes("$service"))]).toEqual([title, [false]]);
    }
    expect(asks("Calls").map(({ expr }) => expr.includes('service=~"$service"'))).toEqual([true]);
  });

  it("names the labels that its legends use", () => {
    for (const panel of DASHBOARD.panels) {
      if (panel.type === "row") continue;
      const used = [...panel.targets[0].legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = ""]) => name);
      const known = new Set((panels.get(panel.title) ?? []).flatMap(({ labels }) => Object.keys(labels)));
      expect([panel.title, used.filter((name) => !known.has(name))]).toEqual([panel.title, []]);
    }
  });

  it("counts what the gateway let in, not the probes and scrapes of its proxy", () => {
    expect(lines("Requests through gateways")).toEqual({ "cluster=eu": 1, "cluster=us": 1 });
  });

  it("shows each member of a service by the name of its cluster", () => {
    expect(lines("Pods of services, by member")).toEqual({
      "cluster=eu member=eu namespace=shop service=checkout": 2,
      "cluster=eu member=us namespace=shop service=checkout": 3,
      "cluster=us member=eu namespace=shop service=checkout": 3,
      "cluster=us member=us namespace=shop service=checkout": 2,
    });
  });

  it("shows the calls of both protocols, with what failed: also where all or none did", () => {
    expect(lines("Calls")).toMatchObject({
      "cluster=eu namespace=shop service=checkout-federated": 3,
      "cluster=us namespace=shop service=api": 0.2,
    });
    expect(lines("Success rate of calls")).toMatchObject({
      "cluster=eu namespace=shop service=checkout-federated": 0.833,
      "cluster=eu namespace=shop service=api": 1,
      "cluster=eu namespace=shop service=ledger": 0,
    });
    expect(lines("Latency of calls, 95th percentile")).toMatchObject({
      "cluster=eu namespace=shop service=checkout-federated": 0.049,
    });
  });

  it("shows which cluster answers, without the proxies' own ports", () => {
    expect(lines("Answers")).toEqual(
      Object.fromEntries(
        ["eu", "us"].flatMap((name) =>
          ["api", "checkout"].map((service) => [
            `cluster=${name} namespace=shop srv_name=fleet.${service}.http`,
            1,
          ]),
        ),
      ),
    );
    expect(lines("Success rate of answers")).toMatchObject({
      "cluster=us namespace=shop srv_name=fleet.checkout.http": 0.75,
      "cluster=us namespace=shop srv_name=fleet.api.http": 1,
    });
  });

  it("counts refused calls by caller, also the very first of one", () => {
    const port = "namespace=shop";
    expect(lines("Calls refused within 1h, by caller")).toMatchObject({
      [`client_id=${WEB} cluster=eu ${port} protocol=http srv_name=fleet.checkout.http`]: 60,
      [`cluster=eu ${port} protocol=tcp srv_name=fleet.checkout.http`]: 1,
    });
    expect(lines("Calls only audited within 1h, by caller")).toMatchObject({
      [`client_id=${WEB} cluster=eu ${port} protocol=http srv_name=fleet.checkout.http`]: 120,
    });
  });

  it("counts proxies by their version, not by the label `version` of their pods, and those left on an old one", () => {
    expect(lines("Proxies, by version")).toMatchObject({
      "cluster=eu proxy_version=v2.326.0": 1,
      "cluster=eu proxy_version=v2.366.0": 3,
    });
    expect(lines("Proxies that the control plane has left behind")).toEqual({
      "cluster=eu namespace=shop": 1,
      "cluster=us namespace=shop": 1,
    });
  });

  it("shows when certificates end", () => {
    expect(lines("Issuers: time left")["cluster=eu"]).toBe(40 * DAY);
    expect(lines("Proxies: shortest certificate left")["cluster=eu"]).toBe(60_000 - NOW * 60);
    expect(lines("Trust anchors, tokens and other ends: time left")).toEqual({
      "cluster=eu kind=anchor name=2026": 86_400 - NOW * 60,
    });
  });
});

it("a cluster in which nothing was refused says zero, not that there are no data", () => {
  const { samples } = asked(us, [], ["linkerd_fleet:refused:1h", "linkerd_fleet:old_proxies:count"]);
  expect([...samples.values()].flat().map(({ labels, value }) => [labels.cluster, value])).toEqual([
    ["us", 0],
    ["us", 0],
  ]);
});

it("members keep their names where a user's Prometheus gives every target a label `cluster`", () => {
  const target = { ...metrics.controlPlanePod("destination"), cluster: "production-eu" };
  const pods = metrics.destination(1, [["us", "shop", "checkout", metrics.gauge(3)]]);
  const { samples } = asked(eu, metrics.scraped(target, pods), ["linkerd_fleet:member_pods:max"]);
  expect([...samples.values()].flat().map(({ labels }) => labels)).toMatchObject([
    { cluster: "eu", member: "us", namespace: "shop" },
  ]);
});
