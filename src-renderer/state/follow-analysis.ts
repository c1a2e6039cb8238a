// Follows the running analysis: its steps, warnings and outcome.
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import { request } from '../ipc/bridge.ts'
import { reopenImportDialog } from './import-files.ts'
import { openRunFolder } from './open-path.ts'
import { useWindowState, type RunningAnalysis } from './window-state.ts'
import { useEffect, useState } from 'react'

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
      setState({ analysis: null, view: 'start', notice: `Analysis of ${analysis.name} cancelled. No files were saved.` })
      return
    case 'failed': {
      const { source } = analysis
      const isAsked = source.kind === 'forecast' && reopenImportDialog(source, event.error)
      setState({ analysis: null, view: 'start', failure: isAsked ? null : { subject: analysis.name, error: event.error } })
    }
  }
}

export const useElapsedSeconds = (startedAtMs: number): number => {
  const [nowMs, setNowMs] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, (nowMs - startedAtMs) / 1000)
}
