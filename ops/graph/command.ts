import { verb } from "../verb";

export const graph = verb({
  name: "graph",
  summary: "Draw the fleet that is deployed, that a stack file describes, or that a preview changes",
  changes: false,
  takes: "[file]",
  positionals: { file: { type: "string", describe: "A stack file to draw" } },
  options: {
    out: { type: "string", describe: "FILE.svg, FILE.html or FILE.mmd; by default Mermaid is printed" },
    stack: { type: "string", describe: "Draw the deployed fleet of this stack; by default the selected one" },
    outputs: { type: "string", describe: "Draw a saved `pulumi stack output --json`" },
    diff: { type: "string", describe: "Draw a saved `pulumi preview --json`, with the change marked" },
    json: { type: "boolean", default: false, describe: "Print the picture's data as JSON, for programs" },
  },
  examples: [
    ["fleet graph Pulumi.dev.yaml --out fleet.svg", "a stack file, before it is deployed"],
    ["fleet graph --diff preview.json --out change.svg", "what a preview changes"],
  ],
  load: () => import("./main"),
});
