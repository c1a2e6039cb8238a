// Folders of the window's data: runs, the sample fleet, settings and recent runs.
import { resolve, join } from 'node:path'
import { app } from 'electron'

export interface DataFolder {
  readonly root: string
  readonly runs: string
  readonly samples: string
  /** Collected from live sources. */
  readonly measurements: string
  readonly settings: string
  readonly recentRuns: string
  readonly windowState: string
  readonly logs: string
  /** Dumps of fallen processes; they never leave this machine. */
  readonly crashes: string
  /** Launches in the cloud and what was filled in for them. */
  readonly cloud: string
}

/** HEADROOM_HOME if set, else the system's folder for application data. Call before the app is ready. */
export const initDataFolder = (environment: NodeJS.ProcessEnv): DataFolder => {
  const override = environment['HEADROOM_HOME']
  const root = override === undefined || override === '' ? app.getPath('userData') : resolve(override)
  app.setPath('userData', root)
  // Chromium's files are separate from the files that users look for.
  app.setPath('sessionData', join(root, 'window'))
  return {
    root,
    runs: join(root, 'runs'),
    samples: join(root, 'samples'),
    measurements: join(root, 'measurements'),
    settings: join(root, 'settings.json'),
    recentRuns: join(root, 'recent-runs.json'),
    windowState: join(root, 'window-place.json'),
    logs: join(root, 'logs'),
    crashes: join(root, 'crashes'),
    cloud: join(root, 'cloud'),
  }
}
