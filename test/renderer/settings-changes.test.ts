// Settings that change several times in a row: the window shows the last change, however late an earlier one is saved.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { listenToMain } from '../../src-renderer/state/listen-to-main.ts'
import { changeSettings, useWindowState } from '../../src-renderer/state/window-state.ts'
import { defaultSettings, mergeSettings, type SettingsChange } from '../../src-shared/config/settings.ts'
import type { PreloadBridge } from '../../src-shared/ipc/preload-bridge.ts'

// Formatting asks for the language when it is loaded.
vi.hoisted(() => vi.stubGlobal('navigator', { language: 'en-GB' }))

/** A main process that tells of each change at once and answers when told that it is saved. */
const fakeMain = () => {
  let settings = defaultSettings
  let listener: (push: unknown) => void = () => undefined
  const saved: (() => void)[] = []
  const ready: Readonly<Record<string, unknown>> = { 'settings.get': settings, 'recent.list': [], 'start.get': { kind: 'start' } }
  const request = async (channel: string, payload: unknown): Promise<unknown> => {
    if (channel !== 'settings.set') return { ok: true, value: ready[channel] }
    settings = mergeSettings(settings, payload as SettingsChange)
    listener({ type: 'settings.changed', settings })
    await new Promise<void>((resolve) => saved.push(resolve))
    return { ok: true, value: {} }
  }
  const onPush = (added: (push: unknown) => void) => {
    listener = added
    return () => undefined
  }
  return { bridge: { request, onPush } as unknown as PreloadBridge, saveNext: () => saved.shift()?.() }
}

const main = fakeMain()
beforeAll(async () => {
  vi.stubGlobal('window', { headroom: main.bridge })
  await listenToMain(() => undefined)
})
afterAll(() => {
  vi.unstubAllGlobals()
})

it('shows a change at once, and an earlier change that is saved later does not bring its theme back', async () => {
  const first = changeSettings({ theme: 'light', layout: { isSidebarCollapsed: true } })
  const second = changeSettings({ theme: 'high-contrast' })
  const shown = () => useWindowState.getState().settings
  expect(shown().theme).toBe('high-contrast')
  main.saveNext()
  await first
  expect(shown()).toMatchObject({ theme: 'high-contrast', layout: { isSidebarCollapsed: true } })
  main.saveNext()
  await second
  expect(shown().theme).toBe('high-contrast')
})
