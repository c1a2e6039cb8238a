// The rules of the risk heatmap that its view and its picture share: order of servers, value of a cell, merged rows, marked days.
import { z } from 'zod'
import type { HeatmapRow, TimeMark } from '../../src-shared/chart-options/chart-data.ts'
import { riskLevels } from '../../src-shared/artefacts/server-risk.ts'
import { literal } from '../database/database.ts'

/** Riskiest first. */
export const riskOrderSql = 'is_at_risk DESC, horizon_p95 DESC NULLS LAST, server_id'

/** Measured in the history (forecast where a measurement is missing), forecast in the horizon. */
export const cellValueSql = (isHorizon: string): string => `CASE WHEN ${isHorizon} THEN predicted ELSE coalesce(actual, predicted) END`

/** Index in `riskLevels` of a server's level, -1 without. */
export const levelIndexSql = `coalesce(list_position([${riskLevels.map(literal).join(', ')}], risk_level), 0) - 1`

/** A row of one or several servers; it shows their worst level, given by its index. */
export const createHeatmapRow = (firstServer: string, servers: number, worstLevel: number): HeatmapRow => ({
  label: servers === 1 ? firstServer : `${firstServer} + ${servers - 1}`,
  serverId: firstServer,
  servers,
  riskLevel: riskLevels[worstLevel] ?? null,
})

/** `day`: its start in milliseconds UTC. */
export const markedDaySchema = z.object({ day: z.number(), is_eoq: z.boolean(), is_holiday: z.boolean() })

/** Consecutive quarter-end days form one window; each holiday has its own mark. Holiday names by date, YYYY-MM-DD. */
export const createTimeMarks = (
  days: readonly z.infer<typeof markedDaySchema>[],
  lengthMs: number,
  holidayNames: ReadonlyMap<string, string>,
): TimeMark[] => {
  const windows: { fromMs: number; toMs: number }[] = []
  for (const { day } of days.filter(({ is_eoq }) => is_eoq)) {
    const last = windows.at(-1)
    if (last !== undefined && day <= last.toMs) last.toMs = day + lengthMs
    else windows.push({ fromMs: day, toMs: day + lengthMs })
  }
  return [
    ...windows.map((window): TimeMark => ({ kind: 'eoq', label: 'Quarter end', ...window })),
    ...days
      .filter(({ is_holiday }) => is_holiday)
      .map(({ day }): TimeMark => ({
        kind: 'holiday',
        label: holidayNames.get(new Date(day).toISOString().slice(0, 10)) ?? 'Holiday',
        fromMs: day,
        toMs: day + lengthMs,
      })),
  ]
}
