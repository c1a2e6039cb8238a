// Collects from live sources for the window: one at a time, into the folder of measurements, where a later collect extends the file.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CollectedMeasurements, SourceSurvey } from '../../../src-shared/sources/source-requests.ts'
import type { Handlers, Push } from '../../../src-shared/ipc/ipc-contract.ts'
import type { AssembleCall, LiveSource, sourceChannels } from '../../../src-shared/ipc/sources-contract.ts'
import type { Connection } from '../../cloud/account/connection.ts'
import { cloudWatchSource, collectCloudWatch, surveyCloudWatch } from '../../sources/cloudwatch/collect-cloudwatch.ts'
import { discoverCloudWatch } from '../../sources/cloudwatch/discover-cloudwatch.ts'
import type { CollectedParts, CollectTarget, CollectWork } from '../../sources/collection.ts'
import { isSameSource, readMeasurementsSource } from '../../sources/measurements-source.ts'
import { collectPrometheus, prometheusSource, surveyPrometheus } from '../../sources/prometheus/collect-prometheus.ts'
import { parseAddress } from '../../sources/prometheus/prometheus-client.ts'

export interface SourceCollectsDeps {
  /** Of the measurements files. */
  readonly folder: string
  readonly push: (push: Push) => void
  /** Connections stay open with the window. */
  readonly connect: (profile: string | null, region: string | null) => Promise<Connection>
  /** Writes the file, in the engine process. */
  readonly assemble: (call: AssembleCall) => Promise<CollectedMeasurements>
}

export class SourceCollects {
  readonly #deps: SourceCollectsDeps
  #current = new AbortController()

  constructor(deps: SourceCollectsDeps) {
    this.#deps = deps
  }

  readonly handlers: Handlers<keyof typeof sourceChannels> = {
    'source.survey': ({ source }) => this.#survey(source, this.#begin()),
    'source.collect': ({ source }) => this.#collect(source, this.#begin()),
    'source.cancel': async () => {
      this.#current.abort()
      return {}
    },
  }

  #begin(): CollectWork {
    this.#current.abort()
    this.#current = new AbortController()
    const { push } = this.#deps
    return {
      signal: this.#current.signal,
      onProgress: (label, share) => push({ type: 'source.progress', label, share }),
      onWait: (sentence) => push({ type: 'source.waiting', sentence }),
    }
  }

  async #survey(source: LiveSource, work: CollectWork): Promise<SourceSurvey> {
    if (source.kind === 'prometheus') return surveyPrometheus(source.request, { ...source.access, caBundle: null }, work)
    const target = { request: source.request, ...(await this.#target(source)) }
    return surveyCloudWatch(target, await discoverCloudWatch(source.request, this.#deps.connect, work), work)
  }

  async #collect(source: LiveSource, work: CollectWork): Promise<CollectedMeasurements> {
    const target = await this.#target(source)
    const { collection, parts, source: description } = await this.#fetch(source, target, work)
    try {
      const collected = await this.#deps.assemble({ folder: collection.folder, parts, ...target, source: description })
      await collection.remove()
      return collected
    } catch (thrown) {
      await collection.release()
      throw thrown
    }
  }

  async #fetch(source: LiveSource, target: CollectTarget, work: CollectWork): Promise<CollectedParts> {
    if (source.kind === 'prometheus') return collectPrometheus(source.request, { ...source.access, caBundle: null }, target, work)
    return collectCloudWatch(
      { request: source.request, ...target },
      await discoverCloudWatch(source.request, this.#deps.connect, work),
      work,
    )
  }

  /** The file of this source: extended where it holds the same; otherwise a new one next to it. */
  async #target(source: LiveSource): Promise<CollectTarget> {
    const { folder } = this.#deps
    await mkdir(folder, { recursive: true })
    for (let number = 1; ; number++) {
      const out = join(folder, `${nameOf(source)}${number === 1 ? '' : `-${String(number)}`}.parquet`)
      if (!existsSync(out)) return { out, extends: false }
      if (await this.#continues(source, out)) return { out, extends: true }
    }
  }

  /** Whether the file was collected by the same request, from the same day on or earlier. */
  async #continues(live: LiveSource, out: string): Promise<boolean> {
    const existing = await readMeasurementsSource(out).catch(() => undefined)
    if (existing === undefined) return false
    const source = live.kind === 'prometheus' ? prometheusSource(live.request) : cloudWatchSource(live.request)
    const { request } = live
    const end = request.until === null ? Date.now() : Date.parse(request.until)
    return isSameSource(existing, source) && existing.from <= end / 1000 - (request.days - 1) * 86_400 && end / 1000 > existing.until
  }
}

/** "prometheus.example.com_9090", "cloudwatch-eu-west-1". */
const nameOf = (source: LiveSource): string => {
  const name =
    source.kind === 'prometheus' ? parseAddress(source.request.url).host : ['cloudwatch', ...source.request.regions].join('-').slice(0, 60)
  return name.replace(/[^\w.-]/g, '_')
}
