// Time to exhaustion in words, as the server list and the server's page show it.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../../src-main/database/database.ts'
import { TimeZone } from '../../../src-main/calendar/time-zone.ts'
import { exhaustionSql } from '../../../src-main/queries/servers/servers-query.ts'

test('exhaustion is a month with its interval; what lies beyond five years is never', async () => {
  const database = await Database.open()
  const rows = await database.rows(
    `SELECT ${exhaustionSql(TimeZone.utc)} AS text
     FROM (VALUES (1, TIMESTAMP '2027-11-03', TIMESTAMP '2027-05-30', NULL::TIMESTAMP),
                  (2, TIMESTAMP '2027-11-03', TIMESTAMP '2027-05-30', TIMESTAMP '2028-02-01'),
                  (3, NULL, TIMESTAMP '2030-01-31', NULL), (4, NULL, NULL, NULL))
       t(position, exhaustion_at, exhaustion_earliest, exhaustion_latest) ORDER BY position`,
    z.object({ text: z.string().nullable() }),
  )
  database.close()
  expect(rows.map(({ text }) => text)).toEqual([
    '2027-11 (2027-05 to never)',
    '2027-11 (2027-05 to 2028-02)',
    'beyond 5 years (2030-01 to never)',
    null,
  ])
})
