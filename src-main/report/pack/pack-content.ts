// The pack of a history: pages for the board and the supervisor about its latest run, what has changed, and what came of earlier statements.
import { describeExpectedCount } from '../../../src-shared/artefacts/fleet-finding.ts'
import {
  countOld,
  describeChange,
  describeFollowUp,
  describeLastStatement,
  describeOverdue,
} from '../../../src-shared/artefacts/history-text.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { isJudgedRun } from '../../../src-shared/ipc/run-view.ts'
import type { RunHistory } from '../../../src-shared/ipc/run-history.ts'
import type { OpenRun } from '../../queries/run/open-run.ts'
import { createFinding, createStamp, createSubtitle, datesOf } from '../report-content.ts'
import { formatUsd, type ReportTable } from '../report-table.ts'
import { createFollowUpTables } from './follow-up-page.ts'
import { readLights } from './business-units.ts'
import { describeStaying, readLikeliestTable, readOrdersTable, readSavingsTable } from './pack-actions.ts'
import { createOutcomesTable, createTrendTable } from './pack-history.ts'
import { createFilesTable, createInputsTable, createSettingsTable } from './sign-off.ts'

export const packPages = ['summary', 'orders', 'likeliest', 'savings', 'outcomes', 'follow-up', 'sign-off'] as const
export type PackPageName = (typeof packPages)[number]

