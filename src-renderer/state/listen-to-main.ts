// Initialises the window's state: settings, recent runs, the start request, and pushes from the main process.
import { toWireError } from '../../src-shared/run/errors.ts'
import type { StartRequest } from '../../src-shared/ipc/ipc-contract.ts'
import { onPush, request } from '../ipc/bridge.ts'
import { handleRunEvent } from './follow-analysis.ts'
import { openLink, openPath, openSample, refreshRecentRuns } from './open-path.ts'
import { showSourceProgress, showSourceWaiting } from './source-state.ts'
import { applySettings, useWindowState } from './window-state.ts'

/** `onCommand`: a menu item requests a command by its id. */
export const listenToMain = async (onCommand: (name: string) => void): Promise<void> => {
  onPush((push) => {
    switch (push.type) {
      case 'analysis.event':
        handleRunEvent(push.analysisId, push.event)
        return
      case 'start.requested':
        void handleStartRequest(push.startRequest)
        return
      case 'settings.changed':
        applySettings(push.settings)
        return
      case 'command.requested':
        onCommand(push.command)
        return
      case 'source.progress':
        showSourceProgress(push.label, push.share)
        return
      case 'source.waiting':
        showSourceWaiting(push.sentence)
        return
      // Handled by cloud-state.ts.
      case 'cloud.run':
      case 'cloud.lines':
      case 'cloud.downloading':
      case 'cloud.code-requested':
      case 'cloud.sign-in-code':
      case 'cloud.silent':
    }
  })
  try {
    const [settings, startRequest] = await Promise.all([request('settings.get', {}), request('start.get', {}), refreshRecentRuns()])
    useWindowState.setState({ settings })
    void handleStartRequest(startRequest)
  } catch (thrown) {
    useWindowState.setState({ failure: { subject: 'Start', error: toWireError(thrown) } })
  }
}

const handleStartRequest = async (startRequest: StartRequest): Promise<void> => {
  switch (startRequest.kind) {
    case 'start':
      return
    case 'sample':
      return openSample()
    case 'path':
      return openPath(startRequest.path)
    case 'link':
      return openLink(startRequest.link)
    case 'refused':
      useWindowState.setState({ failure: { subject: 'Link', error: { code: 'usage', message: startRequest.message } }, view: 'start' })
  }
}
