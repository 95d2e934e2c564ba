import { toHundredths, toTenths } from "./figure";
import { exponent } from "./growth";
import { linesOf, type Results } from "./result";

interface Goal {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** At most this. */
  readonly target?: number | undefined;
}

/** Every figure that has a target, and the figures of their own. */
export function goals(results: Results): Goal[] {
  const engines = linesOf(results, "engine");
  const previews = engines.map(({ resources, previewSeconds }) => ({
    size: resources,
    value: previewSeconds,
  }));
  return [
    ...linesOf(results, "figure").map(({ what, value, unit, target }) => ({
      what,
      figure: value,
      unit,
      target,
    })),
    ...linesOf(results, "evaluation")
      .filter(({ shape, clusters }) => shape === "hub" && clusters === 100)
      .map(({ seconds }) => ({
        what: "the program for a hub of 100",
        figure: seconds,
        unit: "s",
        target: 10,
      })),
    ...engines
      .filter(({ shape, clusters }) => shape === "hub" && clusters === 30)
      .map(({ previewSeconds }) => ({
        what: "no-change preview of a hub of 30 in one stack",
        figure: previewSeconds,
        unit: "s",
        target: 60,
      })),
    ...(engines.length < 3
      ? []
      : [
          {
            what: "growth of a no-change preview with the resources (exponent)",
            figure: toHundredths(exponent(previews)),
            unit: "",
            target: 1,
          },
          {
            what: "largest state for each resource",
            figure: toTenths(Math.max(...engines.map(({ stateKB, resources }) => stateKB / resources))),
            unit: "KB",
            target: 6,
          },
        ]),
    ...linesOf(results, "stacks").map((run) => ({
      what: `${run.stacks} stacks (${run.shape}), ${run.clusters} clusters, from nothing`,
      figure: Math.round(run.seconds),
      unit: "s",
      // Thirty stacks of ten clusters may take half an hour.
      target: run.stacks >= 30 ? run.stacks * 60 : undefined,
    })),
    ...linesOf(results, "documented").map(({ clusters, podSeconds, oursSeconds, documentedSeconds }) => ({
      what: `\`up\` of ${clusters} clusters on API servers, of the time of the documented way, pods ready after ${podSeconds} s`,
      figure: toHundredths(oursSeconds / documentedSeconds),
      unit: "",
      target: podSeconds === 0 ? 0.8 : 0.4,
    })),
  ];
}
