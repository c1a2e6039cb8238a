// The pack of a history: pages for the board and the supervisor about its latest run, what has changed, and what came of earlier statements.
import { describeExpectedCount } from '../../../src-shared/artefacts/fleet-finding.ts'
import {
  countOld,
  describeChange,
  describeFollowUp,
  describeLastStatement,
  describeOverdueOrders,
  describePastDecisions,
} from '../../../src-shared/artefacts/history-text.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { findingCounts, isJudgedRun } from '../../../src-shared/ipc/run-view.ts'
import type { RunHistory } from '../../../src-shared/ipc/run-history.ts'
import type { OpenRun } from '../../queries/run/open-run.ts'
import { createFinding, createStamp, createSubtitle, datesOf } from '../report-content.ts'
import { formatUsd, textColumn, type ReportTable } from '../report-table.ts'
import { createFollowUpTables } from './follow-up-page.ts'
import { readLights } from './business-units.ts'
import {
  createFirstOrdersTable,
  describeStaying,
  ordersTitle,
  readLikeliestTable,
  readOrders,
  readOrdersTable,
  readSavingsTable,
  type PackOrder,
} from './pack-actions.ts'
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

const overdueWriting = { count: text.count, day: (day: string): string => text.shortDayAndYear(Date.parse(day)) }

const writing = { count: text.count, decimal: (value: number): string => value.toFixed(1) }

/** `run`: the latest of the history. */
export const readPackContent = async (run: OpenRun, history: RunHistory, people: PackPeople): Promise<PackContent> => {
  const { overview } = run
  const { as_of: asOf } = history
  const shortDay = (iso: string): string => datesOf(overview).shortDayAndYear(Date.parse(iso))
  const title = people.title ?? history.name
  const orders = await readOrders(run, asOf)
  const pages: PackPage[] = [
    await createSummaryPage(run, history, orders),
    {
      name: 'orders',
      title: ordersTitle,
      paragraphs: [
        'Order by: the last day on which an order arrives in time. It is the earliest breach, by which one path in five breaches for good, less the lead time of the server.',
        `Overdue is what was due before ${dayTextOf(asOf)}.`,
      ],
      tables: [await readOrdersTable(run, orders)],
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
      tables: [createOutcomesTable(history, shortDay), createTrendTable(history, shortDay)],
    },
    {
      name: 'follow-up',
      title: 'What came of decisions',
      paragraphs: [
        `As of ${dayTextOf(asOf)}.`,
        ...describeFollowUp({ ...history.follow_up, left: history.follow_up.left.length }, { count: text.count, usd: formatUsd }),
      ],
      tables: createFollowUpTables(history.follow_up, shortDay),
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

/** What the finding above leaves open, a row for each question. */
const createSummaryPage = async (run: OpenRun, history: RunHistory, orders: readonly PackOrder[]): Promise<PackPage> => {
  const { overview } = run
  const { atRiskRange, counts } = overview
  const { shortDayAndYear } = datesOf(overview)
  const day = (iso: string): string => shortDayAndYear(Date.parse(iso))
  const { overdue } = history.follow_up
  const past = describePastDecisions(overdue, overdue.length, overdueWriting)
  const answers: (readonly [question: string, answer: string])[] = [
    ...(isJudgedRun(overview)
      ? ([
          ['Which orders are overdue', describeOverdueOrders(history, overdueWriting)],
          ['What came of the last statement', describeLastStatement(history.runs, { ...writing, day })],
          ['What changed', describeChange(history.runs, countOld(history.lasting), { ...writing, day })],
          ['What was decided, but is late', past === '' ? 'Nothing that was accepted is past its date.' : past],
        ] as const)
      : []),
    ...(atRiskRange === null || counts.atRisk === 0
      ? []
      : [['How sure is the number', describeExpectedCount(atRiskRange, findingCounts(overview), text.count)] as const]),
  ]
  return {
    name: 'summary',
    title: 'Summary',
    paragraphs: [],
    tables: [
      { title: '', columns: [textColumn('Question'), textColumn('Answer')], rows: answers },
      createFirstOrdersTable(orders, shortDayAndYear),
      await readLights(run, shortDayAndYear, history.as_of),
    ],
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
