// What each server of a sample is: its fate, level, trend and habits, drawn from the seed and its number; and the servers table.
import { literal } from '../database/database.ts'
import { drawTags, seedKey, withColumns } from './sample-draws.ts'
import { sampleGroups } from './sample-groups.ts'

/** One row per group of servers; `first` to `end - 1` are the numbers of its servers within the fleet. */
export const groupsSql = (servers: number): string => {
  const groups = sampleGroups(servers)
  const digits = Math.max(4, ...groups.map((group) => String(group.endServer - group.first).length))
  const rows = groups.map(
    (group, index) => `
    (${index}, ${literal(group.prefix)}, ${digits}, ${group.first}, ${group.endServer}, ${literal(group.unit)}, ${literal(group.criticality)},
      ${group.quarterEnd}, ${group.monthEnd}, ${group.yearly}, ${group.level}, ${group.weekly}, ${group.holiday}, ${group.daily},
      ${group.noise}, ${group.closing}, [${group.capacityUnits.join(', ')}], ${group.unitCostUsd}, ${group.leadTimeDays})`,
  )
  return `
  SELECT group_index::UTINYINT AS group_index, prefix, digits, first_server::INTEGER AS first_server, end_server::INTEGER AS end_server,
    business_unit, group_criticality, lead_time_days, capacity_choices, unit_cost_usd,
    COLUMNS('^typical_')::DOUBLE
  FROM (VALUES ${rows.join(',')}) groups (group_index, prefix, digits, first_server, end_server, business_unit, group_criticality,
    typical_quarter_end, typical_month_end, typical_yearly, typical_level, typical_weekly, typical_holiday, typical_daily,
    typical_noise, typical_closing, capacity_choices, unit_cost_usd, lead_time_days)`
}

/**
 * Dealt out by the golden ratio, so that every stretch of the fleet holds its share of each: forgotten (runs unused),
 * idle, growing (its trend crosses 80 % within the horizon), quarter-end (crosses it in the last week of a quarter only), full
 * (above it already), busy (close, expected to stay below) and ordinary.
 */
const behaviourCases = `
  WHEN dealt < 0.045 THEN 'forgotten'
  WHEN dealt < 0.150 THEN 'idle'
  WHEN dealt < 0.197 AND dealt >= 0.173 AND typical_quarter_end >= 0.1 THEN 'quarter-end'
  WHEN dealt < 0.197 THEN 'growing'
  WHEN dealt < 0.211 THEN 'full'
  WHEN dealt < 0.250 THEN 'busy'
  ELSE 'ordinary'`

const drawSql = (tag: keyof typeof drawTags): string => `uniform(key, ${drawTags[tag]})`

/**
 * Adds to rows with `server` and `group_index` what is true of that server. Levels, swings, dips and `sigma` (the deviation of
 * the noise) are in percent of capacity; `level` is the mean in the middle of the horizon; `slope` is in points per year;
 * `skill` names the model that should do best.
 */
