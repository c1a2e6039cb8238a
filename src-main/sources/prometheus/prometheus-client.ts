// The HTTP interface of Prometheus: instant and range queries, repeated where a server is busy, with every refusal in one sentence.
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { PrometheusAccess } from '../../../src-shared/sources/source-requests.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { foreignText } from '../../../src-shared/run/foreign-text.ts'
import { CloudHttpHandler, type PlainResponse } from '../../cloud/account/http-handler.ts'
import { tryParseJson } from '../../../src-shared/run/parse-json.ts'

export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>
  /** Seconds since 1970 with their values as text. */
  readonly samples: readonly (readonly [seconds: number, value: string])[]
}

export interface PrometheusAnswer {
  readonly series: readonly PrometheusSeries[]
  /** What the server says about an answer that may be incomplete. */
  readonly warnings: readonly string[]
}

/** More points of a series are refused in one request. */
export const maxPointsPerSeries = 11_000

/** The server refuses to read so much for one request: a shorter span may succeed. */
export class TooMuchForOneQuery extends HeadroomError {}

export interface RangeQuery {
  /** Names the query in messages. */
  readonly metric: string
  readonly query: string
  /** Seconds since 1970, both included. */
  readonly start: number
  readonly end: number
  readonly step: number
}

export interface PrometheusClientOptions {
  readonly url: string
  readonly access: PrometheusAccess
  readonly tenant: string | null
  /** The first wait before a request is repeated; each further one is twice as long. */
  readonly retryMs?: number | undefined
  /** Says that the server is busy. */
  readonly onWait?: ((sentence: string) => void) | undefined
}

const maxAttempts = 6
const maxRetryMs = 60_000
/** Prometheus itself gives up after two minutes. */
const socketMs = 180_000
const maxAnswerBytes = 512_000_000
/** Of one answer; more say the same. */
const maxWarnings = 10

const sampleSchema = z.tuple([z.number(), z.string()])
const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.string(),
    // Samples are checked one by one where they are used: a million of them would take the schema seconds.
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.unknown()).default([]) })),
  }),
  warnings: z.array(z.string()).default([]),
})
const failureSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() })

export class PrometheusClient {
  readonly #base: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #http: CloudHttpHandler
  readonly #options: PrometheusClientOptions

  constructor(options: PrometheusClientOptions) {
    this.#base = parseAddress(options.url)
    this.#options = options
    this.#headers = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      host: this.#base.host,
      ...authorization(options.access),
      ...(options.tenant === null ? {} : { 'x-scope-orgid': options.tenant }),
    }
    this.#http = new CloudHttpHandler({
      caBundle: options.access.caBundle ?? emptyToUndefined(process.env['AWS_CA_BUNDLE']),
      socketMs,
    })
  }

  close(): void {
    this.#http.destroy()
  }

  async queryRange({ metric, query, start, end, step }: RangeQuery, signal?: AbortSignal): Promise<PrometheusAnswer> {
    const text = await this.#ask('query_range', metric, { query, start: String(start), end: String(end), step: String(step) }, signal)
    const parsed = answerSchema.safeParse(text)
    if (!parsed.success || parsed.data.data.resultType !== 'matrix') throw this.#noPrometheus()
    const series = parsed.data.data.result.map(({ metric: labels, values }) => ({
      labels,
      samples: values.map((sample) => this.#sample(sample)),
    }))
    if (series.some(({ samples }) => samples.some(([seconds]) => seconds < start || seconds > end)))
      throw new HeadroomError('source-refused', `${this.#base.host} answers times that were not asked for.`, {
        next: 'Check the address: something else may answer in place of Prometheus.',
      })
    return { warnings: parsed.data.warnings.slice(0, maxWarnings).map((warning) => this.#said(warning)), series }
  }

  #sample(sample: unknown): readonly [number, string] {
    const [seconds, value] = Array.isArray(sample) ? sample : []
    if (typeof seconds === 'number' && typeof value === 'string') return [seconds, value]
    const parsed = sampleSchema.safeParse(sample)
    if (!parsed.success) throw this.#noPrometheus()
    return parsed.data
  }

  async #ask(path: string, metric: string, form: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askOnce(path, metric, form, signal)
      } catch (thrown) {
        if (signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
        if (!(thrown instanceof Busy)) throw thrown
        if (attempt === maxAttempts) throw thrown.failure
        const waitMs = Math.min(maxRetryMs, thrown.retryAfterMs ?? (this.#options.retryMs ?? 1000) * 2 ** (attempt - 1))
        this.#options.onWait?.(`${this.#base.host} is busy. Waiting ${String(Math.ceil(waitMs / 1000))} s.`)
        await delay(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
          throw new HeadroomError('cancelled', 'Cancelled.')
        })
      }
    }
  }

  async #askOnce(path: string, metric: string, form: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<unknown> {
    const url = new URL(this.#base)
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/${path}`
    const body = new URLSearchParams(form).toString()
    const headers = { ...this.#headers, 'content-length': String(Buffer.byteLength(body)) }
    let response: PlainResponse
    let text: string
    try {
      response = await this.#http.send({ method: 'POST', url, headers, body }, signal === undefined ? {} : { abortSignal: signal })
      text = await readText(response, this.#base.host)
    } catch (thrown) {
      if (thrown instanceof HeadroomError) throw thrown
      throw connectionFailure(thrown, this.#base.host)
    }
    if (response.status === 200) {
      const value = tryParseJson(text)
      if (value === undefined) throw this.#noPrometheus()
      return value
    }
    throw this.#refusal(response, text, metric)
  }

  #refusal({ status, headers }: PlainResponse, text: string, metric: string): Error {
    const { host } = this.#base
    const failure = failureSchema.safeParse(tryParseJson(text)).data
    const said = this.#said(failure?.error ?? '')
    if (
      failure !== undefined &&
      (failure.errorType === 'timeout' || /too many samples|too many points|maximum resolution/i.test(failure.error))
    )
      return new TooMuchForOneQuery('source-refused', `${host} refuses the query of ${metric}: ${said}.`, {
        next: 'Collect fewer days, or fewer servers by a narrower query.',
      })
    if (failure?.errorType === 'bad_data' || failure?.errorType === 'execution')
      return new HeadroomError('source-refused', `${host} refuses the query of ${metric}: ${said}.`, { next: 'Correct --query.' })
    if (status >= 300 && status < 400)
      return new HeadroomError('source-refused', `${host} redirects to ${this.#said(headers['location'] ?? 'another address')}.`, {
        next: 'Name that address with --url if it is right.',
      })
    if (status === 401 || status === 407)
      return new HeadroomError('source-refused', `${host} requires a sign-in (HTTP ${String(status)}).`, {
        next: 'Set HEADROOM_PROMETHEUS_TOKEN, or HEADROOM_PROMETHEUS_USER and HEADROOM_PROMETHEUS_PASSWORD.',
      })
    if (status === 403)
      return new HeadroomError('source-refused', `${host} denies access (HTTP 403).`, {
        next: 'Ask for the right to query, or check the credentials.',
      })
    if (status === 404) return this.#noPrometheus(404)
    const next = 'Try again later.'
    const error = new HeadroomError('source-unreachable', `${host} fails (HTTP ${String(status)})${said === '' ? '' : `: ${said}`}.`, {
      next,
    })
    if (status !== 429 && status < 500) return error
    const retryAfter = Number(headers['retry-after'])
    return new Busy(error, Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : undefined)
  }

  /** A server or a proxy may repeat what it was sent. */
  #said(text: string): string {
    const { token, user, password } = this.#options.access
    return foreignText(text, [token, password, user === null ? null : basicPair(user, password)]).replace(/\.$/, '')
  }

  #noPrometheus(status?: number): HeadroomError {
    return new HeadroomError(
      'source-refused',
      `${this.#base.href} has no interface of Prometheus${status === undefined ? '' : ` (HTTP ${String(status)})`}.`,
      { next: 'Check the address and its path, such as /prometheus.' },
    )
  }
}

