import { percentages, type Readiness } from "../../fleet/trust/readiness";

/** Looks until nothing is in the way any more, and tells each change. */
export async function watch(
  look: () => Promise<Readiness>,
  { tell, pause }: { readonly tell: (readiness: Readiness) => void; readonly pause: () => Promise<unknown> },
): Promise<Readiness> {
  let told: string | undefined;
  for (;;) {
    const readiness = await look();
    const state = describeProgress(readiness);
    if (state !== told) tell(readiness);
    told = state;
    if (readiness.blockers.length === 0) return readiness;
    await pause();
  }
}

/** `us 67 % (12 of 18 pods), eu 100 % (9 of 9 pods), apac not read` */
export function describeProgress(readiness: Readiness): string {
  const percent = percentages(readiness);
  return Object.entries(readiness.progress)
    .map(([cluster, { pods }]) =>
      pods ? `${cluster} ${percent[cluster]} % (${pods.ready} of ${pods.of} pods)` : `${cluster} not read`,
    )
    .join(", ");
}
