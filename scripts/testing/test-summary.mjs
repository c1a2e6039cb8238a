// The arithmetic of the last line of a test run.

/** @typedef {{ passed: number, failed: number, skipped: number }} TestCounts */

/** @type {TestCounts} */
const noTests = { passed: 0, failed: 0, skipped: 0 }
/** @type {TestCounts} */
export const onePassed = { passed: 1, failed: 0, skipped: 0 }
/** @type {TestCounts} */
export const oneFailed = { passed: 0, failed: 1, skipped: 0 }

/** @param {readonly TestCounts[]} parts @returns {TestCounts} */
export function addUp(parts) {
  return parts.reduce(
    (sum, part) => ({
      passed: sum.passed + part.passed,
      failed: sum.failed + part.failed,
      skipped: sum.skipped + part.skipped,
    }),
    noTests,
  )
}

/**
 * Counts of one Vitest run. A file that does not load and an error outside of any test have no failed test of their own,
 * and still count as one failure.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: readonly { status: string, assertionResults: readonly { status: string }[] }[] } | undefined} report
 *   of Vitest's JSON reporter; undefined when it wrote none
 * @param {number} exitCode of Vitest
 * @returns {TestCounts}
 */
export function countVitest(report, exitCode) {
  if (!report) return exitCode === 0 ? noTests : oneFailed
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = report.numFailedTests + brokenFiles
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
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
