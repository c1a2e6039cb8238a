// What travels on the wire: whole request bodies (AWS chunks decoded), XML and JSON answers, and errors in the shape of each protocol.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A refusal by the simulated service; `protocol` decides how it is written. */
export class ServiceError extends Error {
  readonly code: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(code: string, message: string, status = 400, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.status = status
    this.headers = headers
  }
}

export interface ServiceRequest {
  readonly method: string
  readonly url: URL
  /** The path as it was sent: a URL has no segments of dots. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface ServiceResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Buffer | string
}

export const readRequest = async (incoming: IncomingMessage): Promise<ServiceRequest> => {
  const pieces: Buffer[] = []
  for await (const piece of incoming) pieces.push(piece as Buffer)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  const raw = Buffer.concat(pieces)
  const isChunked = (headers['content-encoding'] ?? '').includes('aws-chunked')
  const { body, trailers } = isChunked ? decodeAwsChunks(raw) : { body: raw, trailers: {} }
  return {
    method: incoming.method ?? 'GET',
    url: new URL(incoming.url ?? '/', 'http://simulator'),
    path: (incoming.url ?? '/').split('?')[0]!,
    headers: { ...headers, ...trailers },
    body,
  }
}

/** `size[;extension]CRLF bytes CRLF ... 0 CRLF trailer: value CRLF CRLF`, as the SDK sends streams. */
const decodeAwsChunks = (raw: Buffer): { body: Buffer; trailers: Record<string, string> } => {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const end = raw.indexOf('\r\n', at)
    if (end < 0) throw new ServiceError('IncompleteBody', 'The request body ends within a chunk.')
    const size = Number.parseInt(raw.toString('latin1', at, end).split(';')[0]!, 16)
    at = end + 2
    if (size === 0) break
    pieces.push(raw.subarray(at, at + size))
    at += size + 2
  }
  const trailers: Record<string, string> = {}
  for (const line of raw.toString('latin1', at).split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { body: Buffer.concat(pieces), trailers }
}

export const escapeXml = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[character] ?? character,
  )

/** An element whose content is text or, as a list of strings, elements already written. */
export const element = (name: string, content: string | number | boolean | readonly string[]): string =>
  `<${name}>${typeof content === 'object' ? content.join('') : escapeXml(String(content))}</${name}>`

export const xmlResponse = (root: string, content: readonly string[], status = 200): ServiceResponse => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`,
})

export const jsonResponse = (value: unknown, status = 200): ServiceResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(value),
})

/** Members of a JSON request. */
export type Fields = Readonly<Record<string, unknown>>

/** A text member, or its default. */
export const textOf = (fields: Fields, name: string, fallback = ''): string => {
  const value = fields[name]
  return typeof value === 'string' ? value : fallback
}

/** The texts of an element's occurrences in a small XML document. */
export const xmlTexts = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) =>
    text!.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  )

export type Protocol = 'rest-xml' | 'query' | 'json' | 'rest-json'

export const errorResponse = (error: ServiceError, protocol: Protocol, requestId: string): ServiceResponse => {
  const { code, message, status, headers } = error
  switch (protocol) {
    case 'rest-xml': {
      const serviceResponse = xmlResponse(
        'Error',
        [element('Code', code), element('Message', message), element('RequestId', requestId)],
        status,
      )
      return { ...serviceResponse, headers: { ...serviceResponse.headers, ...headers } }
    }
    case 'query': {
      const detail = ['<Error>', element('Type', 'Sender'), element('Code', code), element('Message', message), '</Error>']
      return xmlResponse('ErrorResponse', [...detail, element('RequestId', requestId)], status)
    }
    case 'json':
      return jsonResponse({ __type: code, message }, status)
    case 'rest-json': {
      // OAuth codes are lower case and go into `error`.
      const oauth = code
        .replace(/Exception$/, '')
        .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
        .toLowerCase()
      return { status, headers: { 'x-amzn-errortype': code }, body: JSON.stringify({ error: oauth, error_description: message, message }) }
    }
  }
}

export const send = (response: ServerResponse, serviceResponse: ServiceResponse, requestId: string, isHead: boolean): void => {
  const body = serviceResponse.body === undefined ? Buffer.alloc(0) : Buffer.from(serviceResponse.body)
  response.writeHead(serviceResponse.status, {
    'x-amzn-requestid': requestId,
    'x-amz-request-id': requestId,
    ...(isHead ? {} : { 'content-length': body.length }),
    ...serviceResponse.headers,
  })
  response.end(isHead ? undefined : body)
}
