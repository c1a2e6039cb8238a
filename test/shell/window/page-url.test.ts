// The window's page: its address, what it may load, and that only its top frame may send requests.
import { describe, expect, test } from 'vitest'
import { isAppPage, isAllowedUrl, pageUrl } from '../../../src-main/shell/window/page-url.ts'

const page = 'app://headroom/'
const server = 'http://localhost:5173'

describe('the page', () => {
  test('comes from the app, or from a development server if the app is not packaged', () => {
    expect(pageUrl({}, true)).toBe(page)
    expect(pageUrl({ ELECTRON_RENDERER_URL: 'https://example.com' }, true)).toBe(page)
    expect(pageUrl({ ELECTRON_RENDERER_URL: server }, false)).toBe(server)
  })
})

describe('senders of requests', () => {
  test.each([
    ['the top frame of our page', { url: 'app://headroom/index.html', parent: null }, true],
    ['a frame inside of it', { url: page, parent: {} }, false],
    ['another site', { url: 'https://example.com/', parent: null }, false],
    ['a host that begins alike', { url: 'app://headroom.example.com/', parent: null }, false],
    ['a page without address', { url: '', parent: null }, false],
    ['about:blank', { url: 'about:blank', parent: null }, false],
    ['a data address', { url: 'data:text/html,app://headroom/', parent: null }, false],
    ['a frame that is gone', null, false],
  ])('%s', (_, frame, isOwn) => expect(isAppPage(frame, page)).toBe(isOwn))

  test('a server with the same name prefix is another site', () => {
    expect(isAppPage({ url: 'http://localhost:5173/', parent: null }, server)).toBe(true)
    expect(isAppPage({ url: 'http://localhost:51730/', parent: null }, server)).toBe(false)
    expect(isAppPage({ url: 'http://localhost:5173.example.com/', parent: null }, server)).toBe(false)
  })
})

describe('addresses a page may load', () => {
  test.each([
    ['app://headroom/assets/index.js', true, true],
    ['data:image/png;base64,AAAA', true, true],
    ['blob:app://headroom/1', true, true],
    ['https://example.com/script.js', false, false],
    ['http://127.0.0.1:9/', false, false],
    ['ws://example.com/', false, false],
    ['file:///etc/passwd', false, false],
    ['app://other/', false, false],
    ['devtools://devtools/bundled/inspector.html', false, true],
    ['no address', false, false],
  ])('%s: packaged %s, in development %s', (address, packaged, developed) => {
    expect([isAllowedUrl(address, page, true), isAllowedUrl(address, page, false)]).toEqual([packaged, developed])
  })

  test('the development server can report changes to the page', () => {
    expect(isAllowedUrl('ws://localhost:5173/', server, false)).toBe(true)
    expect(isAllowedUrl('ws://localhost:5173/', server, true)).toBe(false)
  })
})
