// A database in a process of lower priority answers as one in this process does, and fails with the same errors. Needs built code.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { BackgroundDatabase } from '../../src-main/database/background-database.ts'
import { Database, literal } from '../../src-main/database/database.ts'

const built = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'background-process.cjs')
let folder: string
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'headroom-background-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

const open = (file = built): BackgroundDatabase =>
  new BackgroundDatabase(file, { threads: 2, memoryLimit: '128000000B', spillFolder: join(folder, 'spill') })

/** Closes the database whatever happens. */
const withDatabase = async (work: (database: BackgroundDatabase) => Promise<void>, file = built): Promise<void> => {
  const database = open(file)
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

/** Processes that run the built code on behalf of this one. */
const backgroundProcesses = (): number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(built) && line.trim().split(/\s+/)[1] === String(process.pid))
    .map((line) => Number(line.trim().split(/\s+/)[0]))

const answerRow = z.object({ number: z.int(), time: z.date(), large: z.bigint(), text: z.string().nullable() })
const answerSql = `SELECT 42 AS number, TIMESTAMP '2026-02-03 04:05:06' AS time, 9007199254740993 AS large, NULL::VARCHAR AS text
                   UNION ALL SELECT 43, TIMESTAMP '2026-02-04', 1, 'ä "quoted"' ORDER BY number`

describe('a database in another process', () => {
  test('answers rows as this process does: whole numbers of 64 bits, times, texts, nothing', async () => {
    const own = await Database.open()
    const expected = await own.rows(answerSql, answerRow)
    own.close()
    expect(expected[0]).toEqual({ number: 42, time: new Date('2026-02-03T04:05:06Z'), large: 9007199254740993n, text: null })
    await withDatabase(async (database) => {
      const connection = database.connection(0)
      expect(await connection.rows(answerSql, answerRow)).toEqual(expected)
      expect(await connection.row(answerSql, answerRow)).toEqual(expected[0])
      await expect(connection.row('SELECT 1 WHERE false', z.unknown())).rejects.toMatchObject({ code: 'internal' })
    })
  })
  test('its connections share tables and work at once', async () => {
    await withDatabase(async (database) => {
      const connections = [0, 1, 2].map((index) => database.connection(index))
      await connections[0]!.run('CREATE TABLE numbers AS SELECT range AS n FROM range(1000)')
      const sums = await Promise.all(
        connections.map((connection) =>
          connection.row('SELECT CAST(sum(n) AS INTEGER) AS total FROM numbers', z.object({ total: z.int() })),
        ),
      )
      expect(sums).toEqual([{ total: 499_500 }, { total: 499_500 }, { total: 499_500 }])
    })
  })
  test('a statement that fails says why, and the next one works', async () => {
    await withDatabase(async (database) => {
      const connection = database.connection(0)
      await expect(connection.run('SELECT * FROM missing')).rejects.toMatchObject({ code: 'query-failed' })
      const target = join(folder, 'no-such-folder', 'file.parquet')
      await expect(connection.run(`COPY (SELECT 1) TO ${literal(target)} (FORMAT parquet)`)).rejects.toMatchObject({
        code: 'file-not-written',
      })
      await connection.run('SELECT 1')
    })
  })
  test.skipIf(process.platform !== 'linux')('its threads have a lower priority than this process', async () => {
    await withDatabase(async (database) => {
      await database.connection(0).run('CREATE TABLE sums AS SELECT sum(range) FROM range(1000000)')
      const [pid] = backgroundProcesses()
      const niceness = readdirSync(`/proc/${pid}/task`).map((id) => {
        const text = readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8')
        return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])
      })
      expect(new Set(niceness)).toEqual(new Set([19]))
    })
  })
  test('ends when it is closed, and fails what is under way', async () => {
    const database = open()
    const connection = database.connection(0)
    await connection.run('SELECT 1')
    expect(backgroundProcesses()).toHaveLength(1)
    const running = connection.run('SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b')
    const [ended] = await Promise.allSettled([running, database.close()])
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'internal' } })
    await expect(connection.run('SELECT 1')).rejects.toMatchObject({ code: 'internal' })
    expect(backgroundProcesses()).toEqual([])
  })
  test('fails every statement where its process ends early or never runs', async () => {
    const broken = join(folder, 'broken.cjs')
    await writeFile(broken, 'process.on("message", () => process.exit(7))')
    // The system takes no argument with a NUL: that is thrown, not told by an event.
    for (const file of [broken, join(folder, 'missing.cjs'), join(folder, 'nul\0.cjs')])
      await withDatabase(async (database) => {
        await expect(database.connection(0).run('SELECT 1')).rejects.toMatchObject({
          code: 'internal',
          message: 'A process of the analysis ended early.',
        })
      }, file)
  })
  test('ends when its parent is killed', async () => {
    const parent = join(folder, 'parent.cjs')
    const options = JSON.stringify({ threads: 2, memoryLimit: '128000000B', spillFolder: join(folder, 'orphan') })
    await writeFile(
      parent,
      `const child = require('node:child_process').fork(${JSON.stringify(built)}, [${JSON.stringify(options)}], { serialization: 'advanced' })
       child.on('message', () => console.log(child.pid))
       child.send({ id: 1, connection: 0, sql: 'SELECT 1', isQuery: false })`,
    )
    const running = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = await new Promise<number>((received) => running.stdout.once('data', (text: Buffer) => received(Number(text.toString()))))
    expect(() => process.kill(pid, 0)).not.toThrow()
    running.kill('SIGKILL')
    await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false)
  })
})

/** A process that has ended and that nobody has waited for is gone too. */
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
