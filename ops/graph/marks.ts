/** What a change does to a part of the fleet. */
export type Mark = "same" | "added" | "removed" | "changed";

/** Before the name of what changes, for whom a colour says nothing. */
export const SIGNS: Readonly<Record<Mark, string>> = { same: "", added: "+ ", removed: "− ", changed: "~ " };
