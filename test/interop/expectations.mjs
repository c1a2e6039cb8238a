// What a script expects: a line for each on stdout, and the exit code in the end.

/** Exit code 1 as soon as one is not met. @param {string} what @param {boolean} isGood @param {unknown} [detail] */
export const expectThat = (what, isGood, detail = '') => {
  console.log(`${isGood ? 'ok      ' : 'FAILED  '}${what}${isGood ? '' : `\n${String(detail)}`}`)
  if (!isGood) process.exitCode = 1
}
