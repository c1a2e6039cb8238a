// Comparison of two runs: changed risks with their causes, and the accuracy of the earlier forecast.
import { FolderOpen } from 'lucide-react'
import { useState } from 'react'
import type { CompareResponse } from '../../../src-shared/ipc/run-comparison.ts'
import type { RecentRun } from '../../../src-shared/ipc/ipc-contract.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Select } from '../../components/select.tsx'
import { KeyFigure } from '../../components/key-figure.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { LoadedReading } from '../loaded-reading.tsx'
import { Toolbar } from '../../components/toolbar.tsx'
import { chooseFolder } from '../../state/open-path.ts'
import { useReading } from '../../state/use-reading.ts'
import { isBusy } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatLocalTime, formatting, runTimes } from '../../theme/formatting.ts'
import { CompareChanges, ForecastCheck } from './compare-panels.tsx'
import type { RunViewProps } from '../view-entry.ts'
import { nameRuns } from './run-names.ts'
import './compare.css'

/** Runs to compare with: those of the same forecasts first, then the latest. */
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
  const reading = useReading('runs.compare', runPair, run.folder)
  const choose = async (): Promise<void> => {
    const folder = await chooseFolder()
    if (folder !== null) setOtherFolder(folder)
  }
  return (
    <main className="view" aria-label="Compare">
      <Toolbar label="Compare">
        {otherFolder !== null && (
          <Select
            label="Compare with"
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
          <FolderOpen size={14} aria-hidden /> Other run folder…
        </button>
        {otherFolder !== null && (
          <button type="button" className="button quiet" onClick={() => setIsSwapped(!isSwapped)}>
            Swap runs
          </button>
        )}
      </Toolbar>
      {otherFolder === null ? (
        <EmptyState title="No other run to compare" action={{ label: 'Choose run folder…', onClick: () => void choose() }}>
          Recently opened runs are listed here.
        </EmptyState>
      ) : (
        <div className="page" aria-busy={isBusy(reading.response)}>
          <LoadedReading reading={reading} loadingText="Comparing runs …">
            {(comparison) => <ComparisonPage run={run} comparison={comparison} />}
          </LoadedReading>
        </div>
      )}
    </main>
  )
}

export const ComparisonPage = ({ run, comparison }: { readonly run: RunOverview; readonly comparison: CompareResponse }) => {
  const { earlier, later, risks, servers, notes, policy_differences: policies } = comparison
  const [earlierName, laterName] = nameRuns([earlier, later], runTimes)
  return (
    <div className="page-inner">
      <h1 className="finding">{findingText(comparison)}</h1>
      <p className="muted">
        Earlier run: {earlierName}, {formatting.count(earlier.at_risk_servers)} of {formatting.count(earlier.servers)} servers at risk.
        Later run: {laterName}, {formatting.count(later.at_risk_servers)} of {formatting.count(later.servers)}.
      </p>
      <div className="key-figures">
        <KeyFigure label="Newly at risk" value={formatting.count(servers.new)} note="servers not at risk in the earlier run" />
        <KeyFigure label="No longer at risk" value={formatting.count(servers.cleared)} note="servers at risk in the earlier run" />
        <KeyFigure
          label="Still at risk"
          value={formatting.count(servers.still_at_risk)}
          note={`servers; ${formatting.count(risks.moved)} of their risks changed`}
        />
        <KeyFigure label="Servers added" value={formatting.count(servers.added)} note="only in the later run" />
        <KeyFigure label="Servers removed" value={formatting.count(servers.removed)} note="only in the earlier run" />
      </div>
      {(notes.length > 0 || policies.length > 0) && (
        <section aria-label="Differences in settings">
          <h2>Differences in settings</h2>
          <ul className="step-list">
            {notes.map(({ code, message }) => (
              <li key={`${code} ${message}`}>{message}</li>
            ))}
            {policies.map(({ key, earlier: earlierValue, later: laterValue }) => (
              <li key={key}>
                <code>{key}</code>: {JSON.stringify(earlierValue)} → {JSON.stringify(laterValue)}
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

const findingText = ({ servers, causes }: CompareResponse): string => {
  const count = (number: number): string => formatting.count(number)
  if (servers.new + servers.cleared === 0)
    return `No change: ${count(servers.still_at_risk)} ${servers.still_at_risk === 1 ? 'server remains' : 'servers remain'} at risk`
  const others = Object.entries(causes).filter(([cause, risks]) => cause !== 'definition' && risks > 0)
  const [mainCause] = others.reduce((largest, next) => (next[1] > largest[1] ? next : largest), ['data', 0])
  const cause = causeLabels[mainCause] ?? mainCause
  const split = (all: number, byDefinition: number): string =>
    all === 0
      ? ''
      : `: ${[...(byDefinition === 0 ? [] : [`${count(byDefinition)} by the new definition`]), ...(all === byDefinition ? [] : [`${count(all - byDefinition)} ${others.length > 1 ? 'mainly ' : ''}by ${cause}`])].join(', ')}`
  return `${count(servers.new)} newly at risk${split(servers.new, servers.new_by_definition)}; ${count(servers.cleared)} no longer${split(servers.cleared, servers.cleared_by_definition)}`
}

const causeLabels: Readonly<Record<string, string>> = {
  policy: 'changed settings',
  model: 'another model',
  data: 'new data',
  together: 'several causes',
}
