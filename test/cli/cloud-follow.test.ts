// `headroom cloud` while a job runs and when it fails: its log is shown line by line, and the end of it where progress is hidden.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bucketName, openCloudCliWorkspace, type CloudCliWorkspace } from '../fixtures/cloud-cli-workspace.ts'
import { writeEngine } from '../fixtures/cloud-workspace.ts'
import { smallForecasts } from '../fixtures/small-forecasts.ts'
import { defaultChecksum, storeObject } from '../simulator/s3-objects.ts'

let workspace: CloudCliWorkspace
let engine: string
beforeEach(async () => {
  engine = await mkdtemp(join(tmpdir(), 'headroom-engine-'))
  await writeEngine(engine, 'exit 0')
  workspace = await openCloudCliWorkspace({
    engine: { folder: engine, image: engine },
    runJob: async (job, name) => {
      const lines = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`)
      const event = JSON.stringify({ type: 'step', id: 'breaches', label: 'Breaches', progress: 0.5, schema_version: 1 })
      const messages = [event, ...lines, 'Killed']
      workspace.simulator.account.logs.set(
        `${name}/algo-1-1`,
        messages.map((message, at) => ({ timestamp: Date.now() + at, message })),
      )
      Object.assign(job, { status: 'Failed', failureReason: 'AlgorithmError: exit code: 137', startedAt: new Date(), endedAt: new Date() })
    },
  })
  storeObject(
    workspace.simulator.account.buckets.get(bucketName)!,
    'forecasts/a.parquet',
    smallForecasts,
    defaultChecksum(smallForecasts),
    new Date(),
  )
})
afterEach(async () => {
  await workspace.close()
  await rm(engine, { recursive: true })
})

describe('a job that fails', () => {
  it('has shown its log, and only its end with --quiet', async () => {
    const launched = await workspace.cloud('launch', `s3://${bucketName}/forecasts/`, '--wait')
    expect(launched).toMatchObject({ code: 4, stdout: '' })
    for (const line of ['algo-1: line 1\n', 'algo-1: line 20\n', 'algo-1: Killed\n']) expect(launched.stderr).toContain(line)
    expect(launched.stderr).not.toContain('"type":"step"')
    const quiet = await workspace.cloud('launch', `s3://${bucketName}/forecasts/`, '--wait', '--quiet')
    expect(quiet.stderr).toContain('The log ends with:\nalgo-1: line 7\n')
    expect(quiet.stderr).toContain('algo-1: Killed\nError: The job was killed')
    const [name] = workspace.simulator.account.jobs.keys()
    expect((await workspace.cloud('watch', name!)).stderr).toContain('algo-1: Killed\n')
  })
})
