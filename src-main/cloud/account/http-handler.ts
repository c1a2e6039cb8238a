// Sends requests through the proxy of the environment, and trusts additional certificates.
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

const connectionTimeoutMs = 10_000
/** A connection without traffic for this long counts as lost. */
const socketTimeoutMs = 60_000
const maxSockets = 64

type HandlerRequest = Parameters<NodeHttpHandler['handle']>[0]
type HandlerOptions = Parameters<NodeHttpHandler['handle']>[1]

/** A request handler for clients and credential providers. `caBundle`: path of PEM certificates. */
export class CloudHttpHandler extends NodeHttpHandler {
  readonly #ca: string[] | undefined
  readonly #proxied = new Map<string, NodeHttpHandler>()

  constructor(caBundle: string | undefined) {
    const ca = caBundle === undefined ? undefined : [...rootCertificates, readCertificates(caBundle)]
    super({
      connectionTimeout: connectionTimeoutMs,
      socketTimeout: socketTimeoutMs,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: maxSockets }),
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: maxSockets, ...(ca === undefined ? {} : { ca }) }),
    })
    this.#ca = ca
  }

  override handle(request: HandlerRequest, options?: HandlerOptions): ReturnType<NodeHttpHandler['handle']> {
    const port = request.port === undefined ? '' : `:${request.port}`
    const proxy = getProxyForUrl(`${request.protocol}//${request.hostname}${port}`)
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
      connectionTimeout: connectionTimeoutMs,
      socketTimeout: socketTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    })
    this.#proxied.set(proxy, handler)
    return handler
  }
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