export interface PackPage {
  readonly name: PackPageName
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly tables: readonly ReportTable[]
  /** What is filled in by hand or by the command: a line each. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
}

/** A point of a rule, and the pages of the pack that speak of it. */
export interface AnnexPoint {
  readonly point: string
  readonly subject: string
  readonly pages: readonly PackPageName[]
}

export interface PackContent {
  readonly title: string
  readonly subtitle: string
  readonly stamp: string
  readonly finding: string
  /** The first is the page for those who read one page. */
  readonly pages: readonly PackPage[]
  readonly annex: { readonly title: string; readonly paragraphs: readonly string[]; readonly points: readonly AnnexPoint[] }
  /** Of the latest run, ISO 8601 UTC: a history has one pack. */
  readonly madeAt: string | null
}

export interface PackPeople {
  /** "" where nobody is named. */
  readonly author: string
  readonly approver: string
  /** Default: the name of the history. */
  readonly title?: string | undefined
}

/** `day`: YYYY-MM-DD, the same in every zone. */
const dayTextOf = (day: string): string => text.dayAndYear(Date.parse(day))

const writing = { count: text.count, decimal: (value: number): string => value.toFixed(1) }

/** `run`: the latest of the history. */
export const readPackContent = async (run: OpenRun, history: RunHistory, people: PackPeople): Promise<PackContent> => {
  const { overview } = run
  const { as_of: asOf } = history
  const title = people.title ?? history.name
  const pages: PackPage[] = [
    await createSummaryPage(run, history),
    {
      name: 'orders',
      title: 'What to order, by date',
      paragraphs: [
        'Order by: the last day on which an order arrives in time. It is the earliest breach, by which one path in five breaches for good, less the lead time of the server.',
        `Overdue is what was due before ${dayTextOf(asOf)}.`,
      ],
      tables: [await readOrdersTable(run, asOf)],
    },
    {
      name: 'likeliest',
      title: 'The servers most likely to run out',
      paragraphs: ['Runs: how many runs in a row, up to this one, have stated the server as at risk.'],
      tables: [await readLikeliestTable(run, history)],
    },
    {
      name: 'savings',
      title: 'What can be saved',
      paragraphs: await describeStaying(run),
      tables: [await readSavingsTable(run)],
    },
    {
      name: 'outcomes',
      title: 'What came of earlier statements',
      paragraphs: [describeLastStatement(history.runs, { ...writing, day: (iso) => datesOf(overview).dayAndYear(Date.parse(iso)) })],
      tables: [createOutcomesTable(history, (iso) => datesOf(overview).shortDayAndYear(Date.parse(iso)))],
    },
    {
      name: 'follow-up',
      title: 'What came of decisions',
      paragraphs: [`As of ${dayTextOf(asOf)}.`, ...describeFollowUp(history.follow_up, { count: text.count, usd: formatUsd })],
      tables: createFollowUpTables(history.follow_up, (iso) => datesOf(overview).shortDayAndYear(Date.parse(iso))),
    },
    createSignOffPage(run, history, people),
  ]
  return {
    title: `Capacity report: ${title}`,
    subtitle: `${createSubtitle(overview)} · as of ${text.shortDayAndYear(Date.parse(asOf))}`,
    stamp: createStamp(run, people.author, title),
    finding: createFinding(overview),
    pages: pages.map((page) => ({ ...page, tables: page.tables.filter(({ rows }) => rows.length > 0) })),
    annex: createAnnex(),
    madeAt: overview.analyzedAt,
  }
}

const createSummaryPage = async (run: OpenRun, history: RunHistory): Promise<PackPage> => {
  const { overview } = run
  const { atRiskRange, counts } = overview
  const { shortDayAndYear } = datesOf(overview)
  return {
    name: 'summary',
    title: 'Summary',
    paragraphs: [
      ...(atRiskRange === null || counts.atRisk === 0 ? [] : [describeExpectedCount(atRiskRange, text.count)]),
      ...(isJudgedRun(overview)
        ? [
            describeOverdue(history.overdue_orders, history.follow_up.overdue.length, dayTextOf(history.as_of), text.count),
            describeChange(history.runs, countOld(history.lasting), { ...writing, day: (iso) => shortDayAndYear(Date.parse(iso)) }),
          ]
        : []),
    ],
    tables: [await readLights(run, shortDayAndYear, history.as_of), createTrendTable(history, (iso) => shortDayAndYear(Date.parse(iso)))],
  }
}

const createSignOffPage = ({ contents: { manifest } }: OpenRun, history: RunHistory, { author, approver }: PackPeople): PackPage => ({
  name: 'sign-off',
  title: 'Sign-off',
  paragraphs: [
    'The files of the run have these SHA-256 sums; `headroom verify` compares them. The same inputs and settings give the same figures again.',
    ...history.notes,
  ],
  fields: [
    ['Run ID', manifest?.run_id ?? 'not known'],
    ['Analysed', manifest?.analyzed_at ?? 'not known'],
    ['Headroom', manifest?.engine_version ?? 'not known'],
    ['Prepared by', author],
    ['Approved by', approver],
    ['Date', ''],
    ['Signature', ''],
  ],
  tables: manifest === null ? [] : [createInputsTable(manifest), createFilesTable(manifest), createSettingsTable(manifest)],
})

/** Commission Delegated Regulation (EU) 2024/1774 of 13 March 2024, OJ L, 2024/1774, 25.6.2024. */
const createAnnex = (): PackContent['annex'] => ({
  title: 'Annex: where this pack speaks of Article 9 of Delegated Regulation (EU) 2024/1774',
  paragraphs: [
    'Article 9 asks financial entities for documented procedures of capacity and performance management. The table leads from its points to the pages of this pack. Whether the procedure as a whole is enough, the institution judges.',
  ],
  points: [
    { point: '1 (a)', subject: 'Which capacity the ICT systems require', pages: ['summary', 'orders', 'likeliest'] },
    { point: '1 (b)', subject: 'How resources are put to better use', pages: ['savings', 'follow-up'] },
    {
      point: '1 (c)',
      subject: 'How availability, efficiency and the prevention of shortages are watched',
      pages: ['summary', 'likeliest', 'outcomes', 'follow-up'],
    },
    { point: '2', subject: 'Systems whose procurement or approval takes long, or that need much', pages: ['orders'] },
    { point: 'Records', subject: 'Inputs, settings, checksums, decisions and approval', pages: ['follow-up', 'sign-off'] },
  ],
})
