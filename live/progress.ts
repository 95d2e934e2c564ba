/** One line on a terminal, for people who wait; the next replaces it, and an empty one removes it. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** Counts what is read: call it with each name once. The line goes with the last. */
export function countProgress(names: Iterable<string>, what = "clusters read"): (name: string) => void {
  const waiting = new Set(names);
  const all = waiting.size;
  const show = () => showProgress(waiting.size === 0 ? "" : `${all - waiting.size} of ${all} ${what}`);
  show();
  return (name) => {
    waiting.delete(name);
    show();
  };
}
