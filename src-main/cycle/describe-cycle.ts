// What a cycle tells people: who is at risk, what changed, which gates are crossed, what to do first.
import { agreeNumber } from '../../src-shared/run/agree-number.ts'
import type { RunComparison } from '../../src-shared/ipc/run-comparison.ts'
import { toPlainSentence } from '../../src-shared/run/errors.ts'
import { dayText, zoneClock } from '../../src-shared/run/zone-clock.ts'
import { withActions } from '../queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { countNewAtRisk, crossedText, type JudgedGate } from './gates.ts'
import type { CycleMessage } from './send-with-tries.ts'

const maxActions = 3

/** `comparison`: with the run before; null for the first run of a history. `asOf`, YYYY-MM-DD: dismissals until it have ended. */
export const describeCycle = async (
  planName: string,
  run: OpenRun,
  comparison: RunComparison | null,
  gates: readonly JudgedGate[],
  asOf?: string,
): Promise<Omit<CycleMessage, 'id'>> => {
  const { manifest } = run.contents
  const clock = zoneClock(run.overview.timeZone)
  const day = (iso: string): string => dayText(clock, Date.parse(iso))
  const count = (value: number): string => value.toLocaleString('en-US')
  const actions = await withActions(run, asOf, async ({ count: all, read }) => ({ all, first: await read(0, maxActions) }))
  const until = manifest === null ? '' : ` by ${day(manifest.horizon.end)}`
  const risk = `${count(manifest?.counts.at_risk_servers ?? 0)} of ${agreeNumber(`${count(manifest?.counts.total_servers ?? 0)} [server|servers]`, manifest?.counts.total_servers ?? 0)} at risk${until}`
  const more = actions.all > maxActions ? [`And ${count(actions.all - maxActions)} more recommendations.`] : []
  return {
    title: toPlainSentence(`${planName}: ${risk}`),
    lines: [
      comparison === null
        ? 'First run of the history.'
        : `${count(countNewAtRisk(comparison))} new, ${count(comparison.servers.cleared)} cleared since the run of ${day(comparison.earlier.analyzed_at)}.`,
      ...gates.filter(({ is_crossed }) => is_crossed).map(crossedText),
      ...actions.first.map(({ recommendation, server_id, order_by, capacity_to_add }) => {
        const due = order_by === null ? '' : `${day(order_by)}: `
        return `${due}${recommendation} ${server_id}${capacity_to_add === null ? '' : ` (${capacity_to_add})`}`
      }),
      ...more,
      `Run ${manifest?.run_id ?? ''}.`,
    ].map(toPlainSentence),
  }
}
