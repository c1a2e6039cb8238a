// The end of a test run: what failed, by name, and the arithmetic of the last line.

/** @typedef {{ passed: number, failed: number, skipped: number, failures: readonly string[], retried: readonly string[] }} TestCounts
 *   failures, and tests that passed at a second try: a line or more for each */

/** @type {TestCounts} */
const noTests = { passed: 0, failed: 0, skipped: 0, failures: [], retried: [] }
/** @type {TestCounts} */
export const onePassed = { ...noTests, passed: 1 }

/** @param {string} what @returns {TestCounts} */
export const oneFailed = (what) => ({ ...noTests, failed: 1, failures: [what] })

/** @param {readonly TestCounts[]} parts @returns {TestCounts} */
export function addUp(parts) {
  return parts.reduce(
    (sum, part) => ({
      passed: sum.passed + part.passed,
      failed: sum.failed + part.failed,
      skipped: sum.skipped + part.skipped,
      failures: [...sum.failures, ...part.failures],
      retried: [...sum.retried, ...part.retried],
    }),
    noTests,
  )
}

/**
 * @typedef {object} VitestReport of Vitest's JSON reporter
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {readonly { name?: string, message?: string, status: string,
 *   assertionResults: readonly { status: string, fullName?: string, failureMessages?: readonly string[] }[] }[]} testResults
 */

/** Lines of an error that are repeated at the end of a run. */
const linesShown = 6

/** @param {string} file @param {{ fullName?: string, failureMessages?: readonly string[] }} test */
const describeTest = (file, { fullName = '', failureMessages = [] }) => `${file} > ${fullName}\n    ${shorten(failureMessages.join('\n'))}`

/** @param {string} text */
const shorten = (text) => text.trimEnd().split('\n').slice(0, linesShown).join('\n    ')

/**
 * Counts of one Vitest run. A file that does not load and an error outside of any test have no failed test,
 * and still count as one failure.
 * @param {VitestReport | undefined} report undefined when it wrote none
 * @param {number} exitCode of Vitest
 * @param {string} [project] that ran
 * @returns {TestCounts}
 */
export function countVitest(report, exitCode, project = 'Vitest') {
  if (!report) return exitCode === 0 ? noTests : oneFailed(`${project} ended with exit code ${exitCode} and without a report.`)
  const failures = []
  /** @type {string[]} */
  const retried = []
  for (const { name = '', message = '', status, assertionResults } of report.testResults) {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    failures.push(...failed.map((test) => describeTest(name, test)))
    // A test that passed has errors of an earlier try alone.
    const passedLater = assertionResults.filter((test) => test.status === 'passed' && (test.failureMessages ?? []).length > 0)
    retried.push(...passedLater.map((test) => describeTest(name, test)))
    if (status === 'failed' && failed.length === 0) failures.push(`${name} does not load\n    ${shorten(message)}`)
  }
  if (failures.length === 0 && exitCode !== 0) failures.push(`${project} ended with exit code ${exitCode}: an error outside of any test.`)
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
    retried,
  }
}

/** @param {TestCounts} counts @returns {string} such as "12 passed, 0 failed" */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** A run fails on any failure, and when nothing ran. @param {TestCounts} counts */
export function exitCodeFor({ passed, failed }) {
  return failed > 0 || passed === 0 ? 1 : 0
}
