// The import dialog: which files it reads, what was stated about them, and what the engine makes of them.
import { create } from 'zustand'
import {
  addImportChoice,
  applyReadingSettings,
  mergeReadingSettings,
  type ReadingSettings,
} from '../../src-shared/config/reading-settings.ts'
import type { CompanionTableFiles } from '../../src-shared/run/capacity-tables.ts'
import { toWireError, type ErrorCode, type WireError } from '../../src-shared/run/errors.ts'
import type { Inspection } from '../../src-shared/run/inspection.ts'
import { request } from '../ipc/bridge.ts'
import { changeSettings, useWindowState } from './window-state.ts'

export interface ImportState {
  readonly paths: readonly string[]
  readonly settings: ReadingSettings
  /** Stated tables; the others are the files next to the forecasts. */
  readonly tables: CompanionTableFiles
  /** The latest that was read; shown while a newer one is read. */
  readonly inspection: Inspection | null
  readonly isReading: boolean
  /** Share done of what is read now, 0..1; null where it is not known. */
  readonly share: number | null
  /** All is read where an analysis has failed: its reason may stand anywhere. */
  readonly extent: 'all' | 'first-part'
  readonly error: WireError | null
}

export const useImportState = create<ImportState>(() => ({
  paths: [],
  settings: {},
  tables: {},
  inspection: null,
  isReading: false,
  share: null,
  extent: 'first-part',
  error: null,
}))

const { getState, setState } = useImportState

/** Number of the latest reading; older ones are dropped. */
let latestReading = 0

export const openImportDialog = (
  paths: readonly string[],
  settings: ReadingSettings,
  extent: ImportState['extent'] = 'first-part',
  tables: CompanionTableFiles = {},
): void => {
  setState({ paths, settings, tables, extent, inspection: null, error: null })
  useWindowState.setState({ overlay: 'import' })
  void readFiles()
}

export const closeImportDialog = (): void => {
  latestReading += 1
  if (getState().isReading) void request('inspection.cancel', {})
  setState({ paths: [], settings: {}, tables: {}, inspection: null, isReading: false, error: null })
  useWindowState.setState({ overlay: null })
}

/** States a table; "" withdraws it. */
export const changeTable = (kind: keyof CompanionTableFiles, path: string): void => {
  const { [kind]: _replaced, ...others } = getState().tables
  setState({ tables: path === '' ? others : { ...others, [kind]: path } })
}

/** States how the files are read, and reads them again. */
export const changeReading = (changes: Readonly<Record<string, unknown>>): void => {
  const settings = mergeReadingSettings(getState().settings, changes)
  if (settings === null) {
    setState({
      error: {
        code: 'usage',
        message: 'This answer belongs into the settings of the analysis.',
        next: 'Open Settings and state it there.',
      },
    })
    return
  }
  setState({ settings })
  void readFiles()
}

const readFiles = async (): Promise<void> => {
  latestReading += 1
  const reading = latestReading
  const { paths, settings, extent } = getState()
  setState({ isReading: true, share: null })
  const watching = setInterval(() => void watchProgress(reading), progressMs)
  try {
    const config = applyReadingSettings(useWindowState.getState().settings.analysis, settings)
    const inspection = await request('forecasts.inspect', { paths: [...paths], config: { ...config }, extent })
    if (reading === latestReading) setState({ inspection, isReading: false, error: null })
  } catch (thrown) {
    if (reading === latestReading) setState({ isReading: false, error: toWireError(thrown) })
  } finally {
    clearInterval(watching)
  }
}

const progressMs = 500

/** Progress that cannot be told is left out. */
const watchProgress = async (reading: number): Promise<void> => {
  const share = await request('inspection.progress', {}).then(
    (progress) => progress.share,
    () => null,
  )
  if (reading === latestReading) setState({ share })
}

/** Whether the files can be analysed as they are read now. */
export const isImportable = ({ inspection, isReading, error }: ImportState): boolean =>
  !isReading &&
  error === null &&
  inspection !== null &&
  inspection.contents !== null &&
  inspection.question === null &&
  inspection.problem === null

/** The settings of the analysis. Plain columns of servers are forecasts to it unless they are stated as measured. */
export const analysisReading = ({ inspection, settings }: Pick<ImportState, 'inspection' | 'settings'>): ReadingSettings => {
  const isPlainServers = inspection?.contents === 'measurements' && settings.wide === 'servers'
  return isPlainServers ? (mergeReadingSettings(settings, { map: { actual: '*' } }) ?? settings) : settings
}

/** The next files of the same column names are read the same way. */
export const saveImportChoice = async (): Promise<void> => {
  const { inspection } = getState()
  if (inspection === null) return
  const columns = inspection.schema.map(({ column }) => column)
  const choices = useWindowState.getState().settings.importChoices
  await changeSettings({ importChoices: addImportChoice(choices, columns, analysisReading(getState())) })
}

/** Failures that a statement about the files can cure. */
const curableCodes = new Set<ErrorCode>([
  'input-unclear',
  'input-unit-unclear',
  'input-column-missing',
  'input-column-type',
  'input-time-unreadable',
  'input-text-unreadable',
])

/** Asks about the files of an analysis that failed where an answer can help; false where it cannot. */
export const reopenImportDialog = (
  {
    paths,
    settings,
    tables,
  }: { readonly paths: readonly string[]; readonly settings: ReadingSettings; readonly tables?: CompanionTableFiles | undefined },
  error: WireError,
): boolean => {
  if (!curableCodes.has(error.code)) return false
  openImportDialog(paths, settings, 'all', tables)
  return true
}
