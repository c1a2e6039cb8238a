// headroom what-if end to end: scenario from file and options, text, JSON, exit codes.
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { whatIfResultSchema } from '../../src-shared/ipc/what-if.ts'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

let sample: SampleRun
beforeAll(async () => void (sample = await makeSampleRun(40)))
afterAll(async () => sample.remove())

const resultOf = async (args: readonly string[], run = sample.run): Promise<z.infer<typeof whatIfResultSchema>> =>
  whatIfResultSchema.parse(JSON.parse(await headroomDone(['what-if', run, ...args, '--json'])))

const write = async (name: string, text: string): Promise<string> => {
  const path = join(sample.folder, name)
  await writeFile(path, text)
  return path
}

describe('headroom what-if', () => {
  test('prints the servers at risk, the figures and the grid in 100 columns', async () => {
    const text = await headroomDone(['what-if', sample.run, '--set', 'growth_percent=60', '--grid'])
    expect(text).toMatch(/^\d+ of 40 servers at risk, in the run \d+ of 40: \d+ newly\.\n\nfigure +run +scenario\n/)
    expect(text).toMatch(
      /^Newly at risk: \d+ servers\nserver +metric +run P95 +scenario +limit +first breach +capacity to add +P run +P now$/m,
    )
    expect(text).toMatch(/^ +> 60 +> 65 +> 70 +> 75 +> 80 +> 85 +> 90 +> 95$/m)
    expect(text).toMatch(/^P95(, likely)?( +\d+){8}$/m)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('reads a scenario from YAML or JSON, and --set overrides it', async () => {
    const yaml = await write('grow.yaml', 'growth_percent: 60\nthreshold: 70\n')
    const json = await write('grow.json', '{"growth_percent": 60, "threshold": 70}')
    const fromYaml = await resultOf(['--scenario', yaml])
    expect(await resultOf(['--scenario', json])).toEqual(fromYaml)
    expect(fromYaml.scenario).toMatchObject({ growth_percent: 60, threshold: 70, percentile: 95 })
    expect(fromYaml.newly_at_risk.count).toBeGreaterThan(0)
    expect(fromYaml.newly_at_risk.servers).toHaveLength(fromYaml.newly_at_risk.count)
    const changed = await resultOf([
      '--scenario',
      yaml,
      '--set',
      'threshold=99.5',
      '--set',
      'group_growth=[{column: region, value: us-east, percent: 0}]',
    ])
    expect(changed.scenario).toMatchObject({ growth_percent: 60, threshold: 99.5 })
    expect(changed.outcome.at_risk_servers).toBeLessThan(fromYaml.outcome.at_risk_servers)
  })

  test('evaluates a Module 05 folder', async () => {
    const python = join(sample.folder, 'python')
    await cp(sample.run, python, { recursive: true })
    await rm(join(python, runFiles.manifest))
    const { run, outcome } = await resultOf(['--set', 'growth_percent=60'], python)
    expect(run.underutilized_servers).toBeNull()
    expect(outcome.at_risk_servers).toBeGreaterThan(run.at_risk_servers)
  })

  test.each([
    [['--set', 'grwth_percent=5'], 'A scenario has no key grwth_percent.\nDid you mean growth_percent?'],
    [['--set', 'percentile=101'], "The scenario's percentile must be at most 100, not 101."],
    [['--set', 'threshold=high'], 'The scenario\'s threshold must be a number, not "high".'],
    [['--set', 'removed_servers=web-1'], 'The scenario\'s removed_servers must be a list, not "web-1".'],
    [['--set', 'added_servers=[{count: 1, as: web-1}]'], "The scenario's added_servers.0 has no part as."],
    [
      ['--set', 'group_growth=[{column: rack, value: x, percent: 1}]'],
      'group_growth.0.column must be business_unit or region or criticality',
    ],
    [['--set', 'removed_servers=[nobody-here-1]'], 'The run has no server "nobody-here-1".'],
    [['--scenario', '/nowhere.yaml'], 'The scenario /nowhere.yaml cannot be read.'],
  ])('refuses %j', async (args, sentence) => {
    const { code, stdout, stderr } = await headroom(['what-if', sample.run, ...args])
    expect(stderr).toContain(sentence)
    expect([code, stdout]).toEqual([3, ''])
  })

  test('refuses a file without a scenario, and --set without a value', async () => {
    const list = await write('list.yaml', '- threshold\n')
    expect(await headroom(['what-if', sample.run, '--scenario', list])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('list.yaml contains no keys. Headroom expects lines of the form "key: value".'),
    })
    const broken = await write('broken.json', '{"threshold": 70,,}')
    expect(await headroom(['what-if', sample.run, '--scenario', broken])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('in line 1'),
    })
    expect(await headroom(['what-if', sample.run, '--set', 'threshold'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('For instance --set growth_percent=15.'),
    })
    for (const change of ['driver.payments=much', 'driver.payments=-101', 'driver.=5']) {
      expect(await headroom(['what-if', sample.run, '--set', change])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`--set "${change}" states no change of a driver.`),
      })
    }
    expect(await headroom(['what-if', join(sample.folder, 'none')])).toMatchObject({ code: 3 })
  })
})
