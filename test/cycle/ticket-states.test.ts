// Exports of ticket systems: which tickets are open, and which exports are refused.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTicketStates } from '../../src-main/cycle/ticket-states.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-tickets-'))
})
afterAll(() => rm(folder, { recursive: true }))

const statesIn = async (text: string): Promise<Record<string, string>> => {
  const path = join(folder, 'export.csv')
  await writeFile(path, text)
  return Object.fromEntries(await readTicketStates(path))
}

test.each([
  [
    'ServiceNow by column names',
    '"number","correlation_id","state","active"\n"1","a","New","true"\n"2","b","Closed Skipped","false"\n"3","c","7","false"\n"4","","New","true"\n',
    { a: 'open', b: 'closed', c: 'closed' },
  ],
  [
    'Jira with its category, and columns of one name',
    'Issue key,Labels,Labels,Status,Status Category,Custom field (External Issue ID)\nK-1,x,y,Backlog,To Do,a\nK-2,x,,Released,Done,b\n',
    { a: 'open', b: 'closed' },
  ],
  [
    'Jira by its resolution',
    '\uFEFFExternal Issue ID,Status,Resolution\na,In Review,Unresolved\nb,Live,Fixed\n',
    { a: 'open', b: 'closed' },
  ],
  ['two tickets for one finding', 'correlation_id,state\na,Resolved\na,In Progress\nb,Canceled\nb,Closed\n', { a: 'open', b: 'closed' }],
])('%s', async (_title, text, expected) => {
  expect(await statesIn(text)).toEqual(expected)
})

test.each([
  ['no number of ours', 'number,state\n1,New\n', 'The export of tickets export.csv has no column correlation_id or External Issue ID.'],
  ['no state', 'correlation_id\na\n', 'The export of tickets export.csv has no column state or Status.'],
  ['a quote without its end', 'correlation_id,state\n"a,New\n', 'The export of tickets export.csv is no CSV that can be read.'],
])('an export with %s is refused', async (_title, text, message) => {
  await expect(statesIn(text)).rejects.toMatchObject({ code: 'table-invalid', message })
})
