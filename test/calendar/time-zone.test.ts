// Time zones: JavaScript and SQL convert alike, across changes of clocks.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { TimeZone, zonesWithMidnightAt } from '../../src-main/calendar/time-zone.ts'
import { zoneClock } from '../../src-shared/run/zone-clock.ts'
import { Database } from '../../src-main/database/database.ts'

let database: Database
beforeAll(async () => {
  database = await Database.open()
})
afterAll(() => database.close())

const hourMs = 3_600_000
const [first, last] = [Date.UTC(2025, 0, 1), Date.UTC(2027, 0, 1)]

/** The reading of the local clock by the platform's own formatting. */
const formatted = (zone: string, ms: number): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(ms)

test.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Sydney', 'Asia/Kolkata', 'Africa/Casablanca', 'Australia/Lord_Howe'])(
  'a local clock reads what the platform formats, in JavaScript and in SQL: %s',
  async (name) => {
    const zone = TimeZone.open(name, first, last)
    const instants = Array.from({ length: 400 }, (_, index) => first + Math.round(((last - first) / 400) * index))
    const rows = await database.rows(
      `SELECT strftime(${zone.localSql('ts')}, '%Y-%m-%d %H:%M:%S') AS local FROM (SELECT unnest(?) AS ms) CROSS JOIN LATERAL (SELECT make_timestamp_ms(CAST(ms AS BIGINT)) AS ts) t ORDER BY ms`.replace(
        '?',
        `[${instants.join(', ')}]`,
      ),
      z.object({ local: z.string() }),
    )
    expect(rows.map(({ local }) => local)).toEqual(instants.map((ms) => formatted(name, ms)))
    expect(instants.map((ms) => new Date(zone.toLocal(ms)).toISOString().slice(0, 19).replace('T', ' '))).toEqual(
      instants.map((ms) => formatted(name, ms)),
    )
  },
)

test('a local time that clocks repeat is its first instant, one that they skip lies as before the change', async () => {
  const zone = TimeZone.open('Europe/Berlin', first, last)
  const { toInstant } = zoneClock('Europe/Berlin')
  for (const [local, instant] of [
    ['2026-10-25T01:30', '2026-10-24T23:30'],
    ['2026-10-25T02:30', '2026-10-25T00:30'],
    ['2026-10-25T03:30', '2026-10-25T02:30'],
    ['2026-03-29T01:30', '2026-03-29T00:30'],
    ['2026-03-29T02:30', '2026-03-29T01:30'],
    ['2026-03-29T03:30', '2026-03-29T01:30'],
  ] as const) {
    const ms = Date.parse(`${local}Z`)
    const expected = Date.parse(`${instant}Z`)
    expect([local, zone.toInstant(ms), toInstant(ms)]).toEqual([local, expected, expected])
    const { inSql } = await database.row(
      `SELECT CAST(epoch_ms(${zone.instantSql(`TIMESTAMP '${local.replace('T', ' ')}:00'`)}) AS DOUBLE) AS "inSql"`,
      z.object({ inSql: z.number() }),
    )
    expect(inSql).toBe(expected)
  }
})

test('UTC leaves SQL as it is', () => {
  expect([TimeZone.utc.localSql('ts'), TimeZone.open('Etc/UTC', first, last).instantSql('ts')]).toEqual(['ts', 'ts'])
})

test('instants at local midnight name the zones that fit, those of the country first', () => {
  const berlin = TimeZone.open('Europe/Berlin', first, last)
  const midnights = Array.from({ length: 300 }, (_, day) => berlin.toInstant(first + day * 24 * hourMs))
  expect(zonesWithMidnightAt(midnights, [])[0]).toBe('Europe/Berlin')
  expect(zonesWithMidnightAt(midnights, ['Europe/Madrid'])[0]).toBe('Europe/Madrid')
  expect(zonesWithMidnightAt(midnights, ['Europe/London'])[0]).toBe('Europe/Berlin')
  expect(zonesWithMidnightAt([first + 30 * 60_000, first + 31 * 60_000], [])).toEqual([])
})
