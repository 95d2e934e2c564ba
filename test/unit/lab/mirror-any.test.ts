import type { V1Service } from "@kubernetes/client-node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mirroredModes } from "../../../fleet/links/mirrors";
import type { Link } from "../../../lab/standins/mirror/objects";
import {
  changesOf,
  EXPORTED,
  FEDERATED,
  linkTo,
  REMOTE_DISCOVERY,
  Source,
  service,
} from "../../../testing/mirrorSource";

describe("whatever the targets export", () => {
  const TARGETS = ["eu", "apac", "us"];
  const labels = fc.record(
    {
      [EXPORTED]: fc.constantFrom("true", "remote-discovery", "no"),
      [FEDERATED]: fc.constantFrom("member", "no"),
      team: fc.constantFrom("a", "b"),
    },
    { requiredKeys: [] },
  );
  const services = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "a-eu", "c"),
      namespace: fc.constantFrom("shop", "bi"),
      labels,
    }),
    { selector: ({ name, namespace }) => `${namespace}/${name}` },
  );
  const world = fc.record({
    of: fc.tuple(services, services, services),
    after: fc.tuple(services, services, services),
    created: fc.tuple(...TARGETS.map(() => fc.constantFrom("2026-01-01", "2026-01-02"))),
  });
  const made = (found: { name: string; namespace: string; labels: Record<string, string> }[]) =>
    found.map(({ name, namespace, labels }) =>
      service(name, labels, { metadata: { name, namespace, labels } }),
    );

  /** All mirrors look in turn, until none has anything to do. */
  function settle(source: Source, links: readonly Link[], exported: readonly V1Service[][]): number {
    for (let round = 1; round < 10; round += 1) {
      const changes = links.flatMap((link, at) => changesOf(source.look(link, exported[at] ?? [])));
      if (changes.length === 0) return round;
    }
    return Number.POSITIVE_INFINITY;
  }

  it("all mirrors come to rest, and there is then exactly what crosses", () => {
    fc.assert(
      fc.property(world, ({ of, after, created }) => {
        const links = TARGETS.map((target, at) => linkTo(target, {}, created[at]));
        const source = new Source(links);
        settle(source, links, of.map(made));
        const exported = after.map(made);
        expect(settle(source, links, exported)).toBeLessThan(6);
        const crossing = links.flatMap((link, at) =>
          (exported[at] ?? []).flatMap(({ metadata = {} }) => {
            if (metadata.namespace !== "shop") return [];
            const modes = mirroredModes(link.spec, metadata.labels ?? {});
            return [
              ...(modes.some((mode) => mode !== "federated")
                ? [`shop/${metadata.name}-${link.metadata?.name}`]
                : []),
              ...(modes.includes("federated") ? [`shop/${metadata.name}-federated`] : []),
            ];
          }),
        );
        expect([...source.services.keys()].sort()).toEqual([...new Set(crossing)].sort());
        for (const live of source.services.values()) {
          for (const key of Object.keys(live.metadata?.labels ?? {})) expect(key).not.toBe(EXPORTED);
        }
      }),
    );
  });

  it("a link that drains loses everything of its target, and the others lose nothing", () => {
    fc.assert(
      fc.property(world, ({ of, created }) => {
        const links = TARGETS.map((target, at) => linkTo(target, {}, created[at]));
        const [drained, ...others] = links as [Link, ...Link[]];
        const exported = of.map(made);
        const [source, without] = [new Source(links), new Source(others)];
        settle(source, links, exported);
        const nothing = { matchLabels: { "linkerd-fleet/crosses": "nothing" } };
        const draining = linkTo("eu", {
          selector: nothing,
          remoteDiscoverySelector: nothing,
          federatedServiceSelector: nothing,
        });
        settle(source, [draining, ...others], exported);
        settle(without, others, exported.slice(1));
        expect([...source.services.keys()].sort()).toEqual([...without.services.keys()].sort());
        for (const live of source.services.values()) {
          const members = live.metadata?.annotations?.[REMOTE_DISCOVERY]?.split(",") ?? [];
          expect(members.filter((member) => member.endsWith(`@${drained.metadata?.name}`))).toEqual([]);
        }
      }),
    );
  });
});