export const serversSql = (rows: string, seed: number): string => {
  const withGroups = `
    SELECT * EXCLUDE (its), its.* EXCLUDE (group_index)
    FROM (SELECT *, getvariable('sample_groups')[group_index + 1] AS its FROM (${rows}))`
  return withColumns(
    withGroups,
    `prefix || lpad((server - first_server + 1)::VARCHAR, digits, '0') AS server_id,
    mix(xor(server::BIGINT, ${seedKey(seed)})) AS key,
    ((server::BIGINT * 2654435769 + ${seedKey(seed)}) & 4294967295) / 4294967296.0::DOUBLE AS dealt`,
    `CASE ${behaviourCases} END AS fate`,
    `fate IN ('forgotten', 'idle') AS is_idle,
    CASE fate
      WHEN 'forgotten' THEN 0.9 + 3.1 * ${drawSql('level')}
      WHEN 'idle' THEN 6 + 24 * ${drawSql('level')}
      WHEN 'growing' THEN 76 + 5 * ${drawSql('level')}
      WHEN 'quarter-end' THEN 60 + 12 * ${drawSql('level')}
      WHEN 'full' THEN 85 + 7 * ${drawSql('level')}
      WHEN 'busy' THEN 64 + 5 * ${drawSql('level')}
      ELSE greatest(44.5, least(65, typical_level + 13 * (${drawSql('level')} + ${drawSql('spread')} - 1)))
    END AS level,
    CASE
      WHEN ${drawSql('skill')} < 0.58 THEN 'prophet'
      WHEN ${drawSql('skill')} < 0.93 OR fate NOT IN ('ordinary', 'idle', 'forgotten') THEN 'xgboost'
      ELSE 'seasonal_naive'
    END AS skill`,
    `level * typical_weekly * (0.7 + 0.6 * ${drawSql('weekly')}) * CASE WHEN fate IN ('ordinary', 'idle') THEN 1 ELSE 0.4 END AS week_swing,
    level * typical_yearly * (0.6 + 0.8 * ${drawSql('yearly')}) AS year_swing,
    level * typical_closing * CASE WHEN is_idle THEN 0.3 ELSE 1 END AS closing_level,
    CASE
      WHEN is_idle THEN 0
      WHEN fate = 'growing' THEN 10 + 9 * ${drawSql('slope')}
      WHEN fate <> 'ordinary' THEN -1 + 4 * ${drawSql('slope')}
      WHEN ${drawSql('drift')} < 0.55 THEN -1 + 2 * ${drawSql('slope')}
      WHEN ${drawSql('drift')} < 0.8 THEN 2 + 5 * ${drawSql('slope')}
      ELSE -2 - 5 * ${drawSql('slope')}
    END * CASE WHEN skill = 'seasonal_naive' THEN 0.2 ELSE 1 END AS slope`,
    // What is left below 80 % for the peaks of servers that are not to run out.
    `greatest(0, 70 - level - 0.42 * week_swing - year_swing) AS remaining`,
    `greatest(3, remaining) AS max_burst`,
    `CASE fate
      WHEN 'quarter-end' THEN 87 + 9 * ${drawSql('quarterEnd')} - level
      WHEN 'growing' THEN level * typical_quarter_end * 0.25
      WHEN 'full' THEN least(level * typical_quarter_end, 96 - level) * 0.5
      ELSE least(closing_level * typical_quarter_end * (0.7 + 0.6 * ${drawSql('quarterEnd')}), 0.8 * remaining)
    END AS quarter_end_swing,
    least(closing_level * typical_month_end, 0.4 * remaining) AS month_end_swing,
    sign(typical_daily) * least(level * abs(typical_daily), 2 + 0.6 * remaining) AS day_swing,
    level * typical_holiday AS holiday_dip,
    greatest(0.12, level * typical_noise * (0.75 + 0.5 * ${drawSql('spread')}) * (1 - greatest(0, level - 55) / 50)
      * CASE WHEN is_idle THEN 1.6 ELSE 1 END) AS sigma`,
  )
}

/** The servers table, in the order of the names. Hardly anybody calls an idle machine critical. */
export const serversTableSql = (seed: number): string => {
  const servers = serversSql('SELECT group_index, unnest(range(first_server, end_server)) AS server FROM groups', seed)
  return `
  SELECT server_id, business_unit,
    CASE WHEN business_unit = 'Markets' AND ${drawSql('region')} >= 0.8 THEN 'emea'
      WHEN ${drawSql('region')} < 0.6 THEN 'us-east' ELSE 'us-west' END AS region,
    CASE WHEN is_idle AND ${drawSql('criticality')} < 0.75 THEN 'standard' ELSE group_criticality END AS criticality,
    round(unit_cost_usd * capacity_units * (0.9 + 0.25 * ${drawSql('cost')}))::INTEGER AS monthly_cost_usd,
    capacity_units, lead_time_days
  FROM (${withColumns(servers, `capacity_choices[floor(3 * ${drawSql('capacity')})::INTEGER + 1] AS capacity_units`)})`
}
