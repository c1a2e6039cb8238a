// headroom cloud schedule: prints a schedule that repeats a launched run, and applies nothing.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { planScheduledJobs } from '../../cloud/setup/plan-schedule.ts'
import { renderSchedule } from '../../cloud/setup/schedule-template.ts'
import { print } from '../terminal.ts'
import { connectionOf, openLaunchRecords, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export interface ScheduleOptions extends ConnectionOptions {
  readonly at: string
  readonly timeZone: string
  readonly topic?: string
}

export const runSchedule = async (run: string, options: ScheduleOptions): Promise<void> => {
  if (!/^(cron|rate|at)\(.+\)$/.test(options.at)) {
    throw new HeadroomError('usage', `${options.at} is no schedule expression.`, { next: 'Write cron(0 6 * * ? *) or rate(1 day).' })
  }
  if (options.topic !== undefined && !/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]+$/.test(options.topic)) {
    throw new HeadroomError('usage', `${options.topic} is no ARN of an SNS topic.`, { next: 'Write arn:aws:sns:REGION:ACCOUNT:NAME.' })
  }
  const cloudRun = await openLaunchRecords().get(run)
  const { account, region } = cloudRun.caller
  const jobs = await withConnection(options, connectionOf(cloudRun), (connection, signal) =>
    planScheduledJobs(connection, cloudRun, signal),
  )
  const { runId, request } = cloudRun
  const common = { runId, account, region, roleArn: request.settings.roleArn, jobs }
  print(renderSchedule({ ...common, expression: options.at, timeZone: options.timeZone, topicArn: options.topic }).trimEnd())
}
