// headroom history: the headline figures of all runs in a folder, how long risks have lasted, and what came of each statement.
import { basename } from 'node:path'
import type { FollowUp, HistoryRun, OutcomeCheck, RunHistory } from '../../src-shared/ipc/run-history.ts'
import { countRangeText } from '../../src-shared/artefacts/fleet-finding.ts'
import { probabilityText } from '../../src-shared/artefacts/likelihood.ts'
import { toPlainSentence } from '../../src-shared/run/errors.ts'
import { dayText, zoneClock } from '../../src-shared/run/zone-clock.ts'
import { readHistory } from '../queries/history/read-history.ts'
import { countOld, describeLatestRun, describeOverdue, expiredText, oldRuns } from '../../src-shared/artefacts/history-text.ts'
import { today } from '../run-folder/today.ts'
import type { HistoryOptions as PlaceOptions } from './cloud/history-in-s3.ts'
import { countText, decimalText, firstRowsTable, reportTable, wrapText } from './report-text.ts'
import { jsonText, print, runCancellable } from './terminal.ts'

export interface HistoryOptions extends PlaceOptions {
  /** YYYY-MM-DD; default: today. */
  readonly asOf?: string
}

export const runHistory = async (place: string, { asOf = today(), ...options }: HistoryOptions): Promise<void> => {
  const read = (folder: string): Promise<RunHistory> => runCancellable((signal) => readHistory(folder, { signal, asOf }))
  const history = place.startsWith('s3://')
    ? { ...(await (await import('./cloud/history-in-s3.ts')).withHistoryOfS3(place, options, read)), folder: place, name: basename(place) }
    : await read(place)
  print(options.json === true ? jsonText({ ...history }, 2) : describeHistory(history))
}

/** The history as text: non-empty sections, separated by blank lines. */
export const describeHistory = (history: RunHistory): string => {
  const clock = zoneClock(history.time_zone)
  const day = (iso: string): string => dayText(clock, Date.parse(iso))
  return [
    summaryLine(history, day),
    runsTable(history.runs, day),
    outcomeTable(history.runs, day),
    lastingTable(history, day),
    ...followUpTexts(history, day),
    notesText(history),
  ]
    .filter((section) => section !== '')
    .join('\n\n')
}

type Day = (iso: string) => string

const numberText = (value: number): string => value.toLocaleString('en-US')

const summaryLine = (history: RunHistory, day: Day): string => {
  const { runs, lasting, follow_up: followUp } = history
  const [first, last] = [runs[0]!, runs.at(-1)!]
  const old = countOld(lasting)
  return wrapText(
    [
      `${countText(runs.length, 'run')}, ${first === last ? '' : `${day(first.horizon.start)} to `}${day(last.horizon.start)}.`,
      `${describeLatestRun(runs, { count: numberText, day })}.`,
      ...(last.at_risk === 0 ? [] : [`${numberText(old)} of them in at least ${oldRuns} runs in a row.`]),
      toPlainSentence(describeOverdue(history, followUp.overdue.length, { count: numberText, day: (text) => text })),
    ].join(' '),
  )
}

const wholeText = (value: number | null): string => (value === null ? '' : Math.round(value).toLocaleString('en-US'))

const runsTable = (runs: readonly HistoryRun[], day: Day): string =>
  reportTable(
    ['run', 'from', 'servers', 'at risk', 'new', 'cleared', 'interval', 'savings, USD'],
    runs.map(({ folder, horizon, servers, at_risk, new_at_risk, cleared, at_risk_range: range, savings_usd }) => [
      folder,
      day(horizon.start),
      wholeText(servers),
      wholeText(at_risk),
      wholeText(new_at_risk),
      wholeText(cleared),
      range === null ? '' : countRangeText(range, wholeText),
      wholeText(savings_usd),
    ]),
  )

/** Only runs whose horizon is over. */
const outcomeTable = (runs: readonly HistoryRun[], day: Day): string => {
  const rows = runs.flatMap(({ folder, horizon, outcome }) =>
    outcome === null ? [] : [[folder, day(horizon.end), ...outcomeCells(outcome)]],
  )
  if (rows.length === 0) return 'What came of the statements is not known yet: no run measured the whole horizon of an earlier one.'
  return `What came of each statement by the end of its horizon (a risk is one metric of one server)\n${reportTable(
    ['run', 'until', 'measured', 'expected', 'came', 'stated', 'stated and came', 'Brier', 'P95 error'],
    rows,
  )}`
}

const outcomeCells = ({ measured, expected_risks: expected, came, stated, hits, brier, p95_error: error }: OutcomeCheck): string[] => [
  wholeText(measured),
  decimalText(expected),
  wholeText(came),
  wholeText(stated),
  wholeText(hits),
  brier === null ? '' : brier.toFixed(4),
  decimalText(error),
]

const lastingTable = ({ lasting }: RunHistory, day: Day): string =>
  lasting.length === 0
    ? ''
    : `At risk in the latest run, the longest first\n${firstRowsTable(lasting, ['server', 'runs', 'since', 'probability'], (risk) => [
        risk.server_id,
        String(risk.runs),
        day(risk.since),
        risk.probability === null ? '' : probabilityText(risk.probability),
      ])}`

const usdText = (usd: number): string => `USD ${Math.round(usd).toLocaleString('en-US')} a month`

const followUpTexts = (
  { follow_up: followUp, as_of: asOf }: { readonly follow_up: FollowUp; readonly as_of: string },
  day: Day,
): string[] => {
  const { accepted, done, dismissed, expired, conflicts, overdue, realised_usd, promised_usd, left, risk, breached } = followUp
  if (accepted + done + dismissed + expired === 0) return []
  const differ = conflicts === 0 ? '' : ` Planners differ on ${conflicts.toLocaleString('en-US')}: see headroom decisions.`
  const fell = risk.filter(({ before, now }) => now < before).length
  return [
    wrapText(
      `Decisions: ${accepted.toLocaleString('en-US')} accepted, ${done.toLocaleString('en-US')} done, ${dismissed.toLocaleString('en-US')} dismissed${expiredText(expired, numberText)}.${differ} ` +
        `Realised: ${usdText(realised_usd)} by ${countText(left.length, 'server')} that left. Accepted and still to come: ${usdText(promised_usd)}.`,
    ),
    overdue.length === 0
      ? ''
      : `Accepted, but not done after its date, as of ${asOf}\n${firstRowsTable(overdue, ['server', 'recommendation', 'due', 'by'], (row) => [row.server_id, row.recommendation, row.due, row.decided_by])}`,
    left.length === 0
      ? ''
      : `Left the fleet\n${firstRowsTable(left, ['server', 'recommendation', 'since', 'USD a month'], (row) => [row.server_id, row.recommendation, day(row.left_by), wholeText(row.monthly_usd)])}`,
    risk.length === 0
      ? ''
      : `Accepted additions: the risk fell for ${fell.toLocaleString('en-US')} of ${risk.length.toLocaleString('en-US')}\n${firstRowsTable(risk, ['server', 'then', 'now'], (row) => [row.server_id, probabilityText(row.before), probabilityText(row.now)])}`,
    breached.length === 0
      ? ''
      : `Dismissed, then breached\n${firstRowsTable(breached, ['server', 'recommendation', 'by', 'on', 'reason'], (row) => [row.server_id, row.recommendation, row.decided_by, row.decided_at.slice(0, 10), toPlainSentence(row.reason)])}`,
  ]
}

const notesText = ({ notes }: RunHistory): string => notes.map((note) => wrapText(`Note: ${note}`)).join('\n')
