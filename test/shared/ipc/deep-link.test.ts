// Links to a run: what is written is read again, and nothing but a view of a run folder can be asked for.
import { describe, expect, it } from 'vitest'
import { parseStartArguments } from '../../../src-main/shell/window/start-requests.ts'
import { formatDeepLink, parseDeepLink, type DeepLink } from '../../../src-shared/ipc/deep-link.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'

const link: DeepLink = {
  path: '/data/runs/fleet & more/100 %?',
  view: 'servers',
  metric: 'cpu_p95',
  server: 'web=1&x',
  filter: {
    ...noFilter,
    text: 'gold Ünit',
    business_unit: ['R&D', ''],
    risk: ['at-risk'],
    cluster: [0, 3],
    recommendation: ['add capacity'],
  },
}

describe('a link to a run', () => {
  it('restores view, metric, server and filter, whatever their names hold', () => {
    expect(parseDeepLink(formatDeepLink(link))).toEqual(link)
  })

  it('leaves out servers that were picked by hand', () => {
    const text = formatDeepLink({ ...link, filter: { ...noFilter, servers: ['a', 'b'] } })
    expect(parseDeepLink(text)?.filter).toEqual(noFilter)
  })

  it('reads the filter key of older links', () => {
    const filter = { ...noFilter, recommendation: ['retire', 'watch'] }
    expect(parseDeepLink('headroom://run/recommendations?path=/data/run&disposition=retire&disposition=watch')).toMatchObject({ filter })
  })

  it('opens the overview where it names no view', () => {
    expect(parseDeepLink('headroom://run/?path=%2Fdata%2Frun')).toEqual({
      ...link,
      path: '/data/run',
      view: 'overview',
      metric: null,
      server: null,
      filter: noFilter,
    })
  })

  it.each([
    'headroom://run/servers',
    'headroom://run/servers?path=',
    'headroom://analyse/?path=/data/run',
    'headroom://run/../../etc?path=/data/run',
    'headroom://run/Servers%20?path=/x',
    'headroom://run/servers?path=/x&risk=everything',
    'headroom://run/servers?path=/x&cluster=one',
    'headroom://run/servers?path=%E0%A4%A',
    'https://run/servers?path=/x',
    'javascript:alert(1)',
    '',
  ])('takes %j for no link', (text) => {
    expect(parseDeepLink(text)).toBeNull()
  })
})

describe('the command line of a start', () => {
  const startRequestFor = (...given: string[]) => parseStartArguments(['/opt/headroom', '/app', ...given], '/home/planner', '/app')

  it('names a path, the sample, a link or nothing', () => {
    expect(startRequestFor('--no-sandbox', 'fleet.parquet')).toEqual({ kind: 'path', path: '/home/planner/fleet.parquet' })
    expect(startRequestFor('--sample')).toEqual({ kind: 'sample' })
    expect(startRequestFor()).toEqual({ kind: 'start' })
    expect(startRequestFor('headroom://run/models?path=/data/run')).toMatchObject({
      kind: 'link',
      link: { path: '/data/run', view: 'models' },
    })
  })

  it('never takes a broken link for a path', () => {
    expect(startRequestFor('headroom://delete/everything')).toMatchObject({ kind: 'refused' })
  })
})

it.each(['/data/run..1/.hidden', '/data/...', 'C:\\runs\\a..b'])('a link to %s is one', (path) => {
  expect(parseDeepLink(`headroom://run/heatmap?path=${encodeURIComponent(path)}`)?.path).toBe(path)
})

it.each([
  '\\\\host\\share\\run',
  '//host/share/run',
  '\\\\.\\pipe\\x',
  '/dev/sda',
  '/proc/self/root/data',
  '/./proc/self/root/data',
  '/..//dev/sda',
  'run',
  '../run',
  'file:///data/run',
  'https://host/run',
  '/tmp/../dev/sda',
  '/data/runs/../../proc/self/root',
  '/data/./run',
  '/data/run/..',
  'C:\\runs\\..\\..\\Users\\other\\run',
  'C:/runs/..',
  '%2Fdev%2Fsda',
  '%252Fdata%252Frun',
  '/data/run\u0000',
  '/data/run\nhttps://example.com',
  '/data/\u202Enur',
  `/${'x'.repeat(32_767)}`,
])('a link to %s is refused', (path) => {
  expect(parseDeepLink(`headroom://run/heatmap?path=${encodeURIComponent(path)}`)).toBeNull()
})
