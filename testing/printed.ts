import { afterEach, beforeEach, vi } from "vitest";

/** What each test of a file prints. Nothing of it reaches the terminal. */
export function printed(): { stdout: string; stderr: string } {
  const said = { stdout: "", stderr: "" };
  beforeEach(() => {
    said.stdout = said.stderr = "";
    vi.spyOn(console, "log").mockImplementation((text) => {
      said.stdout += `${text}\n`;
    });
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      said.stdout += text;
      return true;
    });
    vi.spyOn(console, "error").mockImplementation((text) => {
      said.stderr += `${text}\n`;
    });
  });
  afterEach(() => vi.restoreAllMocks());
  return said;
}
