// The loopback address to which the browser returns after a sign-in: it accepts one response with the expected state, then closes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

export const callbackPath = '/oauth/callback'

export interface SignInCallback {
  readonly redirectUri: string
  /** The authorization code; rejects if the user refuses or does not return in time. */
  readonly code: Promise<string>
  readonly close: () => void
}

const renderPage = (text: string): string => `<!doctype html><meta charset="utf-8"><title>Headroom</title><p>${text}</p>`

/** Anybody on this machine may send anything. */
const parseTarget = (target = ''): URL => {
  try {
    return new URL(target, 'http://127.0.0.1')
  } catch {
    return new URL('http://127.0.0.1/')
  }
}

export const listenForCallback = async (state: string, timeoutMs: number, signal?: AbortSignal): Promise<SignInCallback> => {
  let deferred: { resolve: (code: string) => void; reject: (error: Error) => void } | undefined
  const code = new Promise<string>((resolve, reject) => (deferred = { resolve, reject }))
  // An unawaited rejection must not end the process.
  code.catch(() => undefined)
  const server = createServer((request, response) => {
    const { pathname, searchParams } = parseTarget(request.url)
    const isExpected = pathname === callbackPath && searchParams.get('state') === state
    response.writeHead(isExpected ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', connection: 'close' })
    // An empty one is none.
    const authorizationCode = searchParams.get('code') || null
    response.end(
      renderPage(
        isExpected
          ? authorizationCode === null
            ? 'The sign-in was refused.'
            : 'You are signed in. You can close this page.'
          : 'Page not found.',
      ),
    )
    if (!isExpected) return
    if (authorizationCode === null)
      deferred?.reject(new HeadroomError('cloud-sign-in', 'The sign-in was refused in the browser.', { next: 'Sign in again.' }))
    else deferred?.resolve(authorizationCode)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  server.on('error', () => undefined)
  const timer = setTimeout(
    () =>
      deferred?.reject(new HeadroomError('cloud-sign-in', 'The sign-in did not complete within ten minutes.', { next: 'Sign in again.' })),
    timeoutMs,
  )
  const onAbort = (): void => deferred?.reject(new HeadroomError('cancelled', 'The sign-in was cancelled.'))
  signal?.addEventListener('abort', onAbort)
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${callbackPath}`,
    code,
    close: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      server.close()
      server.closeAllConnections()
    },
  }
}
