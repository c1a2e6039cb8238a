// A worker thread is a real one of a small file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WorkerThread } from '../../src-main/threads/worker-thread.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-threads-'))
})
afterAll(() => rm(folder, { recursive: true }))

const start = async (name: string, code: string): Promise<WorkerThread<number, number>> => {
  const file = join(folder, name)
  await writeFile(file, code)
  return new WorkerThread<number, number>(file, 3)
}

describe('a worker thread', () => {
  test('answers in the order of the requests', async () => {
    const thread = await start(
      'answers.cjs',
      `const { parentPort, workerData } = require('node:worker_threads')
       parentPort.on('message', (request) => parentPort.postMessage(request * workerData))`,
    )
    expect(await Promise.all([1, 2, 3].map((request) => thread.ask(request)))).toEqual([3, 6, 9])
    await thread.close()
  })

  test('that ends for a reason of the system says it, also to later requests', async () => {
    const thread = await start('no-files.cjs', `throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'open' })`)
    const failure = { code: 'file-not-written', message: 'This process may not open more files.' }
    await expect(thread.ask(1)).rejects.toMatchObject(failure)
    await expect(thread.ask(2)).rejects.toMatchObject(failure)
  })

  test('that ends for any other reason says that it ended', async () => {
    const thread = await start('ends.cjs', 'process.exit(1)')
    await expect(thread.ask(1)).rejects.toMatchObject({ code: 'internal', message: 'A worker thread ended early.' })
  })
})
