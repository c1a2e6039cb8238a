// headroom collect prometheus: measurements of a Prometheus server in one file, and a run of them where one is asked for.
import type { AttributeNames, PrometheusAccess, PrometheusQuery, PrometheusRequest } from '../../../src-shared/sources/source-requests.ts'
import { assertOutput } from '../../sources/output-names.ts'
import { collectPrometheus, surveyPrometheus } from '../../sources/prometheus/collect-prometheus.ts'
import { runCancellable, say } from '../terminal.ts'
import { createCollectView, finishCollect, showSurvey, type CollectOptions } from './finish-collect.ts'

export interface CollectPrometheusOptions extends CollectOptions {
  readonly url: string
  readonly query: readonly PrometheusQuery[]
  readonly label?: string
  readonly days: number
  readonly attribute: AttributeNames
  readonly tenant?: string
  readonly caBundle?: string
}

export const runCollectPrometheus = async (options: CollectPrometheusOptions): Promise<void> => {
  await assertOutput(options.out, options)
  const request: PrometheusRequest = {
    url: options.url,
    queries: [...options.query],
    label: options.label ?? null,
    tenant: options.tenant ?? null,
    days: options.days,
    until: options.until ?? null,
    attributes: options.attribute,
  }
  const access = readAccess(options.caBundle)
  const onWait = options.quiet === true ? undefined : say
  const view = createCollectView(options)
  await runCancellable(async (signal) => {
    showSurvey(await surveyPrometheus(request, access, { signal, onWait }), options)
    if (options.estimate === true) return
    const collected = await collectPrometheus(
      request,
      access,
      { out: options.out, extends: options.extend === true },
      { signal, onWait, onProgress: (label, progress) => view.show({ type: 'step', label, progress }) },
    )
    await finishCollect(collected, options, view, signal)
  }).finally(view.end)
}

const fromEnvironment = (name: string): string | null => {
  const text = process.env[name] ?? ''
  return text === '' ? null : text
}

const readAccess = (caBundle: string | undefined): PrometheusAccess => ({
  token: fromEnvironment('HEADROOM_PROMETHEUS_TOKEN'),
  user: fromEnvironment('HEADROOM_PROMETHEUS_USER'),
  password: fromEnvironment('HEADROOM_PROMETHEUS_PASSWORD'),
  caBundle: caBundle ?? null,
})
