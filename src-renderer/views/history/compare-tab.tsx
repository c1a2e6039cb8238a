// Any two runs of a history, compared.
import { useState } from 'react'
import type { HistoryView } from '../../../src-shared/ipc/run-history.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { Select } from '../../components/select.tsx'
import { useReading } from '../../state/use-reading.ts'
import { runTimes } from '../../theme/formatting.ts'
import { ComparisonPage } from '../compare/compare-view.tsx'
import { nameStarts } from '../compare/run-names.ts'
import { LoadedReading } from '../loaded-reading.tsx'
import './history.css'

export const CompareTab = ({ run, history }: { readonly run: RunOverview; readonly history: HistoryView }) => {
  const runs = history.runs
  const [earlier, setEarlier] = useState(runs.at(-2)?.path ?? '')
  const [later, setLater] = useState(runs.at(-1)?.path ?? '')
  const reading = useReading('runs.compare', earlier === later ? null : { earlier, later }, history.folder)
  const starts = nameStarts(
    runs.map(({ horizon }) => horizon.start),
    runTimes,
  )
  const options = runs.map(({ path, folder }, index) => ({ value: path, label: `from ${starts[index]}, ${folder}` })).reverse()
  return (
    <div className="page-inner">
      <div className="history-pair">
        <Select label="Earlier run" value={earlier} options={options} onChange={setEarlier} />
        <Select label="Later run" value={later} options={options} onChange={setLater} />
      </div>
      {earlier === later ? (
        <p className="muted">Choose two different runs.</p>
      ) : (
        <LoadedReading reading={reading} loadingText="Comparing runs …">
          {(comparison) => <ComparisonPage run={run} comparison={comparison} />}
        </LoadedReading>
      )}
    </div>
  )
}
