// Reconciliation with Module 05: each of its totals, step by step to this run's, with counts and examples.
import { Fragment } from 'react'
import type { Figure, Reconciliation, ReconciliationStep } from '../../../src-shared/ipc/reconciliation.ts'
import { LoadedReading } from '../loaded-reading.tsx'
import { openServer } from '../../state/navigation.ts'
import { useReading } from '../../state/use-reading.ts'
import { isBusy } from '../../state/use-request.ts'
import { formatDay, formatDollars, formatting } from '../../theme/formatting.ts'
import type { RunViewProps } from '../view-entry.ts'

export const ReconcileView = ({ run }: RunViewProps) => {
  const reading = useReading('run.reconcile', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Reconcile" aria-busy={isBusy(reading.response)}>
      <LoadedReading reading={reading} loadingText="Comparing with Module 05 …">
        {(reconciliation) => (
          <div className="page-inner">
            <h1 className="finding">{findingText(reconciliation)}</h1>
            <TotalsTable reconciliation={reconciliation} />
            {reconciliation.assumptions.map((sentence) => (
              <p key={sentence} className="verdict">
                {sentence}
              </p>
            ))}
            {reconciliation.chains
              .filter(({ steps }) => steps.length > 0)
              .map(({ key, title, steps, original, own }) => (
                <section key={key} aria-label={title}>
                  <h2>
                    {title}: {formatFigure(original)} → {formatFigure(own)}
                  </h2>
                  <ol className="step-list">
                    {steps.map((step) => (
                      <StepItem key={step.key} step={step} />
                    ))}
                  </ol>
                </section>
              ))}
          </div>
        )}
      </LoadedReading>
    </main>
  )
}

const formatFigure = ({ value, unit }: Figure): string =>
  unit === 'USD a month' ? `${formatDollars(value)} per month` : `${formatting.count(value)} ${value === 1 ? unit.replace(/s$/, '') : unit}`

const findingText = ({ chains }: Reconciliation): string => {
  const differingChains = chains.filter(({ original, own }) => original.value !== own.value || original.unit !== own.unit)
  if (differingChains.length === 0) return 'All totals match Module 05'
  const atRiskChain = differingChains.find(({ key }) => key === 'at_risk')
  const example =
    atRiskChain === undefined
      ? ''
      : `; at risk: ${formatFigure(atRiskChain.original)} in Module 05, ${formatFigure(atRiskChain.own)} in this run`
  return `${formatting.count(differingChains.length)} of ${formatting.count(chains.length)} totals differ from Module 05${example}`
}

const TotalsTable = ({ reconciliation }: { readonly reconciliation: Reconciliation }) => (
  <table className="plain-table">
    <thead>
      <tr>
        <th scope="col">Total</th>
        <th scope="col" data-number>
          Module 05
        </th>
        <th scope="col" data-number>
          This run
        </th>
        <th scope="col" data-number>
          Steps
        </th>
      </tr>
    </thead>
    <tbody>
      {reconciliation.chains.map(({ key, title, original, own, steps }) => (
        <tr key={key}>
          <td>{title}</td>
          <td data-number>{formatFigure(original)}</td>
          <td data-number>{formatFigure(own)}</td>
          <td data-number>{steps.length === 0 ? 'identical' : formatting.count(steps.length)}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

/** "2,458 of 4,926 rows", as the counts above it. */
const groupDigits = (detail: string): string => detail.replace(/(?<![\w.-])\d{4,}(?![\w.-])/g, (number) => formatting.count(Number(number)))

const StepItem = ({ step }: { readonly step: ReconciliationStep }) => {
  const { title, sentence, before, after, moved, examples } = step
  return (
    <li>
      <strong>
        {title}: {formatFigure(before)} → {formatFigure(after)}
      </strong>
      <p>{sentence}</p>
      <p className="muted">
        {formatting.count(moved.entered)} {moved.unit} added, {formatting.count(moved.left)} removed
        {examples.length > 0 && '. Examples: '}
        {examples.map(({ subject, detail, change }, index) => (
          <Fragment key={`${subject} ${detail}`}>
            {index > 0 && '; '}
            {/^\d{4}-\d\d-\d\d$/.test(subject) ? (
              formatDay(subject)
            ) : (
              <button type="button" className="link" onClick={() => openServer(subject)}>
                {subject}
              </button>
            )}
            {change === 'counted' ? ': ' : change === 'entered' ? ' added: ' : ' removed: '}
            {groupDigits(detail)}
          </Fragment>
        ))}
      </p>
    </li>
  )
}
