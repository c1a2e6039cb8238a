// What-if analysis: sliders that update the figures as they move, a sensitivity grid, and saved scenarios.
import { useMemo, useState } from 'react'
import type { CapacitySummary } from '../../../src-shared/artefacts/capacity.ts'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { type SavedScenario, scenarioSchema, type Scenario, type WhatIfChoices } from '../../../src-shared/ipc/what-if.ts'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Loaded } from '../loaded.tsx'
import { saveScenarios } from '../../state/run-notes.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { notify, useWindowState } from '../../state/window-state.ts'
import { formatting } from '../../theme/formatting.ts'
import type { RunViewProps } from '../view-entry.ts'
import { SensitivityGrid } from './sensitivity-grid.tsx'
import { DriverFields, HostFields } from './capacity-fields.tsx'
import { ClusterOutcome, DriverOutcome } from './capacity-outcome.tsx'
import { ScenarioProjects } from './scenario-projects.tsx'
import { CostField, GroupSliders, listGroups, listThresholdTargets, Slider } from './what-if-fields.tsx'
import { SavedScenarios, ScenarioOutcome } from './what-if-outcome.tsx'
import './what-if.css'

const baseScenario: Scenario = scenarioSchema.parse({})
const maxListed = 12

export const WhatIfView = ({ run }: RunViewProps) => {
  const choices = useRequest('scenario-choices.get', { folder: run.folder }, run.folder)
  return (
    <main className="view" aria-label="What if">
      <Loaded response={choices} loadingText="Loading fleet …">
        {(value) => <ScenarioEditor run={run} choices={value} />}
      </Loaded>
    </main>
  )
}

