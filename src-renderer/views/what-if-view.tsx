// And if ...? Sliders that are answered while they move, a threshold x percentile grid, and scenarios kept beside the run.
import { useMemo, useState } from 'react'
import { toWireError, type WireError } from '../../src-shared/errors.ts'
import type { RunOverview } from '../../src-shared/run-view.ts'
import type { SavedScenario } from '../../src-shared/saved-scenario.ts'
import { scenarioSchema, type Scenario, type WhatIfChoices } from '../../src-shared/what-if.ts'
import { ErrorPanel } from '../components/error-panel.tsx'
import { Loaded } from '../components/loaded.tsx'
import { keepScenarios, notify } from '../state/errands.ts'
import { isBusy } from '../state/loadable.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatting } from '../theme/formatting.ts'
import type { RunViewProps } from './view-entry.ts'
import { SensitivityGrid } from './sensitivity-grid.tsx'
import { CostField, GroupSliders, groupsOf, ownThresholds, Slider } from './what-if-fields.tsx'
import { KeptScenarios, Outcome } from './what-if-outcome.tsx'

const asRun: Scenario = scenarioSchema.parse({})
const listed = 12

export const WhatIfView = ({ run }: RunViewProps) => {
  const choices = useRequest('run.what-if-choices', { folder: run.folder }, run.folder)
  return (
    <main className="view" aria-label="What if">
      <Loaded answer={choices} waiting="Reading the fleet …">
        {(value) => <Workspace run={run} choices={value} />}
      </Loaded>
    </main>
  )
}

const Workspace = ({ run, choices }: { readonly run: RunOverview; readonly choices: WhatIfChoices }) => {
  const [scenario, setScenario] = useState<Scenario>(asRun)
  const [version, setVersion] = useState(0)
  const [failure, setFailure] = useState<WireError | null>(null)
  const request = useMemo(
    () => ({ folder: run.folder, scenario, grid: true, most_listed: listed, asker: 'sliders' }),
    [run.folder, scenario],
  )
  const answer = useRequest('run.what-if', request, run.folder)
  const kept = useRequest('run.scenarios', { folder: run.folder }, `${run.folder} ${version}`)
  const saved = kept.status === 'ready' ? kept.value : []
  const keep = async (scenarios: readonly SavedScenario[], words: string): Promise<void> => {
    try {
      await keepScenarios(run.folder, scenarios)
      setVersion((last) => last + 1)
      setFailure(null)
      notify(words)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    }
  }
  const change = (part: Partial<Scenario>): void => setScenario((last) => ({ ...last, ...part }))
  return (
    <div className="split">
      <Sliders run={run} choices={choices} scenario={scenario} onChange={change} onReset={() => setScenario(asRun)} />
      <div className="page" aria-busy={isBusy(answer)}>
        {failure !== null && <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />}
        <Loaded answer={answer} waiting="Working it out …">
          {(value) => (
            <div className="page-inner">
              <Outcome answer={value} />
              {value.grid !== null && (
                <SensitivityGrid
                  grid={value.grid}
                  threshold={scenario.threshold ?? choices.threshold}
                  percentile={scenario.percentile}
                  servers={value.outcome.servers}
                  onChoose={(threshold, percentile) => change({ threshold, percentile })}
                />
              )}
              {kept.status === 'failed' && <ErrorPanel error={kept.error} />}
              <KeptScenarios
                saved={saved}
                answer={value}
                onKeep={(name) =>
                  void keep(
                    [...saved.filter((other) => other.name !== name), { name, scenario, outcome: value.outcome }],
                    `Scenario “${name}” kept with the run.`,
                  )
                }
                onShow={setScenario}
                onRemove={(name) =>
                  void keep(
                    saved.filter((other) => other.name !== name),
                    `Scenario “${name}” removed.`,
                  )
                }
              />
            </div>
          )}
        </Loaded>
      </div>
    </div>
  )
}

interface SlidersProps {
  readonly run: RunOverview
  readonly choices: WhatIfChoices
  readonly scenario: Scenario
  readonly onChange: (part: Partial<Scenario>) => void
  readonly onReset: () => void
}

