import { describe, expect, it } from "vitest";
import { report } from "../../../ops/report/markdown";
import { readPreview } from "../../../ops/report/preview";
import { addCluster, GRANT, grant, previewOf, RELEASE } from "../../../testing/preview";

describe("the report of a preview", () => {
  it("tells the change first, both directions of a link as one, and then every resource in one order", () => {
    expect(report(readPreview(addCluster), "dev")).toBe(`## Fleet preview: dev

**Clusters**
- latam is added

**Links**
- latam ↔ us (gateway, flat) is added

**Services that cross**
- shop/checkout of latam crosses from now on (federated)

<details><summary>All 6 resources: 5 added, 1 changed</summary>

\`\`\`diff
+ Cluster latam
+ ExportedService latam-shop-checkout
+ Link latam-to-us
~ Release us-multicluster-release [values]
+ Link us-to-latam
+ Link us-to-latam-link
\`\`\`

</details>
`);
  });

  it("shows a message of a cluster or a provider as plain words, whatever it holds", () => {
    const message = [
      "error: <img src=x> | **bold** | [link](https://example.com) ![p](https://example.com/p.png) @octocat #1 &lt;",
      "```",
      "</details> # and `code @octocat` and ``a` @org/team",
      "# heading",
      "    - item\r1. item",
    ].join("\n");
    const text = report(readPreview(previewOf([], [{ severity: "error", message }])), "a`b<i>");
    expect(text).toContain("## Fleet preview: a\\`b&lt;i\\>\n");
    expect(text).toContain(
      [
        "- error: &lt;img src=x\\> \\| \\*\\*bold\\*\\* \\| \\[link\\](https://example.com) " +
          "!\\[p\\](https://example.com/p.png) @\u200boctocat #\u200b1 &amp;lt; (the preview fails)",
        "  \\`\\`\\`",
        "  &lt;/details\\> # and `code @octocat` and \\`\\`a\\` @\u200borg/team",
        "  \\# heading",
        "  \\- item",
        "  1\\. item",
      ].join("\n"),
    );
  });

  it("lets no name of a resource end the block in which it stands", () => {
    const name = "x\n```\n</details> @octocat";
    const text = report(
      readPreview(previewOf([{ op: "create", type: RELEASE, name, cluster: "us" }])),
      "dev",
    );
    expect(text).toContain("````diff\n+ Release x ``` </details> @octocat\n````\n\n</details>");
  });

  it("says so where resources change and the fleet does not", () => {
    const values = { op: "update", type: RELEASE, name: "us-linkerd", before: {}, after: {} };
    expect(report(readPreview(previewOf([values])), "dev")).toContain("The fleet does not");
    expect(report(readPreview(previewOf([])), "dev")).toBe("## Fleet preview: dev\n\nNothing changes.\n");
  });

  it("shows what to stop for, however much else there is to tell", () => {
    const closed = Array.from({ length: 20 }, (_, at) => ({
      op: "create",
      type: GRANT,
      name: `g${at}`,
      after: { ...grant([]), name: `s${at}` },
    }));
    const open = { op: "create", type: GRANT, name: "z", after: { ...grant(["*"]), name: "z" } };
    const text = report(readPreview(previewOf([...closed, open])), "dev");
    expect(text).toContain("- shop/z of us: + \\* (http) (anyone in the mesh may call)\n");
    expect(text).toContain("- … and 9 more");
  });

  it("shows the rules that fired, once each", () => {
    const violation = { severity: "error", message: "<{%reset%}>remove-undrained-link: us → eu<{%reset%}>" };
    const text = report(readPreview(previewOf([], [violation, violation])), "dev");
    expect(text.match(/remove-undrained-link: us → eu/g)).toHaveLength(1);
  });
});
