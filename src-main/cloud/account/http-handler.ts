// Sends requests through the proxy of the environment, and trusts additional certificates.
import { readFileSync, statSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import { rootCertificates } from 'node:tls'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

const defaultSocketMs = 60_000
const maxSockets = 64

export interface Deadlines {
  /** For a connection. */
  readonly connectionMs: number
  /** For the first bytes of an answer to a request that is sent at once. */
  readonly answerMs: number
  /** After so long without an answer, the silence is told. */
  readonly silenceMs: number
}

export const defaultDeadlines: Deadlines = { connectionMs: 5000, answerMs: 15_000, silenceMs: 5000 }

/** A longer body is still being sent when the deadline ends. */
const maxQuickBodyBytes = 64 * 1024

type HandlerRequest = Parameters<NodeHttpHandler['handle']>[0]
type HandlerOptions = Parameters<NodeHttpHandler['handle']>[1]

export interface PlainRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface PlainResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable
}

export interface HandlerSettings {
  /** Path of PEM certificates. */
  readonly caBundle: string | undefined
  readonly deadlines?: Deadlines | undefined
  /** After so long without traffic, a connection counts as lost. */
  readonly socketMs?: number | undefined
  /** Told of a host that does not answer. */
  readonly onSilence?: ((host: string) => void) | undefined
}

/** A request handler for clients and credential providers. */
export class CloudHttpHandler extends NodeHttpHandler {
  readonly #ca: string[] | undefined
  readonly #deadlines: Deadlines
  readonly #socketMs: number
  readonly #onSilence: HandlerSettings['onSilence']
  readonly #proxied = new Map<string, NodeHttpHandler>()

  constructor({ caBundle, deadlines = defaultDeadlines, socketMs = defaultSocketMs, onSilence }: HandlerSettings) {
    const ca = caBundle === undefined ? undefined : [...rootCertificates, readCertificates(caBundle)]
    super({
      connectionTimeout: deadlines.connectionMs,
      socketTimeout: socketMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: maxSockets }),
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: maxSockets, ...(ca === undefined ? {} : { ca }) }),
    })
    this.#ca = ca
    this.#deadlines = deadlines
    this.#socketMs = socketMs
    this.#onSilence = onSilence
  }

  override async handle(request: HandlerRequest, options?: HandlerOptions): ReturnType<NodeHttpHandler['handle']> {
    if (!isAnsweredAtOnce(request)) return this.#send(request, options)
    const { answerMs, silenceMs } = this.#deadlines
    const silence = setTimeout(() => this.#onSilence?.(request.hostname), silenceMs)
    try {
      return await this.#send(request, { ...options, requestTimeout: answerMs })
    } finally {
      clearTimeout(silence)
    }
  }

  #send(request: HandlerRequest, options: HandlerOptions): ReturnType<NodeHttpHandler['handle']> {
    const port = request.port === undefined ? '' : `:${request.port}`
    const proxy = getProxyForUrl(`${request.protocol}//${request.hostname}${port}`)
    return proxy === '' ? super.handle(request, options) : this.#through(proxy).handle(request, options)
  }

  /** Sends a request that is none of AWS's and may take long; the caller reads its body. */
  async send({ method, url, headers, body }: PlainRequest, options?: HandlerOptions): Promise<PlainResponse> {
    const request: Omit<HandlerRequest, 'clone'> = {
      method,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      // A key may stand twice, as in signed addresses.
      query: Object.fromEntries([...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)])),
      headers: { ...headers },
      body,
    }
    const { response } = await this.#send({ ...request, clone: () => ({ ...request }) as HandlerRequest }, options)
    return { status: response.statusCode, headers: response.headers, body: response.body as Readable }
  }

  override destroy(): void {
    super.destroy()
    for (const handler of this.#proxied.values()) handler.destroy()
  }

  #through(proxy: string): NodeHttpHandler {
    const existing = this.#proxied.get(proxy)
    if (existing !== undefined) return existing
    const agent = new TunnelAgent(proxy, this.#ca)
    const handler = new NodeHttpHandler({
      connectionTimeout: this.#deadlines.connectionMs,
      socketTimeout: this.#socketMs,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    })
    this.#proxied.set(proxy, handler)
    return handler
  }
}

/** A part of a file takes its time to be sent, and S3 its time to join the parts. */
const isAnsweredAtOnce = ({ body, query }: HandlerRequest): boolean => {
  if ('uploadId' in query) return false
  if (body === undefined || body === null) return true
  if (typeof body === 'string') return body.length <= maxQuickBodyBytes
  return body instanceof Uint8Array && body.length <= maxQuickBodyBytes
}

type ConnectArguments = Parameters<HttpsProxyAgent<string>['connect']>

/** Trusts the additional certificates on the way to the proxy and, unlike its base, inside the tunnel: an intercepting proxy signs those. */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #ca: string[] | undefined

  constructor(proxy: string, ca: string[] | undefined) {
    super(proxy, { keepAlive: true, ...(ca === undefined ? {} : { ca }) })
    this.#ca = ca
  }

  override connect(request: ConnectArguments[0], options: ConnectArguments[1]): ReturnType<HttpsProxyAgent<string>['connect']> {
    return super.connect(request, this.#ca !== undefined && options.secureEndpoint ? { ...options, ca: this.#ca } : options)
  }
}

const readCertificates = (path: string): string => {
  try {
    // Reading a pipe or a device would never end.
    if (!statSync(path).isFile()) throw new Error('not a regular file')
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new HeadroomError('cloud-setup', `The certificates in ${path} cannot be read.`, { next: 'Correct AWS_CA_BUNDLE.', cause })
  }
}
