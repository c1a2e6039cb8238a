// The history that the open run belongs to: its runs, what came of the decisions, and any two runs compared; and its pack.
import { FileDown } from 'lucide-react'
import { useState } from 'react'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import { packFormats } from '../../../src-shared/ipc/export-rows.ts'
import type { HistoryRequest, HistoryView as History } from '../../../src-shared/ipc/run-history.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { Popover } from '../../components/popover.tsx'
import { SegmentedControl } from '../../components/select.tsx'
import { Toolbar } from '../../components/toolbar.tsx'
import { exportPack } from '../../state/export-actions.ts'
import { useHistory } from '../../state/open-history.ts'
import { choosePath } from '../../state/open-path.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { fileFormatLabels } from '../../theme/labels.ts'
import { Loaded } from '../loaded.tsx'
import type { RunViewProps } from '../view-entry.ts'
import { CompareTab } from './compare-tab.tsx'
import { FollowUpTab } from './follow-up-tab.tsx'
import { RunsTab } from './runs-tab.tsx'

const openFolder = { label: 'Open folder of runs…', onClick: () => void choosePath('folder') }

export const HistoryView = ({ run, theme }: RunViewProps) => {
  const opened = useWindowState(({ history }) => history)
  const found = useHistory(run.folder, opened)
  return (
    <main className="view" aria-label="History">
      <Loaded response={found} loadingText="Looking for the runs …">
        {(history) =>
          history === null ? (
            <EmptyState title="This run is open by itself" action={openFolder}>
              Open the folder that its runs lie in: their figures over time, and what came of each forecast, are shown here.
            </EmptyState>
          ) : (
            <OpenHistory run={run} theme={theme} history={history} />
          )
        }
      </Loaded>
    </main>
  )
}

type Tab = 'runs' | 'follow-up' | 'compare'

interface OpenHistoryProps extends RunViewProps {
  readonly history: HistoryRequest
}

const OpenHistory = ({ run, theme, history }: OpenHistoryProps) => {
  const [tab, setTab] = useState<Tab>('runs')
  const response = useRequest('history.get', history, history.folder)
  return (
    <>
      <Toolbar label="History">
        <SegmentedControl<Tab>
          label="Show"
          value={tab}
          options={[
            { value: 'runs', label: 'Runs', hint: 'Figures of each run, and what came of its forecast' },
            { value: 'follow-up', label: 'Follow-up', hint: 'What came of accepted and dismissed recommendations' },
            { value: 'compare', label: 'Compare', hint: 'Any two runs of the history' },
          ]}
          onChange={setTab}
        />
        <span className="toolbar-gap" />
        <PackMenu />
      </Toolbar>
      <div className="page" aria-busy={isBusy(response)}>
        <Loaded response={response} loadingText="Reading the runs …">
          {(value) => <Shown tab={tab} run={run} theme={theme} history={value} />}
        </Loaded>
      </div>
    </>
  )
}

const PackMenu = () => (
  <Popover
    label={
      <>
        <FileDown size={14} aria-hidden /> Export pack
      </>
    }
    name="Export pack"
    align="right"
  >
    <ul className="menu-list">
      {packFormats.map((format) => (
        <li key={format}>
          <button type="button" className="menu-item" data-close onClick={() => void exportPack(format)}>
            Pack as {fileFormatLabels[format]}…
          </button>
        </li>
      ))}
    </ul>
  </Popover>
)

interface ShownProps {
  readonly tab: Tab
  readonly run: RunOverview
  readonly theme: ChartTheme
  readonly history: History
}

const Shown = ({ tab, run, theme, history }: ShownProps) => {
  if (tab === 'follow-up') return <FollowUpTab history={history} />
  if (history.runs.length < 2)
    return (
      <EmptyState title="One run so far" action={openFolder}>
        A history begins with the second run of a fleet. headroom cycle makes one from each night&apos;s forecasts.
      </EmptyState>
    )
  return tab === 'runs' ? <RunsTab history={history} theme={theme} /> : <CompareTab run={run} history={history} />
}
