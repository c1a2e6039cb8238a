// Entry of a process of lower priority that holds a database and runs the statements of its parent, until that lets go of it or ends.
import '../../src-shared/run/no-proto-accessor.ts'
import { readdirSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { z } from 'zod'
import { toWireError } from '../../src-shared/run/errors.ts'
import { backgroundOptionsSchema, backgroundRequestSchema, type BackgroundAnswer, type BackgroundRequest } from './background-messages.ts'
import { Database } from './database.ts'

/** Linux knows the priority of a thread alone, and some have begun: threads to come inherit it. */
const threadIds = (): number[] => (process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [process.pid])

/** Next to its parent it gets the time that is left, and little more. Where the system refuses, it works as it is. */
const lowerPriority = (): void => {
  try {
    const priority = Math.min(constants.priority.PRIORITY_LOW, getPriority() + constants.priority.PRIORITY_LOW)
    for (const id of threadIds()) setPriority(id, priority)
  } catch {
    // Nothing depends on it but the time of the others.
  }
}

const connections = new Map<number, Promise<Database>>()
/** The first connection is the database itself. */
const connectionAt = (index: number): Promise<Database> => {
  const known = connections.get(index)
  if (known !== undefined) return known
  const opened =
    index === 0
      ? Database.open(backgroundOptionsSchema.parse(JSON.parse(process.argv[2] ?? '')))
      : connectionAt(0).then((database) => database.openConnection())
  connections.set(index, opened)
  return opened
}

const answer = async ({ id, connection, sql, isQuery }: BackgroundRequest): Promise<BackgroundAnswer> => {
  try {
    const database = await connectionAt(connection)
    if (isQuery) return { id, rows: await database.rows(sql, z.unknown()) }
    await database.run(sql)
    return { id, rows: [] }
  } catch (thrown) {
    return { id, error: toWireError(thrown) }
  }
}

lowerPriority()
process.once('disconnect', () => process.exit())
process.on('message', (message) => void answer(backgroundRequestSchema.parse(message)).then((answered) => process.send?.(answered)))
