// The page of a pack that says what came of the planners' decisions.
import { probabilityText } from '../../../src-shared/artefacts/likelihood.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { verdictText } from '../../../src-shared/artefacts/history-text.ts'
import type { FollowUp } from '../../../src-shared/ipc/run-history.ts'
import { formatUsd, numberColumn, textColumn, type ReportTable } from '../report-table.ts'

type WriteDay = (iso: string) => string

const maxRows = 50

const firstRows = (table: ReportTable): ReportTable =>
  table.rows.length <= maxRows
    ? table
    : { ...table, note: `The first ${maxRows} of ${text.count(table.rows.length)}.`, rows: table.rows.slice(0, maxRows) }

export const createFollowUpTables = ({ overdue, left, risk, breached, decisions }: FollowUp, day: WriteDay): ReportTable[] =>
  [
    {
      title: 'Accepted, but not done after its date',
      columns: [textColumn('Due'), textColumn('Server'), textColumn('Recommendation'), textColumn('Decided by')],
      rows: overdue.map((row) => [text.shortDayAndYear(Date.parse(row.due)), row.server_id, row.recommendation, row.decided_by]),
    },
    {
      title: 'Left the fleet',
      columns: [textColumn('Gone since'), textColumn('Server'), textColumn('Recommendation'), numberColumn('Saves a month')],
      rows: left.map((row) => [day(row.left_by), row.server_id, row.recommendation, formatUsd(row.monthly_usd)]),
    },
    {
      title: 'Risk of accepted additions',
      columns: [textColumn('Server'), numberColumn('When accepted'), numberColumn('Now'), textColumn('At risk')],
      rows: risk.map((row) => [row.server_id, probability(row.before), probability(row.now), row.is_at_risk ? 'yes' : 'no']),
    },
    {
      title: 'Dismissed, then breached',
      columns: [textColumn('Dismissed'), textColumn('Server'), textColumn('Recommendation'), textColumn('By'), textColumn('Reason')],
      rows: breached.map((row) => [day(row.decided_at), row.server_id, row.recommendation, row.decided_by, row.reason]),
    },
    {
      title: 'Who decided what, and why',
      columns: [
        textColumn('Server'),
        textColumn('Recommendation'),
        textColumn('Decision'),
        textColumn('Until'),
        textColumn('By'),
        textColumn('On'),
        textColumn('Reason'),
      ],
      rows: decisions.map((row) => [
        row.server_id,
        row.recommendation,
        verdictText(row),
        row.until === null ? '–' : text.shortDayAndYear(Date.parse(row.until)),
        row.decided_by,
        day(row.decided_at),
        row.reason,
      ]),
    },
  ].map(firstRows)

const probability = (value: number): string => probabilityText(value, (percent) => text.value(percent, '%'))
