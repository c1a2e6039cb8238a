// A loopback server with Prometheus' range queries: it checks what Prometheus checks, and answers from series that a test states.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface DoubleSeries {
  readonly labels: Readonly<Record<string, string>>
  /** The text of the value at a time in seconds; undefined where there is none. */
  readonly valueAt: (seconds: number) => string | undefined
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** Prometheus' own limit, and its words. */
const maxSteps = 11_000

const failure = (status: number, errorType: string, error: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ status: 'error', errorType, error }),
})

const parseTime = (text: string | null): number | undefined => {
  const seconds = Number(text ?? '')
  if (text !== null && text !== '' && Number.isFinite(seconds)) return seconds
  const date = Date.parse(text ?? '')
  return Number.isNaN(date) ? undefined : date / 1000
}

export interface RecordedQuery {
  readonly query: string
  readonly start: number
  readonly end: number
  readonly status: number
}

export class PrometheusDouble {
  /** Series by the text of their query; any other text is no PromQL. */
  readonly series = new Map<string, readonly DoubleSeries[]>()
  readonly requests: RecordedQuery[] = []
  /** Answers given instead, the first one first. */
  readonly instead: Answer[] = []
  /** The Authorization header that is needed. */
  authorization: string | undefined
  /** Samples that one query may load; Prometheus has 50,000,000. */
  maxSamples = Number.POSITIVE_INFINITY
  warnings: readonly string[] = []
  /** Seconds by which times of answers miss what was asked, as of a cache that is broken. */
  timeShift = 0
  /** How long an answer takes. */
  delayMs = 0
  /** Requests without an answer yet. */
  waiting = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(): Promise<PrometheusDouble> {
    const double = new PrometheusDouble()
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve))
    return double
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', this.url)
    const form = new URLSearchParams(request.method === 'POST' ? Buffer.concat(chunks).toString() : url.search)
    this.waiting += 1
    if (this.delayMs > 0) await pause(this.delayMs, undefined, { ref: false })
    this.waiting -= 1
    const { status, headers, body } = this.#answer(url.pathname, request.headers.authorization, form)
    this.requests.push({ query: form.get('query') ?? '', start: Number(form.get('start')), end: Number(form.get('end')), status })
    response.writeHead(status, { ...headers }).end(body)
  }

  #answer(path: string, authorization: string | undefined, form: URLSearchParams): Answer {
    const instead = this.instead.shift()
    if (instead !== undefined) return instead
    if (this.authorization !== undefined && authorization !== this.authorization) return { status: 401, body: 'Unauthorized' }
    if (path !== '/api/v1/query_range') return { status: 404, body: '404 page not found' }
    const [start, end, step] = ['start', 'end', 'step'].map((name) => parseTime(form.get(name)))
    if (start === undefined)
      return failure(400, 'bad_data', `invalid parameter "start": cannot parse "${form.get('start') ?? ''}" to a valid timestamp`)
    if (end === undefined)
      return failure(400, 'bad_data', `invalid parameter "end": cannot parse "${form.get('end') ?? ''}" to a valid timestamp`)
    if (end < start) return failure(400, 'bad_data', 'invalid parameter "end": end timestamp must not be before start time')
    if (step === undefined)
      return failure(400, 'bad_data', `invalid parameter "step": cannot parse "${form.get('step') ?? ''}" to a valid duration`)
    if (step <= 0)
      return failure(
        400,
        'bad_data',
        'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
      )
    if ((end - start) / step > maxSteps)
      return failure(
        400,
        'bad_data',
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      )
    const query = form.get('query') ?? ''
    const series = this.series.get(query)
    if (series === undefined) return failure(400, 'bad_data', 'invalid parameter "query": 1:1: parse error: unexpected identifier')
    if (series.length * ((end - start) / step + 1) > this.maxSamples)
      return failure(422, 'execution', 'query processing would load too many samples into memory in query execution')
    const result = series.flatMap(({ labels, valueAt }) => {
      const values: [number, string][] = []
      for (let at = start; at <= end; at += step) {
        const value = valueAt(at)
        if (value !== undefined) values.push([at + this.timeShift, value])
      }
      return values.length === 0 ? [] : [{ metric: labels, values }]
    })
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        status: 'success',
        data: { resultType: 'matrix', result },
        ...(this.warnings.length === 0 ? {} : { warnings: this.warnings }),
      }),
    }
  }
}
