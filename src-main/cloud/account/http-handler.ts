// Sends requests through the proxy of the environment, and trusts additional certificates.
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

/** A connection without traffic for this long counts as lost. */
const socketTimeoutMs = 60_000
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

export interface HandlerSettings {
  /** Path of PEM certificates. */
  readonly caBundle: string | undefined
  readonly deadlines?: Deadlines | undefined
  /** Told of a host that does not answer. */
  readonly onSilence?: ((host: string) => void) | undefined
}

/** A request handler for clients and credential providers. */
export class CloudHttpHandler extends NodeHttpHandler {
  readonly #ca: string[] | undefined
  readonly #deadlines: Deadlines
  readonly #onSilence: HandlerSettings['onSilence']
  readonly #proxied = new Map<string, NodeHttpHandler>()

  constructor({ caBundle, deadlines = defaultDeadlines, onSilence }: HandlerSettings) {
    const ca = caBundle === undefined ? undefined : [...rootCertificates, readCertificates(caBundle)]
    super({
      connectionTimeout: deadlines.connectionMs,
      socketTimeout: socketTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: maxSockets }),
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: maxSockets, ...(ca === undefined ? {} : { ca }) }),
    })
    this.#ca = ca
    this.#deadlines = deadlines
    this.#onSilence = onSilence
  }

  override async handle(request: HandlerRequest, options?: HandlerOptions): ReturnType<NodeHttpHandler['handle']> {
    const port = request.port === undefined ? '' : `:${request.port}`
    const proxy = getProxyForUrl(`${request.protocol}//${request.hostname}${port}`)
    if (!isAnsweredAtOnce(request)) return this.#send(proxy, request, options)
    const { answerMs, silenceMs } = this.#deadlines
    const silence = setTimeout(() => this.#onSilence?.(request.hostname), silenceMs)
    try {
      return await this.#send(proxy, request, { ...options, requestTimeout: answerMs })
    } finally {
      clearTimeout(silence)
    }
  }

  #send(proxy: string, request: HandlerRequest, options: HandlerOptions): ReturnType<NodeHttpHandler['handle']> {
    return proxy === '' ? super.handle(request, options) : this.#through(proxy).handle(request, options)
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
      socketTimeout: socketTimeoutMs,
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
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new HeadroomError('cloud-setup', `The certificates in ${path} cannot be read.`, { next: 'Correct AWS_CA_BUNDLE.', cause })
  }
}
