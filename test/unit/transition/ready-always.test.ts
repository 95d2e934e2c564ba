import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../../fleet/plan";
import { guardTransition } from "../../../fleet/transition/guard";
import { guardRotation } from "../../../fleet/transition/ready";
import type { SeenTrust } from "../../../fleet/trust/readiness";

import {
  authorities,
  bundle,
  deployed,
  fleetWith,
  hours,
  type Id,
  makeAnchors,
  outputsOf,
  pod,
  seenWith,
} from "../../../testing/threeAnchors";

beforeAll(makeAnchors);

describe("any sequence of deployments, restarts and days that the guard accepts", () => {
  const CLUSTERS = ["c001", "c002"];
  const PODS = ["Deployment linkerd/linkerd-identity", "Deployment shop/web"];
  const wanted = fc
    .record({ active: fc.nat(1), others: fc.array(fc.nat(3), { minLength: 2, maxLength: 2 }) })
    .map(({ active, others }) =>
      ["a", "b"]
        .flatMap((id, at) => {
          const state = at === active ? "active" : ["gone", "staged", "active", "retiring"][others[at] ?? 0];
          return state === "gone" || (state === "active" && at !== active) ? [] : [`${id}=${state}`];
        })
        .join(" "),
    );
  const reached = fc.array(fc.record({ bundle: fc.boolean(), issuer: fc.boolean() }), {
    minLength: 2,
    maxLength: 2,
  });
  const deployment = fc.record({ anchors: wanted, complete: fc.boolean(), reached });
  const event = fc.oneof(
    { weight: 4, arbitrary: deployment },
    { weight: 2, arbitrary: fc.constant("restart all" as const) },
    { weight: 1, arbitrary: fc.record({ cluster: fc.nat(1), pod: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.constantFrom("a minute", "a day") },
  );

  it("leaves no pod that refuses another's identity", () => {
    let [moved, refused] = [0, 0];
    const plans = new Map<string, Plan>();
    const planOf = (anchors: string): Plan => {
      const plan = plans.get(anchors) ?? fleetWith(anchors);
      plans.set(anchors, plan);
      return plan;
    };
    fc.assert(
      fc.property(fc.array(event, { minLength: 8, maxLength: 30 }), (events) => {
        let now = hours(0).getTime();
        const held = CLUSTERS.map(() => ({
          bundle: bundle("a="),
          issuer: "a" as Id,
          before: "a" as Id,
          written: now - 1e9,
          pods: PODS.map((workload) => ({
            workload,
            bundle: bundle("a="),
            started: now,
            identity: "a" as Id,
          })),
        }));
        type Held = (typeof held)[number];
        // The worst case: a proxy that starts in the two minutes in which controllers may not have seen a new issuer.
        const signerNow = (of: Held): Id => (now < of.written + 120_000 ? of.before : of.issuer);
        const restart = (of: Held, one: Held["pods"][number]): void => {
          Object.assign(one, { bundle: of.bundle, started: now, identity: signerNow(of) });
        };
        let outputs = deployed("a=active");
        for (const event of events) {
          now += 1000;
          if (event === "a minute") now += 60_000;
          else if (event === "a day") {
            now += 25 * 3_600_000;
            for (const of of held) for (const one of of.pods) one.identity = signerNow(of);
          } else if (event === "restart all") {
            now += 120_000;
            for (const of of held) for (const one of of.pods) restart(of, one);
          } else if ("pod" in event) {
            const of = held[event.cluster];
            const one = of?.pods[event.pod];
            if (of && one) restart(of, one);
          } else {
            const { anchors, complete, reached } = event;
            const plan = planOf(anchors);
            const { refusal, rotation } = guardTransition(outputs, plan, []);
            if (refusal !== undefined) continue;
            if (rotation) {
              const seen = held.map(({ bundle, issuer, written, pods }, at): [string, SeenTrust] => [
                CLUSTERS[at] ?? "",
                seenWith(
                  bundle,
                  issuer,
                  new Date(written),
                  pods.map((one) => pod(one.workload, one.bundle, new Date(one.started))),
                ),
              ]);
              if (guardRotation(rotation, new Map(seen), new Date(now)).refusal !== undefined) {
                refused += 1;
                continue;
              }
              moved += 1;
            }
            const signer = (/(\w)=active/.exec(anchors)?.[1] ?? "a") as Id;
            for (const [at, of] of held.entries()) {
              if ((complete || reached[at]?.bundle) && of.bundle !== bundle(anchors)) {
                of.bundle = bundle(anchors);
                // The chart restarts the control plane for it.
                const [own] = of.pods;
                if (own) restart(of, own);
              }
              if ((complete || reached[at]?.issuer) && of.issuer !== signer) {
                Object.assign(of, { before: of.issuer, issuer: signer, written: now });
              }
            }
            outputs = outputsOf(anchors, outputs, plan, complete);
          }
          const all = held.flatMap(({ pods }) => pods);
          for (const one of all) {
            for (const other of all) expect(one.bundle).toContain(authorities[other.identity].pem);
          }
        }
      }),
      { numRuns: 150 },
    );
    // A guard that refuses everything, or nothing, would prove nothing.
    expect(moved).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(5);
  });
});
