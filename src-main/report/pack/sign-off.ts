// Tables of the sign-off page: what went into a run, what came out, and by which settings.
import type { InputEntry, RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { fixedFormatting as text } from '../../../src-shared/chart-options/format.ts'
import { numberColumn, textColumn, type ReportTable } from '../report-table.ts'

const maxInputs = 50

export const createInputsTable = (manifest: RunManifest): ReportTable => {
  const tables = [manifest.servers_table, manifest.events_table, manifest.projects_table, manifest.drivers_table, manifest.catalogue]
  const entries: InputEntry[] = [...manifest.inputs, ...tables.filter((table) => table !== null)]
  return {
    title: 'Inputs',
    ...(entries.length > maxInputs ? { note: `The first ${maxInputs} of ${text.count(entries.length)}; the manifest lists all.` } : {}),
    columns: [textColumn('File'), numberColumn('Rows'), textColumn('SHA-256')],
    rows: entries.slice(0, maxInputs).map(({ path, rows, sha256 }) => [path, text.count(rows), sha256 ?? 'not hashed']),
  }
}

export const createFilesTable = ({ files }: RunManifest): ReportTable => ({
  title: 'Files of the run',
  columns: [textColumn('File'), textColumn('SHA-256')],
  rows: files.map(({ name, sha256 }) => [name, sha256]),
})

export const createSettingsTable = ({ method, forced_model, config }: RunManifest): ReportTable => ({
  title: 'Settings',
  columns: [textColumn('Setting'), textColumn('Value')],
  rows: [
    ['method', method],
    ['model', forced_model ?? 'selected for each series'],
    ...Object.entries(config).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  ],
})
