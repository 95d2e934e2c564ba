/**
 * In what form an object's late values are held: those that only a deployment, or a live cluster, knows. A preview
 * holds them as outputs, `verify` as what it read, a test as plain text.
 */
export interface Values {
  readonly text: unknown;
  readonly labels: unknown;
}

/** Everything is known. */
export interface Plain extends Values {
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A text that may be late. */
export type Text<V extends Values> = string | V["text"];
export type Labels<V extends Values> = Readonly<Record<string, string>> | V["labels"];
