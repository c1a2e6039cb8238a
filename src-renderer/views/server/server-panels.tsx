// Panels of a server's page: time series, breach probability, recommendation, all figures.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { Copy } from 'lucide-react'
import { useCallback, useMemo } from 'react'
import { createBreachCurveOption } from '../../charts/curve-options.ts'
import { intervalAt, createServerSeriesLegend, createServerSeriesOption, type ServerSeriesData } from '../../charts/server-series-option.ts'
import { dayMs } from '../../../src-shared/chart-options/format.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { ServerEvents } from '../../../src-shared/ipc/event-calendar.ts'
import type { RunOverview, ServerDetail } from '../../../src-shared/ipc/run-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import type { ElementSize } from '../../charts/chart.tsx'
import { SegmentedControl } from '../../components/select.tsx'
import { copyWithNotice } from '../../state/export-actions.ts'
import { navigateTo, openServer } from '../../state/navigation.ts'
import { formatIso, formatProbability, formatSigned, formatting } from '../../theme/formatting.ts'
import { recommendationLabels } from '../../theme/labels.ts'
import { reasonText } from '../recommendation-text.ts'
import { formatLikelihood, formatPeriods, formatServerTime, listFigures, type ServerFigures } from '../../components/server-figures.ts'

export type SpanName = 'forecast' | 'recent' | 'year' | 'all'

interface PanelProps {
  readonly figures: ServerFigures
  readonly run: RunOverview
  readonly theme: ChartTheme
}

const parseTime = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso))

const toSeriesData = (figures: ServerFigures, events: ServerEvents, run: RunOverview, span: SpanName): ServerSeriesData => {
  const { timesMs } = figures.series
  const firstMs = timesMs[0] ?? run.extent.startMs
  const toMs = (timesMs.at(-1) ?? run.extent.endMs) + run.stepMs
  const start = parseTime(figures.horizon_start)
  const spanStartMs: Readonly<Record<SpanName, number>> = {
    all: firstMs,
    forecast: start ?? firstMs,
    recent: start === null ? firstMs : Math.min(start, (parseTime(figures.last_measured_at) ?? start) + run.stepMs) - 2 * (toMs - start),
    year: toMs - 456 * dayMs,
  }
  return {
    unit: figures.unit,
    stepMs: run.stepMs,
    model: figures.model ?? 'forecast',
    ...figures.series,
    margin: figures.interval_margin,
    marginsByThird: marginsByThird(figures),
    otherModels: figures.otherModels,
    marks: figures.marks,
    events: events.events.filter(({ metric }) => metric === null || metric === figures.metric),
    adjustedForecast: events.adjustedForecasts.find(({ metric }) => metric === figures.metric) ?? null,
    horizonStartMs: start,
    highThreshold: figures.high_threshold,
    veryHighThreshold: figures.very_high_threshold,
    firstBreachMs: parseTime(figures.first_breach_at),
    p95:
      figures.p95_median === null || figures.p95_p10 === null || figures.p95_p90 === null
        ? null
        : { median: figures.p95_median, low: figures.p95_p10, high: figures.p95_p90 },
    fromMs: Math.max(firstMs, spanStartMs[span]),
    toMs,
  }
}

interface ServerSeriesProps extends PanelProps {
  readonly events: ServerEvents
  readonly span: SpanName
  readonly onSpan: (span: SpanName) => void
}

export const ServerSeries = ({ figures, events, run, theme, span, onSpan }: ServerSeriesProps) => {
  const data = useMemo(() => toSeriesData(figures, events, run, span), [figures, events, run, span])
  const option = useCallback(({ width }: ElementSize) => createServerSeriesOption(data, { theme, formatting }, width), [data, theme])
  const title = seriesTitle(figures, run)
  return (
    <div className="chart-frame">
      <SegmentedControl<SpanName>
        label="Time range"
        value={span}
        options={[
          { value: 'forecast', label: 'Forecast' },
          { value: 'recent', label: 'With history' },
          { value: 'year', label: '1 year' },
          { value: 'all', label: 'All' },
        ]}
        onChange={onSpan}
      />
      <ChartFrame
        className="tall"
        title={title}
        note={figures.unit === '' ? metricLabel(figures.metric) : `${metricLabel(figures.metric)}, ${figures.unit}`}
        legend={createServerSeriesLegend(data, intervalLabel(figures), { theme, formatting })}
        label={`${metricLabel(figures.metric)} of ${figures.server_id} over time. ${title}`}
        option={option}
        table={() => {
          const changed = new Map(
            data.adjustedForecast === null
              ? []
              : [...data.adjustedForecast.timesMs].map((timeMs, index) => [timeMs, data.adjustedForecast?.forecast[index]]),
          )
          const value = (number: number | undefined) => (number === undefined || Number.isNaN(number) ? null : number)
          return {
            columns: ['time', 'measured', 'forecast', 'lower', 'upper', ...(data.adjustedForecast === null ? [] : ['with events'])],
            rows: [...data.timesMs].flatMap((timeMs, index) => {
              if (timeMs < data.fromMs) return []
              const band = intervalAt(data, index)
              return [
                [
                  formatIso(timeMs),
                  value(data.measured[index]),
                  value(data.forecast[index]),
                  band === null ? null : band[0],
                  band === null ? null : band[1],
                  ...(data.adjustedForecast === null ? [] : [value(changed.get(timeMs))]),
                ],
              ]
            }),
          }
        }}
      />
    </div>
  )
}

/** Null where the backtest does not look as far ahead as the horizon, or it is not known whether it does. */
const marginsByThird = ({ interval_margin_early: early, interval_margin_middle: middle, interval_margin_late: late }: ServerFigures) =>
  early === null || middle === null || late === null ? null : ([early, middle, late] as const)

