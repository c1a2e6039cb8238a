// Why do these numbers differ from the old report? Each of its totals, step by step to this run's, with counts and examples.
import { Fragment } from 'react'
import type { Figure, Reconciliation, ReconciliationStep } from '../../src-shared/reconciliation.ts'
import { Loaded } from '../components/loaded.tsx'
import { openServer } from '../state/navigation.ts'
import { isBusy } from '../state/loadable.ts'
import { useRequest } from '../state/use-request.ts'
import { formatDollars, formatting } from '../theme/formatting.ts'
import type { RunViewProps } from './view-entry.ts'

export const ReconcileView = ({ run }: RunViewProps) => {
  const answer = useRequest('run.reconcile', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Reconcile" aria-busy={isBusy(answer)}>
      <Loaded answer={answer} waiting="Working out both methods on this run …">
        {(found) => (
          <div className="page-inner">
            <h1 className="finding">{finding(found)}</h1>
            <Totals found={found} />
            {found.assumptions.map((sentence) => (
              <p key={sentence} className="verdict">
                {sentence}
              </p>
            ))}
            {found.chains
              .filter(({ steps }) => steps.length > 0)
              .map(({ key, title, steps, original, own }) => (
                <section key={key} aria-label={title}>
                  <h2>
                    {title}: {figureText(original)} → {figureText(own)}
                  </h2>
                  <ol className="step-list">
                    {steps.map((step) => (
                      <Step key={step.key} step={step} />
                    ))}
                  </ol>
                </section>
              ))}
          </div>
        )}
      </Loaded>
    </main>
  )
}

const figureText = ({ value, unit }: Figure): string =>
  unit === 'USD a month' ? `${formatDollars(value)} a month` : `${formatting.count(value)} ${unit}`

const finding = ({ chains }: Reconciliation): string => {
  const different = chains.filter(({ original, own }) => original.value !== own.value || original.unit !== own.unit)
  if (different.length === 0) return 'The old report and this run agree in every total'
  const risk = different.find(({ key }) => key === 'at_risk')
  const example = risk === undefined ? '' : `; at risk: ${figureText(risk.original)} there, ${figureText(risk.own)} here`
  return `${formatting.count(different.length)} of ${formatting.count(chains.length)} totals differ from the old report${example}`
}

const Totals = ({ found }: { readonly found: Reconciliation }) => (
  <table className="plain-table">
    <thead>
      <tr>
        <th scope="col">Total</th>
        <th scope="col" data-number>
          The old report says
        </th>
        <th scope="col" data-number>
          This run says
        </th>
        <th scope="col" data-number>
          Steps between
        </th>
      </tr>
    </thead>
    <tbody>
      {found.chains.map(({ key, title, original, own, steps }) => (
        <tr key={key}>
          <td>{title}</td>
          <td data-number>{figureText(original)}</td>
          <td data-number>{figureText(own)}</td>
          <td data-number>{steps.length === 0 ? 'the same' : formatting.count(steps.length)}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

const Step = ({ step }: { readonly step: ReconciliationStep }) => {
  const { title, sentence, before, after, moved, examples } = step
  return (
    <li>
      <strong>
        {title}: {figureText(before)} → {figureText(after)}
      </strong>
      <p>{sentence}</p>
      <p className="muted">
        {formatting.count(moved.entered)} {moved.unit} come in, {formatting.count(moved.left)} go out
        {examples.length > 0 && '. For instance '}
        {examples.map(({ subject, detail, change }, index) => (
          <Fragment key={`${subject} ${detail}`}>
            {index > 0 && '; '}
            {/^\d{4}-\d\d-\d\d$/.test(subject) ? (
              subject
            ) : (
              <button type="button" className="link" onClick={() => openServer(subject)}>
                {subject}
              </button>
            )}
            {change === 'counted' ? ': ' : change === 'entered' ? ' comes in: ' : ' goes out: '}
            {detail}
          </Fragment>
        ))}
      </p>
    </li>
  )
}