/** A failure that may pass. */
class Busy extends Error {
  readonly failure: HeadroomError
  readonly retryAfterMs: number | undefined

  constructor(failure: HeadroomError, retryAfterMs?: number) {
    super(failure.message)
    this.failure = failure
    this.retryAfterMs = retryAfterMs
  }
}

const emptyToUndefined = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text)

const parseUrl = (address: string): URL | undefined => {
  try {
    return new URL(address)
  } catch {
    return undefined
  }
}

/** Throws usage. */
export const parseAddress = (address: string): URL => {
  const url = parseUrl(address)
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new HeadroomError('usage', `"${address}" is no address.`, { next: 'Name one such as https://prometheus.example.com:9090.' })
  if (url.username !== '' || url.password !== '')
    throw new HeadroomError('usage', 'The address holds a user name or a password.', {
      next: 'Leave them out, and set HEADROOM_PROMETHEUS_USER and HEADROOM_PROMETHEUS_PASSWORD.',
    })
  if (url.search !== '' || url.hash !== '')
    throw new HeadroomError('usage', `The address ${url.origin}${url.pathname} has a query behind it, which would not be sent.`, {
      next: 'Leave it out; name a tenant with --tenant.',
    })
  return url
}

const authorization = ({ token, user, password }: PrometheusAccess): Record<string, string> => {
  if (token !== null) return { authorization: `Bearer ${token}` }
  if (user === null) return {}
  return { authorization: `Basic ${basicPair(user, password)}` }
}

const basicPair = (user: string, password: string | null): string => Buffer.from(`${user}:${password ?? ''}`).toString('base64')

const readText = async ({ body }: PlainResponse, host: string): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    const buffer = Buffer.from(chunk as Uint8Array)
    bytes += buffer.length
    if (bytes > maxAnswerBytes) {
      body.destroy()
      throw new TooMuchForOneQuery('source-refused', `An answer of ${host} is larger than 512 MB.`, { next: 'Narrow the query.' })
    }
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const certificateCodes = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/

const connectionFailure = (thrown: unknown, host: string): Error => {
  if (thrown instanceof Error && thrown.name === 'AbortError') return new HeadroomError('cancelled', 'Cancelled.')
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : thrown instanceof Error ? thrown.name : ''
  if (certificateCodes.test(code))
    return new HeadroomError('source-unreachable', `The certificate of ${host} is not trusted (${code}).`, {
      next: 'Name the certificates of its issuer with --ca-bundle.',
      cause: thrown,
    })
  const failure = new HeadroomError('source-unreachable', `${host} cannot be reached (${code}).`, {
    next: 'Check the address, the network and the proxy.',
    cause: thrown,
  })
  // A name that does not exist and a port without a server stay so.
  return /^(ENOTFOUND|ECONNREFUSED)$/.test(code) ? failure : new Busy(failure)
}
