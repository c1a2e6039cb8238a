// Seasonality: uplift of quarter ends, holidays and weekends, causes of breaches, profile by month and weekday.
import type { EChartsOption } from 'echarts'
import { useCallback } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { MetricSeason } from '../../../src-shared/artefacts/season.ts'
import type { SeasonResponse } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { KeyFigure } from '../../components/key-figure.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Loaded } from '../loaded.tsx'
import { SeasonProfile } from './season-profile.tsx'
import { openServer } from '../../state/navigation.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatInterval, formatNumber, formatFraction, formatSigned, formatting } from '../../theme/formatting.ts'
import type { RunViewProps } from '../view-entry.ts'

export const SeasonsView = ({ run, theme }: RunViewProps) => {
  const { metric, filter } = useWindowState()
  const response = useRequest('season.get', { folder: run.folder, metric, filter }, run.folder)
  return (
    <main className="page" aria-label="Seasons" aria-busy={isBusy(response)}>
      <Loaded response={response}>
        {(value) => (value.season === null ? <NoSeasonality run={run} /> : <Season response={value} season={value.season} theme={theme} />)}
      </Loaded>
    </main>
  )
}

const NoSeasonality = ({ run }: { readonly run: RunOverview }) => (
  <EmptyState title="No seasonality in this run">
    {run.kind === 'python-original'
      ? 'Module 05 does not measure seasonality. Analyse its forecasts with Headroom.'
      : 'The summary is missing or not from Headroom. Run the analysis again.'}
  </EmptyState>
)

interface SeasonProps {
  readonly response: SeasonResponse
  readonly season: MetricSeason
  readonly theme: ChartTheme
}

const Season = ({ response, season, theme }: SeasonProps) => {
  const { eoq, holiday, weekend, weekly_strength: weeklyStrength, profile, breaches } = season
  const holidayName = `Holidays${response.holidayCountry === null ? '' : ` (${response.holidayCountry})`}`
  const effects: readonly UpliftFigureProps[] = [
    { name: 'Quarter ends', effect: eoq, n: eoq.quarters, countUnit: 'quarter ends' },
    { name: holidayName, effect: holiday, n: holiday.days, countUnit: 'days' },
    { name: 'Weekends', effect: weekend, n: weekend.weeks, countUnit: 'weeks' },
  ]
  const known = effects.filter(({ effect }) => effect.uplift_points !== null)
  const missing = effects.filter(({ effect }) => effect.uplift_points === null)
  const hasProfile = profile !== null && profile.mean.flat().some((value) => value !== null)
  return (
    <div className="page-inner">
      <h1 className="finding">{findingText(season)}</h1>
      {missing.length > 0 && <p className="muted">{missingText(missing)}</p>}
      {profile === null && <p className="muted">A weekday profile needs daily or hourly data.</p>}
      {(known.length > 0 || weeklyStrength.mean !== null) && (
        <div className="key-figures">
          {known.map((figure) => (
            <UpliftFigure key={figure.name} {...figure} />
          ))}
          {weeklyStrength.mean !== null && (
            <KeyFigure
              label="Weekly seasonality"
              value={formatFraction(weeklyStrength.mean)}
              note={`strength, mean of ${formatting.count(weeklyStrength.series)} series`}
            />
          )}
        </div>
      )}
      <div className="columns">
        {eoq.by_quarter.length > 0 && <Quarters season={season} theme={theme} windowDays={response.eoqWindowDays} />}
        {Object.values(breaches).some((periods) => periods > 0) && <Causes season={season} theme={theme} />}
        {response.strongest.length > 0 && <StrongestUplifts response={response} theme={theme} />}
        {hasProfile && (
          <section aria-label="Profile by month and weekday">
            <h2>Profile by month and weekday</h2>
            <SeasonProfile mean={profile.mean} series={profile.series} />
          </section>
        )}
      </div>
    </div>
  )
}

const missingText = (missing: readonly UpliftFigureProps[]): string =>
  `Not measured: ${missing
    .map(({ name, n, countUnit }) => `${name} (needs two ${countUnit}, the history holds ${n === 0 ? 'none' : formatting.count(n)})`)
    .join(', ')}.`

const findingText = ({ eoq }: MetricSeason): string => {
  if (eoq.uplift_points === null) return 'No quarter end in the measured history'
  const interval = formatInterval(eoq.low, eoq.high)
  const intervalText = interval === '' ? '' : ` (95 % interval ${interval})`
  const direction = eoq.uplift_points >= 0 ? 'raise' : 'lower'
  return `Quarter ends ${direction} the fleet by ${formatNumber(Math.abs(eoq.uplift_points))} points${intervalText}, n = ${eoq.quarters} quarter ${eoq.quarters === 1 ? 'end' : 'ends'}`
}

interface UpliftFigureProps {
  readonly name: string
  readonly effect: Pick<MetricSeason['eoq'], 'uplift_points' | 'low' | 'high' | 'series'>
  readonly n: number
  readonly countUnit: string
}

const UpliftFigure = ({ name, effect, n, countUnit }: UpliftFigureProps) => (
  <KeyFigure
    label={name}
    value={effect.uplift_points === null ? '–' : `${formatSigned(effect.uplift_points)} points`}
    note={upliftNote(effect, n, countUnit)}
  />
)

