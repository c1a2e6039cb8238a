// What runs while another thread opens the database.
import { expect, test } from 'vitest'
import { Database } from '../../src-main/database/database.ts'

test('work for the time of opening begins before the database is open', async () => {
  const order: string[] = []
  const database = await Database.open({ whileOpening: () => order.push('other work') })
  order.push('open')
  database.close()
  expect(order).toEqual(['other work', 'open'])
})
