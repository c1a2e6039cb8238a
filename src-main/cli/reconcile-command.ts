// headroom reconcile: explains the differences between the totals of Module 05 and of a run, step by step.
import type { Figure, Reconciliation, ReconciliationChain, ReconciliationStep, StepExample } from '../../src-shared/ipc/reconciliation.ts'
import { reconcileRun } from '../queries/reconcile/reconcile-run.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { countText, reportTable, wrapText } from './report-text.ts'
import { runReading } from './run-reading.ts'
import { jsonText, print } from './terminal.ts'

export const runReconcile = async (run: string, options: { readonly json?: boolean }): Promise<void> => {
  const reconciliation = await runReading(options, (reading) => withChangeWarnings([run], () => reconcileRun(run, reading)))
  print(options.json === true ? jsonText({ ...reconciliation }, 2) : describeReconciliation(reconciliation))
}

/** The reconciliation as text: summary, one line per total, then each chain with steps. */
export const describeReconciliation = ({ run, assumptions, chains }: Reconciliation): string =>
  [
    [wrapText(summaryLine(chains)), wrapText(`${run.folder}: ${countText(run.rows, 'row')} of ${countText(run.servers, 'server')}.`)].join(
      '\n',
    ),
    reportTable(
      ['total', 'module05', 'this run'],
      chains.map(({ title, original, own }) => [title, figureText(original), figureText(own)]),
    ),
    assumptions.map((sentence) => wrapText(`Assumed: ${sentence}`)).join('\n'),
    ...chains.filter(({ steps }) => steps.length > 0).map(describeChain),
  ]
    .filter((section) => section !== '')
    .join('\n\n')

const summaryLine = (chains: readonly ReconciliationChain[]): string => {
  const of = (key: string): ReconciliationChain => chains.find((chain) => chain.key === key)!
  const [risk, idle, savings] = [of('at_risk'), of('underutilized'), of('savings')]
  return [
    `At risk: ${figureText(risk.own)}, in Module 05 ${figureText(risk.original)}`,
    `underutilised: ${figureText(idle.own)}, in Module 05 ${figureText(idle.original)}`,
    `savings: ${figureText(savings.own)}, in Module 05 ${figureText(savings.original)}.`,
  ].join('; ')
}

const numberText = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 2 })

const units = { rows: 'row', servers: 'server', clusters: 'cluster' } as const

const figureText = ({ value, unit }: Figure): string =>
  unit === 'USD a month' ? `${numberText(value)} USD a month` : countText(value, units[unit])

const describeChain = ({ title, original, own, steps }: ReconciliationChain): string => {
  const table = reportTable(
    ['step', 'figure', 'counts in', 'leaves out'],
    [
      ['module05', figureText(original), '', ''],
      ...steps.map((step) => [step.title, figureText(step.after), movedText(step, 'entered'), movedText(step, 'left')]),
    ],
  )
  const stepsWithEffect = steps.filter(hasEffect)
  return [
    `${title}: ${figureText(original)} by module05, ${figureText(own)} in this run`,
    table,
    ...stepsWithEffect.map(describeStep),
  ].join('\n')
}

/** Steps without an effect appear in the table only. */
const hasEffect = ({ before, after, moved }: ReconciliationStep): boolean =>
  moved.entered + moved.left > 0 || before.value !== after.value || before.unit !== after.unit

const movedText = ({ moved }: ReconciliationStep, direction: 'entered' | 'left'): string =>
  moved[direction] === 0 ? '' : countText(moved[direction], units[moved.unit])

const describeStep = ({ title, sentence, examples }: ReconciliationStep): string =>
  [wrapText(`- ${title}: ${sentence}`, '', '  '), ...examples.map((example) => wrapText(exampleText(example), '    ', '      '))].join('\n')

const exampleText = ({ subject, change, detail }: StepExample): string =>
  `${change === 'entered' ? 'in: ' : change === 'left' ? 'out: ' : ''}${subject} (${detail})`
