const OURS = "^(bench|components|docs|fleet|index\\.ts|lab|library\\.ts|live|ops|policy|test|testing)";

/**
 * The layers of the house. Data flows one way: `fleet` decides and imports nothing of ours; `live` reads clusters and
 * stacks; `components`, `policy` and `ops` build, judge and operate; `index.ts` assembles. Nothing outside `lab`,
 * `test`, `testing` and `bench` names the lab.
 *
 * @type {import("dependency-cruiser").IConfiguration}
 */
module.exports = {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    layer("fleet", []),
    layer("live", ["fleet"]),
    layer("components", ["fleet", "live"]),
    layer("policy", ["fleet", "live"]),
    layer("ops", ["fleet", "live"]),
    layer("lab", ["fleet"]),
    {
      name: "index.ts-and-library.ts-import-fleet-and-components",
      severity: "error",
      from: { path: "^(index|library)\\.ts$" },
      to: { path: OURS, pathNot: "^(fleet|components)/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};

/** Files of `folder` import each other, libraries, and files of the folders that `may` lists. */
function layer(folder, may) {
  return {
    name: `${folder}-imports-${may.join("-and-") || "nothing-of-ours"}`,
    severity: "error",
    from: { path: `^${folder}/` },
    to: { path: OURS, pathNot: `^(${[folder, ...may].join("|")})/` },
  };
}
