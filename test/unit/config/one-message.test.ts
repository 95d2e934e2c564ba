import * as fc from "fast-check";
import { expect, it } from "vitest";
import { isMap } from "../../../fleet/config/json";
import { pathOf, within } from "../../../fleet/config/problems";
import { richFleets } from "../../../testing/mistakes/rich";
import { problemsOf, type Sections } from "../../../testing/mistakes/sound";

/** Every place below a value. */
function places(value: unknown, path: readonly PropertyKey[] = []): (readonly PropertyKey[])[] {
  const inside = Array.isArray(value) ? [...value.entries()] : isMap(value) ? Object.entries(value) : [];
  return [
    ...(path.length > 0 ? [path] : []),
    ...inside.flatMap(([key, item]) => places(item, [...path, key])),
  ];
}

function changed(fleet: Sections, path: readonly PropertyKey[], value: unknown): Sections {
  const copy = structuredClone(fleet);
  const holder = path.slice(0, -1).reduce<Sections>((at, key) => at[String(key)], copy);
  holder[String(path.at(-1))] = value;
  return copy;
}

it("what has not even its shape is told where it stands, and nothing that only follows from it is told beside it", () => {
  const fleets = richFleets();
  for (const { fleet, secrets } of fleets) expect(problemsOf(fleet, secrets)).toEqual([]);
  const everywhere = fleets.flatMap((of) => places(of.fleet).map((path) => ({ ...of, path })));
  const shapeless = fc.constantFrom<unknown>([[]], 12.5, true, null, "\u0007 no");
  fc.assert(
    fc.property(fc.nat({ max: everywhere.length - 1 }), shapeless, (at, value) => {
      const { fleet, secrets, path } = everywhere[at] ?? { fleet: {}, secrets: {}, path: [] };
      const told = problemsOf(changed(fleet, path, value), secrets).map((problem) => problem.path);
      const here = pathOf(path);
      // A value that has the wanted shape by chance may be told anywhere.
      if (!told.some((at) => within(at, here))) return;
      expect(told.filter((at) => !within(at, here))).toEqual([]);
    }),
    { numRuns: 400 },
  );
});
