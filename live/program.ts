import { z } from "zod";

/**
 * Ends this process with the code that `main` gives, or with the words of its error and the code for a program that
 * could not begin: no stack, no stack file, a wrong option.
 */
export function runProgram(main: () => Promise<number>, cannotBegin = 3): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(wordsOf(error));
      process.exitCode = cannotBegin;
    },
  );
}

/** An error, for a person. */
export function wordsOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
