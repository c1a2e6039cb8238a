// headroom cloud launch: uploads missing files and starts one job, or resumes an interrupted launch.
import type { CloudEvent } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { identifyCaller } from '../../cloud/account/connection.ts'
import { downloadRun } from '../../cloud/download/download-run.ts'
import { launchRun, type EnginePort } from '../../cloud/launch/launch-run.ts'
import { resumeRun } from '../../cloud/launch/resume-run.ts'
import { waitForRun } from '../../cloud/launch/wait-for-run.ts'
import { planSparkJob, type SparkPlanRequest } from '../../engine/spark/plan-spark-job.ts'
import { parseConfig } from '../../config/parse-config.ts'
import { validateCapacityTables } from '../../engine/capacity/assess-capacity.ts'
import { validateTables } from '../../forecasts/servers-table.ts'
import { print, say } from '../terminal.ts'
import { connectionOf, openLaunchRecords, pollMs, withConnection } from './connection.ts'
import { reportDownload } from './download-command.ts'
import { readCloudFile, readLaunchRequest, type LaunchOptions } from './launch-options.ts'
import { createCloudProgressReport } from './progress-report.ts'
import { describeEnd, LogHighlights, runOnEnd } from './run-report.ts'

export interface LaunchCommandOptions extends LaunchOptions {
  readonly resume?: string
  readonly wait?: boolean
  readonly download?: string
  /** Former name of `download`. */
  readonly fetch?: string
  readonly quiet?: boolean
  readonly skipChecks?: boolean
  readonly onEnd?: string
}

export const runLaunch = async (inputs: readonly string[], options: LaunchCommandOptions): Promise<void> => {
  const folder = options.download ?? options.fetch
  if (folder !== undefined && options.wait !== true) {
    throw new HeadroomError('usage', '--download requires --wait.', {
      next: 'Add --wait, or download later with: headroom cloud download.',
    })
  }
  if (options.onEnd !== undefined && options.wait !== true)
    throw new HeadroomError('usage', '--on-end requires --wait.', { next: 'Add --wait.' })
  const launchRecords = openLaunchRecords()
  const resumedRun = options.resume === undefined ? undefined : await launchRecords.get(options.resume)
  const request = resumedRun === undefined ? await readLaunchRequest(inputs, options) : resumedRun.request
  const report = createCloudProgressReport(options)
  const highlights = new LogHighlights()
  const connectionDefaults = resumedRun === undefined ? await readCloudFile(options.config) : connectionOf(resumedRun)
  await withConnection(options, connectionDefaults, async (connection, signal) => {
    const onEvent = (event: CloudEvent): void => {
      highlights.add(event)
      report.show(event)
    }
    const work = { signal, onEvent }
    const caller = await identifyCaller(connection)
    if (resumedRun !== undefined && caller.account !== resumedRun.caller.account) {
      throw new HeadroomError(
        'cloud-setup',
        `The launch belongs to account ${resumedRun.caller.account}, but the credentials to ${caller.account}.`,
        {
          next: 'Choose the profile of that account.',
        },
      )
    }
    if (options.json !== true && options.quiet !== true)
      say(`Caller ${caller.arn} in ${caller.region}${caller.endpoint === null ? '' : ` at ${caller.endpoint}`}`)
    const engine: EnginePort = {
      plan: (plan: SparkPlanRequest) => planSparkJob(plan, { signal }),
      checkTables: async ({ config, capacityTables, ...tables }) => {
        const settings = parseConfig(config, 'headroom')
        await validateTables({ ...tables, config: settings })
        await validateCapacityTables(capacityTables, settings)
      },
    }
    const launched =
      resumedRun === undefined
        ? await launchRun({ connection, caller, launchRecords, request, engine, skipsChecks: options.skipChecks }, work)
        : await resumeRun(connection, launchRecords, resumedRun, work)
    if (options.wait !== true) {
      if (options.json !== true) print(launched.jobName)
      if (launched.part === 'spark') say(`Start the engine job after this one with: headroom cloud watch ${launched.runId}`)
      return
    }
    const isReported = options.json !== true && options.quiet !== true
    try {
      const ended = await waitForRun(connection, launchRecords, launched, { ...work, pollMs: pollMs() }).catch((thrown: unknown) => {
        report.showLogTail()
        throw thrown
      })
      const downloaded = folder === undefined ? undefined : await downloadRun(connection, launchRecords, ended, folder, work)
      if (downloaded !== undefined) reportDownload(downloaded, options)
      if (isReported) print(await describeEnd(ended, downloaded, highlights))
      if (options.onEnd !== undefined) await runOnEnd(options.onEnd, { cloudRun: ended, folder: downloaded?.folder, failure: undefined })
    } catch (thrown) {
      if (options.onEnd === undefined || signal.aborted) throw thrown
      const cloudRun = (await launchRecords.find(launched.runId)) ?? launched
      await runOnEnd(options.onEnd, { cloudRun, folder: undefined, failure: thrown })
      throw thrown
    }
  })
}
