// Starts the window's state: settings and recent runs, what the app was launched for, and the pushes that follow.
import { toWireError } from '../../src-shared/errors.ts'
import type { Launch } from '../../src-shared/ipc-contract.ts'
import { onPush, request } from '../bridge.ts'
import { receiveRunEvent } from './follow-analysis.ts'
import { openPath, openSample, refreshRecentRuns } from './open-path.ts'
import { useWindowState } from './window-state.ts'

export const listenToMain = async (): Promise<void> => {
  onPush((push) => {
    switch (push.type) {
      case 'analysis.event':
        receiveRunEvent(push.analysisId, push.event)
        return
      case 'launch.requested':
        void launch(push.launch)
        return
      case 'settings.changed':
        useWindowState.setState({ theme: push.settings.theme })
        return
      // The cloud view listens for itself.
      case 'cloud.trip':
      case 'cloud.lines':
      case 'cloud.codeAsked':
      case 'cloud.codeShown':
    }
  })
  try {
    const { theme } = await request('settings.get', {})
    useWindowState.setState({ theme })
    await refreshRecentRuns()
    void launch(await request('launch.take', {}))
  } catch (thrown) {
    useWindowState.setState({ failure: { subject: 'starting', error: toWireError(thrown) } })
  }
}

const launch = async (asked: Launch): Promise<void> => {
  switch (asked.kind) {
    case 'start':
      return
    case 'sample':
      return openSample()
    case 'path':
      return openPath(asked.path)
  }
}
