// Diagnostics of the running app: optional crash dumps, and crashes of all processes in the log.
import { app, crashReporter } from 'electron'
import type { DataFolder } from '../settings/data-folder.ts'
import { DiagnosticLog } from './diagnostic-log.ts'

/** Call before the app is ready. Dumps hold memory, which may include credentials: HEADROOM_CRASH_DUMPS=1 enables them. */
export const startDiagnostics = (data: DataFolder, environment: NodeJS.ProcessEnv): DiagnosticLog => {
  app.setPath('crashDumps', data.crashes)
  if (environment['HEADROOM_CRASH_DUMPS'] === '1') crashReporter.start({ uploadToServer: false, compress: false })
  const log = new DiagnosticLog(data.logs)
  log.write('start', {
    version: app.getVersion(),
    electron: process.versions['electron'] ?? '',
    platform: process.platform,
    packaged: app.isPackaged,
  })
  app.on('render-process-gone', (_event, _contents, { reason, exitCode }) => log.write('window crashed', { reason, exitCode }))
  // Chromium does not report every killed utility process here: those of Headroom are logged where they are started.
  app.on('child-process-gone', (_event, { type, reason, exitCode, name }) => {
    if (!name?.startsWith('Headroom')) log.write('process crashed', { type, reason, exitCode, name: name ?? '' })
  })
  process.on('uncaughtExceptionMonitor', (error) => log.write('uncaught', { message: error.message, stack: error.stack ?? '' }))
  return log
}
