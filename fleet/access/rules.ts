import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";

/** Each generation is one of an access that a link needs, and of no other. */
export function accessRules(fleet: Readable): Problem[] {
  const first = new Map<string, string>();
  return fleet.generations.flatMap(({ path, value: { source, target } }) => {
    const other = first.get(`${target}/${source}`);
    if (other) {
      return [{ path: pathOf(path), problem: `is the same access as ${other}`, fix: "write one entry" }];
    }
    first.set(`${target}/${source}`, pathOf(path));
    return [];
  });
}

/** Told only where all links are known. */
export function accessesWithoutLink(fleet: Readable): Problem[] {
  const { clusters } = fleet;
  const links = new Set(fleet.planned.map(({ source, target }) => `${target}/${source}`));
  return fleet.generations
    .filter(({ value: { source, target } }) => clusters.has(source) && clusters.has(target))
    .filter(({ value: { source, target } }) => !links.has(`${target}/${source}`))
    .map(({ path, value: { source, target } }) => ({
      path: pathOf(path),
      problem: `names no access: ${source} has no link to ${target}`,
      fix: "name source and target of a link; the target grants, the source uses",
    }));
}
