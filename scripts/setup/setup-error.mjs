// The error of a set-up step that cannot go on: its message is one plain sentence for the user, shown without a stack.

export class SetupError extends Error {
  /** @param {string} message @param {{ cause?: unknown }} [options] */
  constructor(message, options) {
    super(message)
    this.name = 'SetupError'
    this.cause = options?.cause
  }
}

/** Prints one line about the set-up; always on stderr, so that piped results stay clean. @param {string} line */
export function printLine(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs the main function of a script and turns its outcome into an exit code.
 * @param {() => Promise<number | void>} main resolves to the exit code, 0 when it resolves to nothing
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    printLine(error instanceof SetupError ? error.message : String(error instanceof Error ? error.stack : error))
    process.exitCode = 1
  }
}
