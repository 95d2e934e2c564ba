import type { Picture } from "./picture";
import { escaped, svg } from "./svg";

const STYLE = `
  body { margin: 0; font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2937; background: #fff }
  header { display: flex; gap: 1em; align-items: center; padding: .6em 1em; border-bottom: 1px solid #d1d5db }
  h1 { font-size: 1.1em; margin: 0 }
  main { display: flex; align-items: flex-start }
  figure { margin: 0; flex: 1; overflow: auto }
  svg { max-width: 100%; height: auto }
  aside { flex: none; box-sizing: border-box; width: 26em; padding: 1em; white-space: pre-wrap;
    overflow-wrap: anywhere; border-left: 1px solid #d1d5db; align-self: stretch }
  .faded { opacity: .12 }
  [tabindex]:focus { outline: none }
  .box:hover rect, .box:focus rect { stroke-width: 3 }
  .line:hover path:not(.wide), .line:focus path:not(.wide) { stroke-width: 3.5 }
`;

/** Runs in the page. */
const SCRIPT = `
  const parts = [...document.querySelectorAll("svg [data-services]")];
  const details = document.querySelector("aside");
  const hint = details.textContent;
  for (const part of parts) {
    const title = part.querySelector(":scope > title");
    if (!title) continue;
    // The browser's own tooltip would only cover the picture.
    title.remove();
    part.setAttribute("aria-label", title.textContent);
    part.tabIndex = 0;
    const show = () => { details.textContent = title.textContent };
    const hide = () => { details.textContent = hint };
    part.addEventListener("mouseenter", show);
    part.addEventListener("mouseleave", hide);
    part.addEventListener("focus", show);
    part.addEventListener("blur", hide);
  }
  document.querySelector("select").addEventListener("change", ({ target: { value } }) => {
    for (const part of parts) {
      const crossing = part.dataset.services.split(" ");
      part.classList.toggle("faded", value !== "" && !crossing.includes(value));
    }
  });
`;

/** A picture as a page that needs nothing else: choose a service, point at a cluster or a link. */
export function html(picture: Picture): string {
  const options = picture.services.map((service) => `<option>${escaped(service)}</option>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Fleet</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Fleet</h1>
<label for="service">Service</label>
<select id="service"><option value="">all</option>${options.join("")}</select>
</header>
<main>
<figure>
${svg(picture)}</figure>
<aside aria-live="polite">Point at a cluster or a link.</aside>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
