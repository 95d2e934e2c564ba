import { verb } from "../verb";

export const graph = verb({
  name: "graph",
  summary: "Draw the fleet that is deployed, that a stack file describes, or that a preview changes",
  changes: false,
  takes: "[file]",
  positionals: { file: { type: "string", describe: "A stack file to draw" } },
  options: {
    out: { type: "string", describe: "FILE.svg, FILE.html or FILE.mmd; by default Mermaid is printed" },
    stack: { type: "string", describe: "Draw what is deployed of this stack; by default the selected one" },
    outputs: { type: "string", describe: "Draw what `pulumi stack output --json` printed" },
    diff: { type: "string", describe: "Draw what `pulumi preview --json` printed, with the change marked" },
    json: { type: "boolean", default: false, describe: "Print what is drawn as JSON, for programs" },
  },
  examples: [
    ["fleet graph Pulumi.dev.yaml --out fleet.svg", "a stack file, before it is deployed"],
    ["fleet graph --diff preview.json --out change.svg", "what a preview changes"],
  ],
  load: () => import("./main"),
});