/** A smaller margin would be shown as 0. */
const minShownMargin = 0.05

const intervalLabel = (figures: ServerFigures): string | null => {
  if (figures.series.upper.every((value) => Number.isNaN(value))) return null
  const thirds = marginsByThird(figures)
  if (thirds !== null && Math.max(...thirds.map(Math.abs)) >= minShownMargin)
    return `Interval (recalibrated by ${thirds.map(formatSigned).join(', ')} points, by lead)`
  const unchecked = thirds === null ? 'nominal coverage cannot be checked' : ''
  const margin =
    thirds !== null || figures.interval_margin === null || Math.abs(figures.interval_margin) < minShownMargin
      ? ''
      : `recalibrated by ${formatSigned(figures.interval_margin)} points`
  const notes = [margin, unchecked].filter((note) => note !== '')
  return notes.length === 0 ? 'Interval' : `Interval (${notes.join('; ')})`
}

const seriesTitle = (figures: ServerFigures, run: RunOverview): string => {
  if (figures.model === null) return 'No forecast'
  if (figures.high_threshold === null) return 'No threshold for this metric'
  const threshold = formatting.value(figures.high_threshold, figures.unit)
  if (figures.first_breach_at === null) {
    return figures.is_at_risk
      ? `Forecast below ${threshold}, but its P95 is likely above: a forecast holds no errors`
      : `Forecast below ${threshold} over the whole horizon`
  }
  return `Exceeds ${threshold} from ${formatServerTime(figures.first_breach_at, run)}, ${formatPeriods(figures.periods_over, run, figures.horizon_periods)}`
}

export const BreachProbability = ({ figures, run, theme }: PanelProps) => {
  const { breach_probability: anyBreach, breach_probability_dates: dates } = figures
  // Runs of older versions know the curve of any breach alone.
  const isSustained = figures.at_risk_probability_by !== null
  const probability = isSustained ? figures.at_risk_probability : anyBreach
  const probabilities = isSustained ? figures.at_risk_probability_by : figures.breach_probability_by
  const startMs = parseTime(figures.horizon_start) ?? run.extent.startMs
  const expectedMs = parseTime(figures.expected_first_breach)
  const option = useCallback(
    () =>
      createBreachCurveOption(
        {
          timesMs: (dates ?? []).map((date) => Date.parse(date)),
          probability: probabilities ?? [],
          startMs,
          stepMs: run.stepMs,
          expectedMs: expectedMs,
        },
        { theme, formatting },
      ),
    [dates, probabilities, startMs, expectedMs, run.stepMs, theme],
  )
  if (probability === null || dates === null || probabilities === null) {
    return (
      <section aria-label="Breach probability">
        <h2>Breach probability</h2>
        <p className="muted">
          {figures.high_threshold === null
            ? 'No threshold for this metric.'
            : 'Not estimated. Enable “Breach probability” in Settings and run the analysis again.'}
        </p>
      </section>
    )
  }
  const title = `${isSustained ? `Sustained breach ${formatLikelihood(probability)}` : `Any breach ${formatProbability(probability)}`}${expectedMs === null ? '' : `; if so, expected on ${formatServerTime(figures.expected_first_breach, run)}`}`
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={
        isSustained
          ? `Probability by date that the P95 of what comes lies above the threshold; some value does: ${anyBreach === null ? 'not known' : formatProbability(anyBreach)}`
          : 'Probability by date that some value lies above the threshold'
      }
      label={title}
      option={option}
      table={() => ({
        columns: ['by', 'probability %'],
        rows: dates.map((date, index) => [formatIso(Date.parse(date)), 100 * (probabilities[index] ?? 0)]),
      })}
    />
  )
}

export const ServerRecommendation = ({
  run,
  detail,
  figures,
}: {
  readonly run: RunOverview
  readonly detail: ServerDetail
  readonly figures: ServerFigures
}) => {
  const { recommendation } = detail
  return (
    <section className="recommendation" aria-label="Recommendation">
      <h2>Recommendation: {run.kind === 'python-original' ? 'unknown' : recommendationLabels[figures.recommendation]}</h2>
      {recommendation === null ? (
        <p className="muted">{run.kind === 'python-original' ? 'Module 05 has no recommendations per server.' : 'No action needed.'}</p>
      ) : (
        <>
          <p>{reasonText(recommendation)}</p>
          {recommendation.target_host !== null && (
            <p>
              Target host:{' '}
              <button type="button" className="link" onClick={() => openServer(recommendation.target_host ?? '')}>
                {recommendation.target_host}
              </button>
            </p>
          )}
          {recommendation.verdict !== null && (
            <p className="verdict">
              {recommendation.verdict === 'accepted' ? 'Accepted' : 'Dismissed'}
              {recommendation.verdict_reason === '' ? '' : `: ${recommendation.verdict_reason}`}
            </p>
          )}
          {recommendation.query !== '' && (
            <details>
              <summary>Source query</summary>
              <pre className="code">{recommendation.query}</pre>
              <div className="actions">
                <button type="button" className="button" onClick={() => void copyWithNotice(recommendation.query, 'Query')}>
                  <Copy size={14} aria-hidden /> Copy query
                </button>
              </div>
            </details>
          )}
          <div>
            <button type="button" className="link" onClick={() => navigateTo('recommendations')}>
              Open recommendations
            </button>
          </div>
        </>
      )}
    </section>
  )
}

export const AllFigures = ({ figures, run }: { readonly figures: ServerFigures; readonly run: RunOverview }) => (
  <section className="wide" aria-label="All figures">
    <h2>All figures</h2>
    <dl className="facts">
      {listFigures(figures, run).map(([name, value]) => (
        <div key={name} className="pair">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  </section>
)
