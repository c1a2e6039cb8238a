// Lends a DevTools pipe to Playwright, which attaches by address: a WebSocket on the loopback, whose messages go into the pipe and back.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'

export interface PipeBridge {
  readonly address: string
  readonly close: () => void
}

/** Messages in the pipe end with a NUL. `input` is the one that the browser reads. */
export const bridgePipe = async (input: Writable, output: Readable): Promise<PipeBridge> => {
  let client: Socket | undefined
  let pending = Buffer.alloc(0)
  output.on('data', (piece: Buffer) => {
    pending = Buffer.concat([pending, piece])
    for (let end = pending.indexOf(0); end >= 0; end = pending.indexOf(0)) {
      client?.write(textFrame(pending.subarray(0, end)))
      pending = pending.subarray(end + 1)
    }
  })
  const server = createServer()
  server.on('upgrade', (request, socket: Socket) => {
    client = socket
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
    )
    socket.on('error', () => undefined)
    let received = Buffer.alloc(0)
    socket.on('data', (piece: Buffer) => {
      received = Buffer.concat([received, piece])
      for (let frame = readFrame(received); frame !== null; frame = readFrame(received)) {
        if (frame.isText) input.write(Buffer.concat([frame.payload, Buffer.of(0)]))
        received = received.subarray(frame.bytes)
      }
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      client?.destroy()
      server.close()
    },
  }
}

const textFrame = (payload: Buffer): Buffer => {
  const header = Buffer.alloc(10)
  header[0] = 0x81
  header[1] = 127
  header.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([header, payload])
}

/** The first frame, which a client masks; null until all of it is there. */
const readFrame = (bytes: Buffer): { readonly isText: boolean; readonly payload: Buffer; readonly bytes: number } | null => {
  if (bytes.length < 2) return null
  const short = bytes[1]! & 0x7f
  const maskAt = short === 127 ? 10 : short === 126 ? 4 : 2
  if (bytes.length < maskAt + 4) return null
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  const end = maskAt + 4 + length
  if (bytes.length < end) return null
  const payload = Buffer.from(bytes.subarray(maskAt + 4, end))
  for (let at = 0; at < length; at++) payload[at]! ^= bytes[maskAt + (at % 4)]!
  return { isText: (bytes[0]! & 0x0f) === 1, payload, bytes: end }
}