const ScenarioEditor = ({ run, choices }: { readonly run: RunOverview; readonly choices: WhatIfChoices }) => {
  const [scenario, setScenario] = useState<Scenario>(baseScenario)
  const [version, setVersion] = useState(0)
  const [failure, setFailure] = useState<WireError | null>(null)
  const request = useMemo(
    () => ({ folder: run.folder, scenario, grid: true, max_listed: maxListed, clientId: 'sliders' }),
    [run.folder, scenario],
  )
  const response = useRequest('scenario.evaluate', request, run.folder)
  const capacity = useRequest('capacity.get', { folder: run.folder }, run.folder)
  const report = capacity.status === 'ready' ? capacity.value.report : null
  const savedResponse = useRequest('scenarios.list', { folder: run.folder }, `${run.folder} ${version}`)
  const saved = savedResponse.status === 'ready' ? savedResponse.value : []
  const save = async (scenarios: readonly SavedScenario[], message: string): Promise<void> => {
    try {
      await saveScenarios(run.folder, scenarios)
      setVersion((last) => last + 1)
      setFailure(null)
      notify(message)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    }
  }
  const change = (changes: Partial<Scenario>): void => setScenario((last) => ({ ...last, ...changes }))
  return (
    <div className="split">
      <Sliders
        run={run}
        choices={choices}
        report={report}
        scenario={scenario}
        onChange={change}
        onReset={() => setScenario(baseScenario)}
      />
      <div className="page" aria-busy={isBusy(response)}>
        {failure !== null && <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />}
        <Loaded response={response} loadingText="Calculating …">
          {(value) => (
            <div className="page-inner">
              <ScenarioOutcome result={value} />
              {value.capacity !== null && <ClusterOutcome outcome={value.capacity} />}
              {value.drivers.length > 0 && <DriverOutcome effects={value.drivers} />}
              {report !== null && (
                <ScenarioProjects
                  report={report}
                  projects={scenario.projects}
                  outcome={value.capacity}
                  onChange={(projects) => change({ projects })}
                />
              )}
              {value.grid !== null && (
                <SensitivityGrid
                  grid={value.grid}
                  threshold={scenario.threshold ?? choices.threshold}
                  percentile={scenario.percentile}
                  servers={value.outcome.servers}
                  onSelect={(threshold, percentile) => change({ threshold, percentile })}
                />
              )}
              {savedResponse.status === 'failed' && <ErrorPanel error={savedResponse.error} />}
              <SavedScenarios
                saved={saved}
                result={value}
                onSave={(name) =>
                  void save(
                    [...saved.filter((other) => other.name !== name), { name, scenario, outcome: value.outcome }],
                    `Scenario “${name}” saved.`,
                  )
                }
                onShow={setScenario}
                onRemove={(name) =>
                  void save(
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
  /** Null where the run has none. */
  readonly report: CapacitySummary | null
  readonly scenario: Scenario
  readonly onChange: (changes: Partial<Scenario>) => void
  readonly onReset: () => void
}

const Sliders = ({ run, choices, report, scenario, onChange, onReset }: SlidersProps) => {
  const { selectedServer } = useWindowState()
  const days = Math.max(1, Math.floor(choices.horizon_days))
  const percentMetrics = run.metrics.filter(({ unit }) => unit === '%').map(({ name }) => name)
  const addedServers = scenario.added_servers.reduce((sum, { count }) => sum + count, 0)
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
        label="Forecast percentile"
        unit=""
        min={50}
        max={100}
        value={scenario.percentile}
        onChange={(percentile) => onChange({ percentile })}
      />
      <Slider
        label="Demand growth"
        unit="%"
        min={-50}
        max={100}
        value={scenario.growth_percent}
        onChange={(growth) => onChange({ growth_percent: growth })}
      />
      <Slider
        label="Horizon"
        unit={(scenario.horizon_days ?? days) === 1 ? 'day' : 'days'}
        min={1}
        max={days}
        value={Math.min(days, scenario.horizon_days ?? days)}
        onChange={(horizon) => onChange({ horizon_days: horizon === days ? null : horizon })}
      />
      <Slider
        label="Underutilised threshold"
        unit="%"
        min={0}
        max={80}
        value={scenario.underutilized_threshold ?? choices.underutilized_threshold}
        onChange={(threshold) => onChange({ underutilized_threshold: threshold === choices.underutilized_threshold ? null : threshold })}
      />
      <GroupSliders
        label="Group growth"
        groups={listGroups(choices)}
        selected={scenario.group_growth.map(({ column, value, percent }) => ({ column, value, amount: percent }))}
        defaultAmount={scenario.growth_percent}
        min={-50}
        max={100}
        onChange={(selected) =>
          onChange({
            group_growth: selected.flatMap(({ column, value, amount }) =>
              column === 'metric' ? [] : [{ column, value, percent: amount }],
            ),
          })
        }
      />
      <GroupSliders
        label="Threshold overrides"
        groups={listThresholdTargets(choices, percentMetrics)}
        selected={scenario.special_thresholds.map(({ column, value, threshold }) => ({ column, value, amount: threshold }))}
        defaultAmount={scenario.threshold ?? choices.threshold}
        min={40}
        max={100}
        onChange={(selected) =>
          onChange({
            special_thresholds: selected.flatMap(({ column, value, amount }) =>
              column === 'metric' || column === 'criticality' ? [{ column, value, threshold: amount }] : [],
            ),
          })
        }
      />
      <CostField value={scenario.monthly_cost_usd} onChange={(monthly_cost_usd) => onChange({ monthly_cost_usd })} />
      <fieldset>
        <legend>Servers</legend>
        <p className="muted">
          {selectedServer === null ? 'Select a server in the list to add copies or remove it.' : `Selected: ${selectedServer}`}
        </p>
        <div className="actions">
          <button
            type="button"
            className="button"
            disabled={selectedServer === null}
            onClick={() => selectedServer !== null && onChange({ added_servers: addServerLike(scenario, selectedServer) })}
          >
            Add copy
          </button>
          <button
            type="button"
            className="button"
            disabled={selectedServer === null || scenario.removed_servers.includes(selectedServer)}
            onClick={() => selectedServer !== null && onChange({ removed_servers: [...scenario.removed_servers, selectedServer] })}
          >
            Remove
          </button>
        </div>
        <p className="muted">
          {formatting.count(addedServers)} added, {formatting.count(scenario.removed_servers.length)} removed. Demand is redistributed
          within the group.
        </p>
      </fieldset>
      {report !== null && <HostFields report={report} scenario={scenario} onChange={onChange} />}
      {report !== null && <DriverFields report={report} scenario={scenario} onChange={onChange} />}
      <button type="button" className="button" onClick={onReset}>
        Reset
      </button>
    </form>
  )
}

const addServerLike = ({ added_servers: addedServers }: Scenario, like: string): Scenario['added_servers'] =>
  addedServers.some((entry) => entry.like === like)
    ? addedServers.map((entry) => (entry.like === like ? { ...entry, count: entry.count + 1 } : entry))
    : [...addedServers, { count: 1, like }]
