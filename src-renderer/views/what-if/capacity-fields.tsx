// The fields of a scenario about capacity: hosts that come, go or fail, and growth of business drivers.
import { X } from 'lucide-react'
import { useState } from 'react'
import type { CapacitySummary } from '../../../src-shared/artefacts/capacity.ts'
import type { Scenario } from '../../../src-shared/ipc/what-if.ts'
import { Slider } from './what-if-fields.tsx'

interface CapacityFieldsProps {
  readonly report: CapacitySummary
  readonly scenario: Scenario
  readonly onChange: (changes: Partial<Scenario>) => void
}

export const HostFields = ({ report, scenario, onChange }: CapacityFieldsProps) => {
  const { added_hosts: added, removed_hosts: removed, lost_hosts: lost } = scenario
  const hosts = report.hosts.filter(({ name, cluster }) => cluster !== null && !removed.includes(name) && !lost.includes(name))
  const clusters = [...new Set(report.hosts.flatMap(({ cluster }) => cluster ?? []))]
  const [cluster = '', setCluster] = useState(clusters[0])
  const [chosen, setHost] = useState('')
  const host = hosts.some(({ name }) => name === chosen) ? chosen : ''
  if (clusters.length === 0) return null
  const addHost = (): void =>
    onChange({
      added_hosts: added.some((entry) => entry.cluster === cluster)
        ? added.map((entry) => (entry.cluster === cluster ? { ...entry, count: entry.count + 1 } : entry))
        : [...added, { cluster, count: 1 }],
    })
  return (
    <fieldset className="group-sliders">
      <legend>Hosts</legend>
      <div className="host-change">
        <select className="field" aria-label="Cluster" value={cluster} onChange={({ target }) => setCluster(target.value)}>
          {clusters.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <button type="button" className="button" onClick={addHost}>
          Add host
        </button>
      </div>
      <div className="host-change">
        <select className="field" aria-label="Host" value={host} onChange={({ target }) => setHost(target.value)}>
          <option value="">Host …</option>
          {hosts.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <button
          type="button"
          className="button"
          disabled={host === ''}
          title="It goes for good; the reserve stays"
          onClick={() => onChange({ removed_hosts: [...removed, host] })}
        >
          Remove
        </button>
        <button
          type="button"
          className="button"
          disabled={host === ''}
          title="It fails: it is one of the reserve"
          onClick={() => onChange({ lost_hosts: [...lost, host] })}
        >
          Lose
        </button>
      </div>
      <ul className="host-changes" aria-label="Changed hosts">
        {added.map(({ cluster: name, count }) => (
          <ChangedHost
            key={`added ${name}`}
            text={`${name}: ${count} added`}
            onUndo={() => onChange({ added_hosts: added.filter((entry) => entry.cluster !== name) })}
          />
        ))}
        {removed.map((name) => (
          <ChangedHost
            key={`removed ${name}`}
            text={`${name} removed`}
            onUndo={() => onChange({ removed_hosts: removed.filter((other) => other !== name) })}
          />
        ))}
        {lost.map((name) => (
          <ChangedHost
            key={`lost ${name}`}
            text={`${name} lost`}
            onUndo={() => onChange({ lost_hosts: lost.filter((other) => other !== name) })}
          />
        ))}
      </ul>
    </fieldset>
  )
}

const ChangedHost = ({ text, onUndo }: { readonly text: string; readonly onUndo: () => void }) => (
  <li>
    {text}
    <button type="button" className="icon-button" aria-label={`Undo: ${text}`} title="Undo" onClick={onUndo}>
      <X size={12} aria-hidden />
    </button>
  </li>
)

/** A slider for each driver that a metric follows; those of business units apart. */
export const DriverFields = ({ report, scenario, onChange }: CapacityFieldsProps) => {
  const drivers = [
    ...new Map(report.drivers.map(({ driver, group }) => [JSON.stringify([driver, group]), { driver, group }])).values(),
  ].sort((a, b) => `${a.driver} ${a.group ?? ''}`.localeCompare(`${b.driver} ${b.group ?? ''}`))
  if (drivers.length === 0) return null
  return (
    <fieldset className="group-sliders">
      <legend>Business drivers</legend>
      {drivers.map(({ driver, group }) => {
        const isSame = (change: Scenario['driver_changes'][number]): boolean => change.driver === driver && change.group === group
        return (
          <Slider
            key={JSON.stringify([driver, group])}
            label={group === null ? driver : `${driver}, ${group}`}
            unit="%"
            min={-50}
            max={100}
            value={scenario.driver_changes.find(isSame)?.percent ?? 0}
            onChange={(percent) =>
              onChange({
                driver_changes: [
                  ...scenario.driver_changes.filter((change) => !isSame(change)),
                  ...(percent === 0 ? [] : [{ driver, group, percent }]),
                ],
              })
            }
          />
        )
      })}
    </fieldset>
  )
}
