// The loopback address that the browser comes back to after a sign-in: one answer, with our own state in it, then it is closed.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

export const callbackPath = '/oauth/callback'

export interface SignInCallback {
  readonly redirectUri: string
  /** The authorization code; rejects when the user refuses or does not come back in time. */
  readonly code: Promise<string>
  readonly close: () => void
}

const renderPage = (text: string): string => `<!doctype html><meta charset="utf-8"><title>Headroom</title><p>${text}</p>`

export const listenForCallback = async (state: string, timeoutMs: number, signal?: AbortSignal): Promise<SignInCallback> => {
  let deferred: { resolve: (code: string) => void; reject: (error: Error) => void } | undefined
  const code = new Promise<string>((resolve, reject) => (deferred = { resolve, reject }))
  // Where it is never awaited, its failure concerns nobody.
  code.catch(() => undefined)
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const isExpected = pathname === callbackPath && searchParams.get('state') === state
    response.writeHead(isExpected ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', connection: 'close' })
    const authorizationCode = searchParams.get('code')
    response.end(
      renderPage(
        isExpected
          ? authorizationCode === null
            ? 'The sign-in was refused.'
            : 'You are signed in. This page may be closed.'
          : 'There is nothing here.',
      ),
    )
    if (!isExpected) return
    if (authorizationCode === null)
      deferred?.reject(new HeadroomError('cloud-sign-in', 'The sign-in was refused in the browser.', { next: 'Sign in again.' }))
    else deferred?.resolve(authorizationCode)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const timer = setTimeout(
    () => deferred?.reject(new HeadroomError('cloud-sign-in', 'Nobody signed in within ten minutes.', { next: 'Sign in again.' })),
    timeoutMs,
  )
  const onAbort = (): void => deferred?.reject(new HeadroomError('cancelled', 'The sign-in was ended.'))
  signal?.addEventListener('abort', onAbort)
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${callbackPath}`,
    code,
    close: () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      server.close()
    },
  }
}
