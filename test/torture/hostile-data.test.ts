// Inputs made to hurt: bombs, absurd names, pipes, devices, mazes of links, disks that are full or read-only, clocks that jump, files that change.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBadInputWorkspace, withReplacedColumn, smallForecasts, type BadInputWorkspace } from '../fixtures/bad-input-workspace.ts'
import { EngineChild, peakBytesOf } from '../fixtures/engine-child.ts'
import { headroom, headroomDone, startHeadroom } from '../fixtures/run-headroom.ts'
import { rounds, tally } from '../fixtures/torture.ts'

let workspace: BadInputWorkspace
beforeAll(async () => {
  workspace = await openBadInputWorkspace()
  await workspace.write('good.parquet', smallForecasts)
})
afterAll(async () => workspace.close())

/** Control characters but tab and line break, and marks of direction. */
const steering = /[^\P{Cc}\t\n]|[\u202E\u2066\u200F]/u

const at = (name: string): string => join(workspace.folder, name)

describe('bombs', () => {
  test('millions of rows in a few kilobytes are refused within the memory they were given', { timeout: 300_000 }, async () => {
    const rows = rounds(2_000_000, 30_000_000)
    const path = await workspace.write(
      'bomb.parquet',
      `SELECT 'srv-1' AS server_id, TIMESTAMP '2026-01-01' AS timestamp, 50.0 AS predicted, true AS is_future FROM range(${rows})`,
      // One group of rows, as large as they come.
      `ROW_GROUP_SIZE ${rows}`,
    )
    expect((await readFile(path)).length).toBeLessThan(rows / 20)
    const running = startHeadroom(['analyze', 'bomb.parquet', '--out', 'bomb-run', '--memory-limit', '512MB'], { cwd: workspace.folder })
    let maxMemory = 0
    const watchMemory = setInterval(() => (maxMemory = Math.max(maxMemory, peakBytesOf(running.process.pid))), 10)
    const { code, stderr } = await running.result
    clearInterval(watchMemory)
    expect([code, stderr.split('\n')[0]]).toEqual([3, expect.stringMatching(/^Error: bomb\.parquet has more than one row for 1 /)])
    expect(existsSync(at('bomb-run'))).toBe(false)
    // Node and DuckDB themselves take some 200 MB in addition to what the limit counts.
    expect(maxMemory).toBeLessThan(1e9)
  })

  test('names as long as books', async () => {
    await workspace.write('long.parquet', withReplacedColumn('server_id', `repeat(server_id, ${rounds(20_000, 200_000)})`))
    await headroomDone(['analyze', 'long.parquet', '--out', 'long-run', '--quiet'], { cwd: workspace.folder })
    expect(await headroomDone(['verify', 'long-run'], { cwd: workspace.folder })).toContain('All 11 files agree')
  })

  test('a column nested a hundred deep is carried along or refused in one sentence', async () => {
    await workspace.write('deep.parquet', `SELECT *, ${'['.repeat(100)}1${']'.repeat(100)} AS nested FROM (${smallForecasts})`)
    const { code, stderr } = await headroom(['analyze', 'deep.parquet', '--out', 'deep-run', '--quiet'], { cwd: workspace.folder })
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([0, 1])
  })

  test('two thousand columns', async () => {
    const columns = Array.from({ length: 2000 }, (_, index) => `${index} AS c${index}`).join(', ')
    await workspace.write('wide.parquet', `SELECT *, ${columns} FROM (${smallForecasts})`)
    await headroomDone(['analyze', 'wide.parquet', '--out', 'wide-run', '--quiet'], { cwd: workspace.folder })
    expect(await headroomDone(['verify', 'wide-run'], { cwd: workspace.folder })).toContain('All 11 files agree')
  })

  const namesIn = (role: 'model' | 'metric', names: number): string =>
    `SELECT 'srv-1' AS server_id, 'name-' || n AS ${role}, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS timestamp,
            CASE WHEN d < 3 THEN 50.0 END AS actual, 50.0 + n % 7 AS predicted FROM range(${names}) a(n), range(4) b(d)`

  test.each(['model', 'metric'] as const)('as many names as one may have in column %s, and more', { timeout: 300_000 }, async (role) => {
    await workspace.write('most.parquet', namesIn(role, 1000))
    await headroomDone(['analyze', 'most.parquet', '--out', `${role}-run`, '--quiet'], { cwd: workspace.folder })
    expect(await headroomDone(['verify', `${role}-run`], { cwd: workspace.folder })).toContain('All 11 files agree')
    const more = rounds(1001, 2_000_000)
    await workspace.write('more.parquet', namesIn(role, more))
    const { code, stderr } = await headroom(['analyze', 'more.parquet', '--out', 'more-run', '--quiet', '--memory-limit', '1GB'], {
      cwd: workspace.folder,
    })
    expect(stderr).toBe(
      `Error: Column ${role} of more.parquet names ${more.toLocaleString('en-US')} ${role}s, more than 1,000.\nCheck that the column holds the ${role}; put run ids and versions in another column.\n`,
    )
    expect(code).toBe(3)
    expect(existsSync(at('more-run'))).toBe(false)
    tally('names of models or metrics in one set', more)
  })

  test.each([
    [
      'aliases that unfold',
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...'bcdefghij'.split('').map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`),
      ].join('\n'),
    ],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['a hundred thousand groups', Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['a list', '- 1\n- 2\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['a value of another kind', 'high_threshold: !!js/function "function () { return 1 }"\n'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x80])],
    ['more than a configuration ever has', Buffer.alloc(17_000_000, 'a: 1\n')],
  ])('a configuration with %s', async (_, contents) => {
    await writeFile(at('bomb.yaml'), contents)
    const sentence = await workspace.refusal('good.parquet', '--config', 'bomb.yaml')
    expect(sentence.split('\n')[0]!.length).toBeLessThan(400)
  })

  test.each([
    ['one line without end', `server_id,monthly_cost_usd\n${'x'.repeat(5_000_000)}`],
    ['a quotation without end', `server_id,region\n"srv-1,${'x\n'.repeat(1_000_000)}`],
    ['ten thousand columns', `${Array.from({ length: 10_000 }, (_, index) => `c${index}`).join(',')}\n`],
    ['NUL bytes', Buffer.alloc(100_000)],
    ['every server twice', 'server_id\nsrv-1\nsrv-1\n'],
  ])('a servers table with %s', async (_, contents) => {
    await writeFile(at('bomb.csv'), contents)
    const { code, stderr } = await headroom(['analyze', 'good.parquet', '--servers', 'bomb.csv', '--out', 'csv-run', '--quiet'], {
      cwd: workspace.folder,
    })
    expect(stderr.length).toBeLessThan(5000)
    expect([0, 3]).toContain(code)
    expect(existsSync(at('csv-run'))).toBe(code === 0)
    await rm(at('csv-run'), { recursive: true, force: true })
  })
})

describe('names that mislead', () => {
  const names = [
    '\u202Egnp.exe',
    '\u001B[2J\u001B[31mroot',
    'a\u0000b',
    'x\ny',
    "'; DROP TABLE series; --",
    '=cmd|calc',
    '<script>alert(1)</script>',
    '\u2066\u200F',
  ]
  const sql = `SELECT * REPLACE (server_id || [${names.map((name) => `'${name.replaceAll("'", "''").replace('\0', '')}' || ${name.includes('\0') ? 'chr(0)' : "''"}`).join(', ')}][1 + CAST(hash(server_id) % ${names.length} AS INTEGER)] AS server_id) FROM (${smallForecasts.replace('range(1, 4)', 'range(1, 40)')})`

  test('are analysed, kept as they are, and never steer a terminal', async () => {
    await workspace.write('names.parquet', sql)
    const { code, stderr } = await headroom(['analyze', 'names.parquet', '--out', 'names-run'], { cwd: workspace.folder })
    expect(code).toBe(0)
    expect(stderr).not.toMatch(steering)
    const rows = await headroomDone(['query', 'names-run', 'SELECT count(DISTINCT server_id) AS n FROM server_risk', '--json'], {
      cwd: workspace.folder,
    })
    expect(rows).toContain('39')
  })

  test('errors show a column and a path with such names plainly', async () => {
    await workspace.write('col.parquet', `SELECT server_id, predicted, timestamp AS "mo\u001B[2Jment\u202E" FROM (${smallForecasts})`)
    expect(await workspace.refusal('col.parquet')).not.toMatch(steering)
    expect(await workspace.refusal('no\u001B[2Jwhere\u202E.parquet')).not.toMatch(steering)
  })
})

describe.skipIf(process.platform === 'win32')('places', () => {
  test('a pipe and a device are not waited for', async () => {
    await mkdir(at('pipes'))
    execFileSync('mkfifo', [at('pipes/a.parquet'), at('pipe.yaml')])
    await symlink('/dev/zero', at('zero-device.parquet'))
    expect(await workspace.refusal('pipes')).toMatch(
      /^(a\.parquet is not a regular file|The folder pipes holds no Parquet, CSV or JSON file)\.\n/,
    )
    for (const name of ['pipes/a.parquet', 'zero-device.parquet'])
      expect(await workspace.refusal(name)).toBe(`${name} is not a regular file.\nName files of Parquet, CSV or JSON only.`)
    expect(await workspace.refusal('good.parquet', '--config', 'pipe.yaml')).toBe(
      'The configuration pipe.yaml is not a regular file.\nCheck the path.',
    )
  })

  test('links that lead in a circle end', async () => {
    await mkdir(at('maze/a'), { recursive: true })
    await symlink('..', at('maze/a/up'))
    await symlink('loop.parquet', at('maze/loop.parquet'))
    expect(await workspace.refusal('maze')).toMatch(/\.\n/)
    expect(await workspace.refusal('maze/loop.parquet')).toMatch(/\.\n/)
  })

  test('an output behind a link that leads elsewhere is not written through', async () => {
    await mkdir(at('elsewhere'))
    await writeFile(at('elsewhere/mine.txt'), 'mine')
    await symlink('elsewhere', at('linked.partial'))
    await headroom(['analyze', 'good.parquet', '--out', 'linked', '--quiet'], { cwd: workspace.folder })
    expect(await readdir(at('elsewhere'))).toEqual(['mine.txt'])
  })

  test('a path of five thousand letters, and one with a wild name', async () => {
    expect(await workspace.refusal(`${'x'.repeat(5000)}.parquet`)).toMatch(/\.\n/)
    await copyFile(at('good.parquet'), at("it's [a] *?; $(touch pwned).parquet"))
    await headroomDone(['analyze', "it's [a] *?; $(touch pwned).parquet", '--out', 'wild', '--quiet'], { cwd: workspace.folder })
    expect(existsSync(at('pwned'))).toBe(false)
  })

  test('a manifest that points out of its folder is no manifest', async () => {
    await headroomDone(['analyze', 'good.parquet', '--out', 'pointing', '--quiet'], { cwd: workspace.folder })
    const manifest = JSON.parse(await readFile(at('pointing/manifest.json'), 'utf8')) as { files: { name: string }[] }
    for (const name of ['../good.parquet', '/etc/passwd', 'a/../../b', 'C:\\windows', '..']) {
      manifest.files[0]!.name = name
      await writeFile(at('pointing/manifest.json'), JSON.stringify(manifest))
      const { code, stderr } = await headroom(['verify', 'pointing'], { cwd: workspace.folder })
      expect([code, stderr.split('\n')[0]]).toEqual([1, expect.stringMatching(/is not a manifest that this Headroom understands\.$/)])
    }
  })
})

/** Runs a script in a separate mount namespace; undefined where the machine gives none. */
const inNamespace = (script: string): string | undefined => {
  const flags = ['-Urm', '-rm', '-m'].find((flag) => {
    try {
      execFileSync('unshare', [flag, 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
  return flags === undefined ? undefined : execFileSync('unshare', [flags, 'sh', '-c', script], { encoding: 'utf8' })
}
const cli = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
const canMount = inNamespace('true') !== undefined

describe.skipIf(!canMount)('disks', () => {
  test('that fill up at any point leave nothing behind and one sentence', { timeout: 300_000 }, async () => {
    const sizes = Array.from({ length: rounds(4, 24) }, (_, index) => 8 + index * Math.round(8000 / rounds(4, 24)))
    await workspace.write('disk.parquet', smallForecasts.replace('range(1, 4)', 'range(1, 400)'))
    for (const kilobytes of sizes) {
      const said = inNamespace(
        `mount -t tmpfs -o size=${kilobytes}k none /mnt && mkdir /mnt/kept && '${process.execPath}' '${cli}' analyze '${at('disk.parquet')}' --out /mnt/run --quiet 2>&1; echo "code $?"; ls -A /mnt`,
      )!
      expect({ kilobytes, said }).toEqual({
        kilobytes,
        said: expect.stringMatching(
          /^(Error: The disk( is full| of \/mnt\/run has [\d.]+ MB free, but this run needs about [\d.]+ MB)\.\nFree some space[^\n]+\ncode [13]\nkept\n|[^]*\nRun folder: \/mnt\/run\ncode 0\nkept\nrun\n)$/,
        ),
      })
    }
    tally('full disks', sizes.length)
  })

  test('that may only be read', () => {
    const said = inNamespace(
      `mount -t tmpfs none /mnt && mount -o remount,ro /mnt && '${process.execPath}' '${cli}' analyze '${at('good.parquet')}' --out /mnt/run --quiet 2>&1; echo "code $?"`,
    )
    expect(said).toBe('Error: The output folder /mnt/run cannot be made.\nChoose a folder that you may write to.\ncode 2\n')
  })
})

test('a clock that jumps back and forth by years changes no figure', async () => {
  await writeFile(
    at('clock.cjs'),
    'const real = Date.now; let n = 0\nDate.now = () => real() + (n++ % 2 ? 1 : -1) * 1e11\nconst D = Date\nglobalThis.Date = class extends D { constructor(...a) { a.length ? super(...a) : super(Date.now()) } static now() { return real() + (n++ % 2 ? 1 : -1) * 1e11 } }\n',
  )
  await headroomDone(['analyze', 'good.parquet', '--out', 'steady', '--quiet'], { cwd: workspace.folder })
  const jumping = startHeadroom(['analyze', 'good.parquet', '--out', 'jumping', '--quiet'], {
    cwd: workspace.folder,
    env: { NODE_OPTIONS: `--require ${at('clock.cjs')}` },
  })
  expect(await jumping.result).toMatchObject({ code: 0 })
  expect(await headroomDone(['verify', 'jumping'], { cwd: workspace.folder })).toContain('All 11 files agree')
  for (const name of ['server_risk.parquet', 'risk_flagged_forecasts.parquet']) {
    expect((await readFile(at(`jumping/${name}`))).equals(await readFile(at(`steady/${name}`)))).toBe(true)
  }
})

describe('a file that is replaced, cut or written to while it is read', () => {
  const changes: Readonly<Record<string, (path: string, other: string) => Promise<void>>> = {
    replaced: (path, other) => copyFile(other, `${path}.new`).then(() => rename(`${path}.new`, path)),
    'written over': (path, other) => copyFile(other, path),
    cut: (path) => truncate(path, 5000),
    'appended to': (path) => appendFile(path, 'more'),
    removed: (path) => rm(path),
  }
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headroom-changing-'))
    await headroomDone(['sample', '--end', '2026-11-22', '--servers', '300', '--out', join(folder, 'one.parquet'), '--quiet'])
    await headroomDone([
      'sample',
      '--end',
      '2026-11-22',
      '--servers',
      '300',
      '--seed',
      '7',
      '--out',
      join(folder, 'other.parquet'),
      '--quiet',
    ])
  })
  afterAll(() => rm(folder, { recursive: true }))

  test.each(Object.keys(changes))('%s', { timeout: 300_000 }, async (change) => {
    const times = rounds(1, 12)
    for (let time = 0; time < times; time++) {
      const path = join(folder, 'set.parquet')
      await copyFile(join(folder, 'one.parquet'), path)
      const running = startHeadroom(['analyze', path, '--out', join(folder, 'run'), '--quiet', '--set', 'breach_probability=false'])
      await pause(250 + (time * 1600) / times)
      await changes[change]!(path, join(folder, 'other.parquet'))
      const { code, stderr } = await running.result
      const outcome =
        code === 0
          ? 'finished'
          : stderr.trimEnd().split('\n').length === 2 && /^Error: .*set\.parquet .*\.$/m.test(stderr)
            ? 'refused'
            : stderr
      expect(['finished', 'refused']).toContain(outcome)
      expect(existsSync(join(folder, 'run'))).toBe(code === 0)
      await rm(join(folder, 'run'), { recursive: true, force: true })
    }
    tally('files changed while read', times)
  })
})

test.skipIf(process.platform === 'win32')('an engine process that is killed at its work is started again and goes on', async () => {
  const engine = new EngineChild()
  const times = rounds(3, 20)
  await workspace.write('killed.parquet', smallForecasts.replace('range(1, 4)', 'range(1, 2000)'))
  try {
    for (let time = 0; time < times; time++) {
      const analysis = engine.analyse(at('killed.parquet'), at('killed-run'))
      await pause(100 + (time * 700) / times)
      if (engine.pid !== undefined) process.kill(engine.pid, 'SIGSEGV')
      expect(['crashed', 'finished']).toContain((await analysis).state)
      await rm(at('killed-run'), { recursive: true, force: true })
      expect(await engine.analyse(at('good.parquet'), at('after-run'))).toEqual({ state: 'finished' })
      await rm(at('after-run'), { recursive: true, force: true })
    }
    tally('engine processes that fell', times)
  } finally {
    engine.stop()
  }
})
