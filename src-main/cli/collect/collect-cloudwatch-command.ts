// headroom collect cloudwatch: measurements of EC2 and other services in one file, and a run of them where one is asked for.
import type { AttributeNames, CloudWatchMetric, CloudWatchRequest } from '../../../src-shared/sources/source-requests.ts'
import { connect } from '../../cloud/account/connection.ts'
import { collectCloudWatch, surveyCloudWatch } from '../../sources/cloudwatch/collect-cloudwatch.ts'
import { discoverCloudWatch } from '../../sources/cloudwatch/discover-cloudwatch.ts'
import { assertOutput } from '../../sources/output-names.ts'
import { askMfaCode } from '../cloud/connection.ts'
import { runCancellable, say } from '../terminal.ts'
import { createCollectView, finishCollect, showSurvey, type CollectOptions } from './finish-collect.ts'

export interface CollectCloudWatchOptions extends CollectOptions {
  readonly profile: readonly string[]
  readonly region: readonly string[]
  readonly allowCredentialProcess?: boolean
  readonly namespace: CloudWatchRequest['namespaces']
  readonly cloudwatchMetric: readonly CloudWatchMetric[]
  readonly period: 'hour' | 'day'
  readonly statistic: CloudWatchRequest['statistic']
  readonly days: number
  readonly attribute: AttributeNames
  readonly costLimit: number
}

export const runCollectCloudWatch = async (options: CollectCloudWatchOptions): Promise<void> => {
  await assertOutput(options.out, options)
  const request: CloudWatchRequest = {
    profiles: options.profile.length === 0 ? [null] : [...options.profile],
    regions: [...options.region],
    namespaces: options.namespace.length === 0 ? ['AWS/EC2', 'CWAgent'] : [...options.namespace],
    metrics: [...options.cloudwatchMetric],
    periodSeconds: options.period === 'day' ? 86_400 : 3600,
    statistic: options.statistic,
    costLimitUsd: options.costLimit,
    days: options.days,
    until: options.until ?? null,
    attributes: options.attribute,
  }
  const target = { request, out: options.out, extends: options.extend === true }
  const view = createCollectView(options)
  const onWait = options.quiet === true ? undefined : say
  await runCancellable(async (signal) => {
    const work = { signal, onWait, onProgress: (label: string, progress: number) => view.show({ type: 'step', label, progress }) }
    const discovery = await discoverCloudWatch(
      request,
      (profile, region) =>
        connect({
          profile: profile ?? undefined,
          region: region ?? undefined,
          allowsProcess: options.allowCredentialProcess,
          askMfaCode,
          maxAttempts: 1,
        }),
      { signal, onWait },
    )
    try {
      showSurvey(await surveyCloudWatch(target, discovery, work), options)
      if (options.estimate === true) return
      await finishCollect(await collectCloudWatch(target, discovery, work), options, view, signal)
    } finally {
      for (const connection of discovery.connections.values()) connection.close()
    }
  }).finally(view.end)
}