const Sliders = ({ run, choices, scenario, onChange, onReset }: SlidersProps) => {
  const { selectedServer } = useWindowState()
  const days = Math.max(1, Math.floor(choices.horizon_days))
  const percentages = run.metrics.filter(({ unit }) => unit === '%').map(({ name }) => name)
  const added = scenario.added_servers.reduce((sum, { count }) => sum + count, 0)
  return (
    <form className="what-if-form" aria-label="Scenario" onSubmit={(event) => event.preventDefault()}>
      <h2>Scenario</h2>
      <Slider
        label="Threshold"
        unit="%"
        min={40}
        max={100}
        value={scenario.threshold ?? choices.threshold}
        onChange={(threshold) => onChange({ threshold: threshold === choices.threshold ? null : threshold })}
      />
      <Slider
        label="Percentile of the forecast"
        unit=""
        min={50}
        max={100}
        value={scenario.percentile}
        onChange={(percentile) => onChange({ percentile })}
      />
      <Slider
        label="Growth of demand"
        unit="%"
        min={-50}
        max={100}
        value={scenario.growth_percent}
        onChange={(growth) => onChange({ growth_percent: growth })}
      />
      <Slider
        label="Look ahead"
        unit="days"
        min={1}
        max={days}
        value={Math.min(days, scenario.horizon_days ?? days)}
        onChange={(horizon) => onChange({ horizon_days: horizon === days ? null : horizon })}
      />
      <Slider
        label="Underutilised below"
        unit="%"
        min={0}
        max={80}
        value={scenario.underutilized_threshold ?? choices.underutilized_threshold}
        onChange={(threshold) => onChange({ underutilized_threshold: threshold === choices.underutilized_threshold ? null : threshold })}
      />
      <GroupSliders
        label="Growth of a group"
        groups={groupsOf(choices)}
        chosen={scenario.group_growth.map(({ column, value, percent }) => ({ column, value, amount: percent }))}
        start={scenario.growth_percent}
        min={-50}
        max={100}
        onChange={(chosen) =>
          onChange({
            group_growth: chosen.flatMap(({ column, value, amount }) => (column === 'metric' ? [] : [{ column, value, percent: amount }])),
          })
        }
      />
      <GroupSliders
        label="Threshold of its own"
        groups={ownThresholds(choices, percentages)}
        chosen={scenario.special_thresholds.map(({ column, value, threshold }) => ({ column, value, amount: threshold }))}
        start={scenario.threshold ?? choices.threshold}
        min={40}
        max={100}
        onChange={(chosen) =>
          onChange({
            special_thresholds: chosen.flatMap(({ column, value, amount }) =>
              column === 'metric' || column === 'criticality' ? [{ column, value, threshold: amount }] : [],
            ),
          })
        }
      />
      <CostField value={scenario.monthly_cost_usd} onChange={(monthly_cost_usd) => onChange({ monthly_cost_usd })} />
      <fieldset>
        <legend>Servers</legend>
        <p className="muted">
          {selectedServer === null ? 'Select a server in the list to add some like it or to remove it.' : `Selected: ${selectedServer}`}
        </p>
        <div className="actions">
          <button
            type="button"
            className="button"
            disabled={selectedServer === null}
            onClick={() => selectedServer !== null && onChange({ added_servers: oneMore(scenario, selectedServer) })}
          >
            Add one like it
          </button>
          <button
            type="button"
            className="button"
            disabled={selectedServer === null || scenario.removed_servers.includes(selectedServer)}
            onClick={() => selectedServer !== null && onChange({ removed_servers: [...scenario.removed_servers, selectedServer] })}
          >
            Remove it
          </button>
        </div>
        <p className="muted">
          {formatting.count(added)} added, {formatting.count(scenario.removed_servers.length)} removed; demand moves within their group
        </p>
      </fieldset>
      <button type="button" className="button" onClick={onReset}>
        As the run
      </button>
    </form>
  )
}

const oneMore = ({ added_servers: added }: Scenario, like: string): Scenario['added_servers'] =>
  added.some((entry) => entry.like === like)
    ? added.map((entry) => (entry.like === like ? { ...entry, count: entry.count + 1 } : entry))
    : [...added, { count: 1, like }]
