// Puts the values of series.parquet into the heatmap of the picture.
import type { HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { binSelectedSeries, type CellPlan } from '../../forecasts/bin-selected-series.ts'

/** Whose values are still to be read. */
export interface PlannedHeatmap extends Omit<HeatmapData, 'values'> {
  readonly cells: CellPlan
}

/** The heatmap with the values of a run's series.parquet. Throws run-damaged. */
export const fillHeatmap = async ({ cells, ...heatmap }: PlannedHeatmap, seriesPath: string): Promise<HeatmapData> => ({
  ...heatmap,
  values: await binSelectedSeries(seriesPath, cells),
})