const upliftNote = ({ low, high, series }: UpliftFigureProps['effect'], n: number, countUnit: string): string => {
  const seriesText = `${formatting.count(series)} series`
  if (n < 2) return `n = ${formatting.count(n)}; an interval needs two ${countUnit} (${seriesText})`
  const interval = formatInterval(low, high)
  return `${interval === '' ? '95 % interval not known in this run' : `95 % interval ${interval}`}, n = ${formatting.count(n)} ${countUnit}, ${seriesText}`
}

const Quarters = ({
  season,
  theme,
  windowDays,
}: {
  readonly season: MetricSeason
  readonly theme: ChartTheme
  readonly windowDays: number | null
}) => {
  const rows = season.eoq.by_quarter
  const option = useCallback(
    () =>
      createBarsOption(
        {
          names: rows.map(({ quarter_end }) => quarterName(quarter_end)),
          unit: 'points',
          intervals: rows.map(({ low, high }) =>
            low === null || low === undefined || high === null || high === undefined ? null : [low, high],
          ),
          kinds: [{ name: 'uplift', color: theme.accent, values: rows.map(({ uplift_points }) => uplift_points) }],
          notes: rows.map(({ series }) => `${series} series`),
        },
        { theme, formatting },
      ),
    [rows, theme],
  )
  return (
    <ChartFrame
      className="medium"
      title="Uplift by quarter end"
      note={`Last ${windowDays === null ? 'days' : `${windowDays} days`} of each quarter against the same weekdays outside, detrended; 95 % interval over servers`}
      label="Uplift by quarter end in points"
      option={option}
      table={() => ({
        columns: ['quarter end', 'uplift points', 'series', 'lower limit', 'upper limit'],
        rows: rows.map((row) => [row.quarter_end, row.uplift_points, row.series, row.low ?? null, row.high ?? null]),
      })}
    />
  )
}

/** "Dec 2026" of "2026-12". */
const quarterName = (quarterEnd: string): string => {
  const timeMs = Date.parse(`${quarterEnd}-15`)
  return formatting.shortMonthAndYear(timeMs)
}

const causeLabels = { eoq: 'quarter end', month_end: 'month end', holiday: 'holiday', ordinary: 'ordinary day' } as const

const Causes = ({ season, theme }: { readonly season: MetricSeason; readonly theme: ChartTheme }) => {
  const { breaches } = season
  const option = useCallback(() => causesOption(breaches, theme), [breaches, theme])
  const names = Object.keys(causeLabels) as (keyof typeof causeLabels)[]
  const total = names.reduce((sum, name) => sum + breaches[name], 0)
  const title = `${formatting.value((100 * breaches.eoq) / total, '%')} of ${formatting.count(total)} breach periods fall on a quarter end`
  return (
    <ChartFrame
      className="medium"
      title={title}
      note="Forecast breach periods by calendar context"
      label={title}
      option={option}
      table={() => ({ columns: ['cause', 'breach periods'], rows: names.map((name) => [causeLabels[name], breaches[name]]) })}
    />
  )
}

const StrongestUplifts = ({ response, theme }: { readonly response: SeasonResponse; readonly theme: ChartTheme }) => {
  const { strongest } = response
  const option = useCallback(
    () =>
      createBarsOption(
        {
          names: strongest.map(({ server_id }) => server_id),
          unit: 'points',
          isHorizontal: true,
          kinds: [{ name: 'uplift', color: theme.accent, values: strongest.map(({ eoq_uplift_points }) => eoq_uplift_points) }],
          labels: strongest.map((row) => formatSigned(row.eoq_uplift_points)),
          intervals: strongest.map(({ eoq_uplift_low: low, eoq_uplift_high: high }) =>
            low === null || high === null ? null : [low, high],
          ),
          notes: strongest.map(({ eoq_uplift_quarters: quarters }) => `n = ${quarters} quarter ${quarters === 1 ? 'end' : 'ends'}`),
        },
        { theme, formatting },
      ),
    [strongest, theme],
  )
  const title = `${strongest[0]?.server_id} is most affected: ${formatSigned(strongest[0]?.eoq_uplift_points ?? 0)} points`
  return (
    <ChartFrame
      className="tall"
      title={title}
      note="Filtered servers with the largest quarter-end uplift and its interval. Click to open."
      label={`Most affected servers. ${title}`}
      option={option}
      onItemClick={(_, __, index) => {
        const server = strongest[index]
        if (server !== undefined) openServer(server.server_id)
      }}
      table={() => ({
        columns: ['server', 'uplift points', 'quarters', 'lower limit', 'upper limit'],
        rows: strongest.map((row) => [
          row.server_id,
          row.eoq_uplift_points,
          row.eoq_uplift_quarters,
          row.eoq_uplift_low,
          row.eoq_uplift_high,
        ]),
      })}
    />
  )
}

const causesOption = (breaches: MetricSeason['breaches'], theme: ChartTheme): EChartsOption => {
  const causes = Object.keys(causeLabels) as (keyof typeof causeLabels)[]
  const all = causes.reduce((sum, name) => sum + breaches[name], 0)
  return createBarsOption(
    {
      names: causes.map((name) => causeLabels[name]),
      unit: '',
      isHorizontal: true,
      kinds: [{ name: 'breach periods', color: theme.risk.high.color, values: causes.map((name) => breaches[name]) }],
      labels: causes.map((name) => `${formatting.count(breaches[name])} (${formatting.value((100 * breaches[name]) / all, '%')})`),
    },
    { theme, formatting },
  )
}
