// Follows the running analysis: its steps, and what happens when it has finished, failed or was cancelled.
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import { request } from '../ipc/bridge.ts'
import { openRunFolder } from './open-path.ts'
import { useWindowState, type RunningAnalysis } from './window-state.ts'

const { getState, setState } = useWindowState

export const cancelAnalysis = async (): Promise<void> => {
  const { analysis } = getState()
  if (analysis === null || analysis.isCancelling) return
  setState({ analysis: { ...analysis, isCancelling: true } })
  await request('analysis.cancel', { analysisId: analysis.analysisId })
}

export const handleRunEvent = (analysisId: string, event: RunEvent): void => {
  const { analysis } = getState()
  if (analysis?.analysisId !== analysisId) return
  const updateAnalysis = (changes: Partial<RunningAnalysis>): void => setState({ analysis: { ...analysis, ...changes } })
  switch (event.type) {
    case 'started':
      return
    case 'step':
      updateAnalysis({ step: event.label, progress: Math.max(analysis.progress, event.progress) })
      return
    case 'warning':
      updateAnalysis({ warnings: [...analysis.warnings, event.warning] })
      return
    case 'finished':
      setState({ analysis: null })
      void openRunFolder(event.folder)
      return
    case 'cancelled':
      setState({ analysis: null, view: 'start', notice: `${analysis.name}: the analysis was cancelled, and nothing of it was kept.` })
      return
    case 'failed':
      setState({ analysis: null, view: 'start', failure: { subject: analysis.name, error: event.error } })
  }
}
