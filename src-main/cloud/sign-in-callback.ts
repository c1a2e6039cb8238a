// The loopback address that the browser comes back to after a sign-in: one answer, with our own state in it, then it is closed.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeadroomError } from '../../src-shared/errors.ts'

export const callbackPath = '/oauth/callback'

export interface Callback {
  readonly redirectUri: string
  /** The authorization code; rejects when the user refuses or does not come back in time. */
  readonly code: Promise<string>
  readonly close: () => void
}

const page = (text: string): string => `<!doctype html><meta charset="utf-8"><title>Headroom</title><p>${text}</p>`

export const awaitCallback = async (state: string, patienceMs: number, signal?: AbortSignal): Promise<Callback> => {
  let settle: { resolve: (code: string) => void; reject: (error: Error) => void } | undefined
  const code = new Promise<string>((resolve, reject) => (settle = { resolve, reject }))
  // Where it is never awaited, its failure concerns nobody.
  code.catch(() => undefined)
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const isOurs = pathname === callbackPath && searchParams.get('state') === state
    response.writeHead(isOurs ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', connection: 'close' })
    const given = searchParams.get('code')
    response.end(
      page(
        isOurs ? (given === null ? 'The sign-in was refused.' : 'You are signed in. This page may be closed.') : 'There is nothing here.',
      ),
    )
    if (!isOurs) return
    if (given === null)
      settle?.reject(new HeadroomError('cloud-sign-in', 'The sign-in was refused in the browser.', { next: 'Sign in again.' }))
    else settle?.resolve(given)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const late = setTimeout(
    () => settle?.reject(new HeadroomError('cloud-sign-in', 'Nobody signed in within ten minutes.', { next: 'Sign in again.' })),
    patienceMs,
  )
  const onAbort = (): void => settle?.reject(new HeadroomError('cancelled', 'The sign-in was ended.'))
  signal?.addEventListener('abort', onAbort)
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${callbackPath}`,
    code,
    close: () => {
      clearTimeout(late)
      signal?.removeEventListener('abort', onAbort)
      server.close()
    },
  }
}
