// headroom decisions: list, add and merge, on a folder and in S3.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bucketName, openCloudCliWorkspace, type CloudCliWorkspace } from '../fixtures/cloud-cli-workspace.ts'

let workspace: CloudCliWorkspace
beforeAll(async () => {
  workspace = await openCloudCliWorkspace()
  await mkdir(join(workspace.folder, 'runs'))
})
afterAll(() => workspace.close())

const web = ['--server', 'web', '--recommendation', 'retire']

test('a decision is added, listed, and merged into S3 with the one that another planner made there', async () => {
  const { headroom } = workspace
  expect(await headroom('decisions', 'runs')).toMatchObject({ code: 0, stdout: 'Nothing is decided yet.\n' })
  const added = await headroom('decisions', 'add', 'runs', ...web, '--decision', 'accepted', '--by', 'ada', '--until', '2027-01-15')
  expect(added).toMatchObject({ code: 0, stdout: `retire web: accepted. Added to ${join(workspace.folder, 'runs', 'decisions.jsonl')}.\n` })
  const s3 = `s3://${bucketName}/runs`
  const there = ['--decision', 'dismissed', '--reason', 'spare', '--by', 'ben', '--json']
  expect((await headroom('decisions', 'add', s3, ...web, ...there)).code).toBe(0)
  expect((await headroom('decisions', 'merge', s3, 'runs')).stdout).toBe(`1 decision added to ${s3}/decisions.jsonl.\n`)
  const text = (await headroom('decisions', 'list', `${s3}/`)).stdout.replaceAll(/\s+/g, ' ')
  expect(text).toMatch(/ web retire dismissed \(conflict\) ben \d{4}-\d\d-\d\d spare /)
  expect(text).toMatch(/Planners differ on retire web: Accepted until 2027-01-15 by ada on .*, dismissed by ben on /)
})

test('what makes no sense is refused with a sentence', async () => {
  const { headroom } = workspace
  const decide = (...args: string[]) => headroom('decisions', 'add', 'runs', ...web, ...args)
  expect(await decide('--decision', 'dismissed')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Error: A dismissal needs a reason\.\n/),
  })
  expect((await decide('--decision', 'accepted', '--until', '2027-02-30')).stderr).toContain('A day such as 2027-01-15 is needed.')
  expect((await headroom('decisions', 'list', 'none')).stderr).toMatch(/^Error: none is no folder\.\n/)
  await writeFile(join(workspace.folder, 'others.jsonl'), 'no decision\n')
  expect(await headroom('decisions', 'others.jsonl')).toMatchObject({ stderr: 'Note: Line 1 is no decision and does not count.\n' })
})
