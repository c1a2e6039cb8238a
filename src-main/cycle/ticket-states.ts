// State of the tickets that findings have opened before: read from the CSV that ServiceNow or Jira exports.
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** Whether the ticket is still open, by its correlation ID. */
export type TicketStates = ReadonlyMap<string, 'open' | 'closed'>

const maxBytes = 64_000_000

/** As the systems and their languages of export write them: small letters and digits alone. */
const evenName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z\d]/g, '')
const idColumns = ['correlationid', 'externalissueid', 'customfieldexternalissueid']
const stateColumns = ['state', 'incidentstate', 'status', 'statuscategory', 'active', 'closedat', 'closed', 'resolved', 'resolution']

const rowsSchema = z.array(z.record(z.string(), z.string()))

/** Columns that are not known are left out. Throws input-not-found, table-invalid. */
export const readTicketStates = async (path: string): Promise<TicketStates> => {
  const named = `export of tickets ${basename(path)}`
  const found = await stat(path).catch(() => null)
  if (!(found?.isFile() ?? false))
    throw new HeadroomError('input-not-found', `The export of tickets ${path} is no file.`, {
      next: 'Export the tickets before the cycle; before the first ones, a file with the line of headings alone.',
    })
  if (found!.size > maxBytes) throw invalid(`The ${named} is larger than 64 MB.`, 'Export the tickets that Headroom opened alone.')
  const { columns, rows } = parseRows(await readFile(path, 'utf8'), named)
  const idColumn = idColumns.find((name) => columns.includes(name))
  if (idColumn === undefined || !stateColumns.some((name) => columns.includes(name)))
    throw invalid(
      `The ${named} has no column ${idColumn === undefined ? 'correlation_id or External Issue ID' : 'state or Status'}.`,
      'Add it to the export.',
    )
  const states = new Map<string, 'open' | 'closed'>()
  for (const row of rows) {
    const id = (row[idColumn] ?? '').trim()
    // Of two tickets for one finding the open one counts.
    if (id !== '' && states.get(id) !== 'open') states.set(id, isClosed(row) ? 'closed' : 'open')
  }
  return states
}

const parseRows = (text: string, named: string): { readonly columns: readonly string[]; readonly rows: z.infer<typeof rowsSchema> } => {
  let columns: string[] = []
  try {
    const delimiter = /^[^\n"]*;/.test(text) && !/^[^\n;]*,/.test(text) ? ';' : ','
    const rows = rowsSchema.parse(
      parse(text, {
        bom: true,
        delimiter,
        relax_column_count: true,
        skip_empty_lines: true,
        columns: (names: string[]) => (columns = names.map(evenName)),
      }),
    )
    return { columns, rows }
  } catch (cause) {
    throw invalid(`The ${named} is no CSV that can be read.`, 'Export it again as CSV.', cause)
  }
}

const invalid = (message: string, next: string, cause?: unknown): HeadroomError =>
  new HeadroomError('table-invalid', message, { next, cause })

const isClosed = (row: Readonly<Record<string, string>>): boolean => {
  const value = (name: string): string => (row[name] ?? '').trim().toLowerCase()
  if (['false', 'no', '0'].includes(value('active')) || value('statuscategory') === 'done') return true
  if (value('closedat') !== '' || value('resolved') !== '' || !['', 'unresolved'].includes(value('resolution'))) return true
  return stateColumns.some((name) => /^(closed|resolved|cancel|complete|done|declined|rejected|won.?t)/.test(value(name)))
}
