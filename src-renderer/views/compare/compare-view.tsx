// What changed since last time? Two runs side by side: new, cleared and moved risks with their causes, and how the earlier forecast held.
import { FolderOpen } from 'lucide-react'
import { useState } from 'react'
import type { CompareResponse } from '../../../src-shared/ipc/compare-runs-view.ts'
import type { RecentRun } from '../../../src-shared/ipc/ipc-contract.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Select } from '../../components/select.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Loaded } from '../loaded.tsx'
import { Toolbar } from '../../components/toolbar.tsx'
import { chooseFolder } from '../../state/open-path.ts'
import { isBusy } from '../../state/loadable.ts'
import { useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDate, formatLocalTime, formatting } from '../../theme/formatting.ts'
import { CompareChanges, ForecastCheck } from './compare-panels.tsx'
import type { RunViewProps } from '../view-entry.ts'

/** Runs that can be put beside this one, those of the same forecasts first, the latest first. */
const findCandidates = (run: RunOverview, recent: readonly RecentRun[]): readonly RecentRun[] =>
  recent
    .filter(({ folder, exists, analyzedAt }) => folder !== run.folder && exists && analyzedAt !== null)
    .sort((a, b) => Number(b.title === run.title) - Number(a.title === run.title) || ((a.analyzedAt ?? '') < (b.analyzedAt ?? '') ? 1 : -1))

export const CompareView = ({ run }: RunViewProps) => {
  const { recentRuns } = useWindowState()
  const candidates = findCandidates(run, recentRuns)
  const [otherFolder, setOtherFolder] = useState<string | null>(candidates[0]?.folder ?? null)
  const [isSwapped, setIsSwapped] = useState(false)
  const otherRun = candidates.find(({ folder }) => folder === otherFolder)
  const isOtherEarlier = isSwapped !== (otherRun === undefined || (otherRun.analyzedAt ?? '') < (run.analyzedAt ?? ''))
  const runPair =
    otherFolder === null ? null : isOtherEarlier ? { earlier: otherFolder, later: run.folder } : { earlier: run.folder, later: otherFolder }
  const response = useRequest('runs.compare', runPair, run.folder)
  const choose = async (): Promise<void> => {
    const folder = await chooseFolder()
    if (folder !== null) setOtherFolder(folder)
  }
  return (
    <main className="view" aria-label="Compare">
      <Toolbar label="Compare">
        {otherFolder !== null && (
          <Select
            label="This run against"
            value={otherFolder}
            options={[
              ...candidates.map(({ folder, title, analyzedAt }) => ({
                value: folder,
                label: `${title}, ${analyzedAt === null ? '' : formatLocalTime(analyzedAt)}`,
              })),
              ...(otherRun === undefined ? [{ value: otherFolder, label: otherFolder }] : []),
            ]}
            onChange={setOtherFolder}
          />
        )}
        <button type="button" className="button" onClick={() => void choose()}>
          <FolderOpen size={14} aria-hidden /> Another run folder…
        </button>
        {otherFolder !== null && (
          <button type="button" className="button quiet" onClick={() => setIsSwapped(!isSwapped)}>
            Swap earlier and later
          </button>
        )}
      </Toolbar>
      {otherFolder === null ? (
        <EmptyState title="There is no other run to compare with" action={{ label: 'Choose a run folder…', onClick: () => void choose() }}>
          Runs that you have opened before are offered here by themselves.
        </EmptyState>
      ) : (
        <div className="page" aria-busy={isBusy(response)}>
          <Loaded response={response} loadingText="Comparing the two runs …">
            {(comparison) => <ComparisonPage run={run} comparison={comparison} />}
          </Loaded>
        </div>
      )}
    </main>
  )
}

const ComparisonPage = ({ run, comparison }: { readonly run: RunOverview; readonly comparison: CompareResponse }) => {
  const { earlier, later, risks, servers, notes, policy_differences: policies } = comparison
  return (
    <div className="page-inner">
      <h1 className="finding">{findingText(comparison)}</h1>
      <p className="muted">
        {formatDate(Date.parse(earlier.analyzed_at))} ({formatting.count(earlier.at_risk_servers)} of {formatting.count(earlier.servers)} at
        risk) against {formatDate(Date.parse(later.analyzed_at))} ({formatting.count(later.at_risk_servers)} of{' '}
        {formatting.count(later.servers)})
      </p>
      <dl className="answers">
        <CountFigure name="New risks" value={risks.new} note="at risk now, not before" />
        <CountFigure name="Cleared" value={risks.cleared} note="at risk before, not now" />
        <CountFigure name="Still at risk" value={risks.still_at_risk} note={`${formatting.count(risks.moved)} of them moved`} />
        <CountFigure name="Servers added" value={servers.added} note="only in the later run" />
        <CountFigure name="Servers removed" value={servers.removed} note="only in the earlier run" />
      </dl>
      {(notes.length > 0 || policies.length > 0) && (
        <section aria-label="What makes the runs less than alike">
          <h2>Before you trust the difference</h2>
          <ul className="step-list">
            {notes.map(({ code, message }) => (
              <li key={`${code} ${message}`}>{message}</li>
            ))}
            {policies.map(({ key, earlier: earlierValue, later: laterValue }) => (
              <li key={key}>
                <code>{key}</code> was {JSON.stringify(earlierValue)}, is {JSON.stringify(laterValue)}
              </li>
            ))}
          </ul>
        </section>
      )}
      <CompareChanges run={run} comparison={comparison} />
      <ForecastCheck comparison={comparison} />
    </div>
  )
}

const findingText = ({ risks, causes }: CompareResponse): string => {
  if (risks.new + risks.cleared === 0) return `Nothing new: ${formatting.count(risks.still_at_risk)} risks stay as they were`
  const [cause, count] = Object.entries(causes).reduce((largest, next) => (next[1] > largest[1] ? next : largest))
  const causeLabel =
    { policy: 'changed settings', model: 'another model', data: 'new data', together: 'several causes together' }[cause] ?? cause
  return `${formatting.count(risks.new)} new risks, ${formatting.count(risks.cleared)} cleared; most often by ${causeLabel} (${formatting.count(count)})`
}

const CountFigure = ({ name, value, note }: { readonly name: string; readonly value: number; readonly note: string }) => (
  <div className="answer">
    <dt className="answer-question">{name}</dt>
    <dd className="answer-value">{formatting.count(value)}</dd>
    <dd className="muted">{note}</dd>
  </div>
)
