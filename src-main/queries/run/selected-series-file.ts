// Whether a run has series.parquet, and where. Runs of older versions have no such file.
import { join } from 'node:path'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { RunContents } from './run-contents.ts'

export const hasSelectedSeries = ({ manifest, presentFiles }: RunContents): boolean =>
  manifest !== null && manifest.files.some(({ name }) => name === runFiles.selectedSeries) && presentFiles.has(runFiles.selectedSeries)

export const selectedSeriesPath = ({ folder }: Pick<RunContents, 'folder'>): string => join(folder, runFiles.selectedSeries)
