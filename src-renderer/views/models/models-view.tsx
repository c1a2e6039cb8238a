// Model accuracy: backtest errors per model, calibration of breach probabilities, coverage of intervals.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import type { EChartsOption } from 'echarts'
import { useCallback } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import { createReliabilityOption, wilsonInterval } from '../../charts/curve-options.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { ModelAccuracyResponse } from '../../../src-shared/ipc/fleet-view.ts'
import type { HoldOutAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Loaded } from '../loaded.tsx'
import { useRequest } from '../../state/use-request.ts'
import { useWindowState } from '../../state/window-state.ts'
import {
  formatBrierScore,
  formatNumber,
  formatFraction,
  formatScore,
  formatSigned,
  formatting,
  trustFormats,
} from '../../theme/formatting.ts'
import { describeTrust } from '../../../src-shared/artefacts/describe-trust.ts'
import type { RunViewProps } from '../view-entry.ts'

type Accuracy = NonNullable<ModelAccuracyResponse['accuracy']>

export const ModelsView = ({ run, theme }: RunViewProps) => {
  const response = useRequest('models.list', { folder: run.folder }, run.folder)
  const metric = useWindowState((state) => state.metric)
  return (
    <main className="page" aria-label="Models">
      <Loaded response={response}>
        {({ accuracy }) =>
          accuracy === null ? (
            <EmptyState title="No model accuracy in this run">
              {run.kind === 'python-original'
                ? 'Module 05 does not compare models. Analyse its forecasts with Headroom.'
                : 'model_accuracy.json is missing. Run the analysis again.'}
            </EmptyState>
          ) : (
            <div className="page-inner">
              <h1 className="finding">
                {describeTrust(accuracy, metric, run.metrics.find(({ name }) => name === metric)?.unit ?? '', trustFormats)}
              </h1>
              <p>{selectionText(accuracy)}</p>
              {(accuracy.hold_out ?? []).map((errors) => (
                <p key={errors.metric}>{holdOutText(errors)}</p>
              ))}
              <ModelTable accuracy={accuracy} />
              <div className="columns">
                <Calibration accuracy={accuracy} theme={theme} />
                <Coverage accuracy={accuracy} theme={theme} />
              </div>
            </div>
          )
        }
      </Loaded>
    </main>
  )
}

const selectionText = ({ models }: Accuracy): string => {
  const topModel = models.reduce<Accuracy['models'][number] | undefined>(
    (top, model) => (top !== undefined && top.series_won >= model.series_won ? top : model),
    undefined,
  )
  if (topModel === undefined) return 'No models to evaluate'
  const total = models.reduce((sum, { series_won: selectedSeries }) => sum + selectedSeries, 0)
  const error = topModel.mae === null ? '' : `; its mean absolute error is ${formatNumber(topModel.mae)} points`
  return `${topModel.model} was selected for ${formatting.count(topModel.series_won)} of ${formatting.count(total)} series${error}.`
}

/** "cpu_p95: selected models have a mean absolute error of 5.75 in the backtest, and 8.3 on a last window that the selection did not see". */
const holdOutText = ({ metric, series, in_sample_mae, hold_out_mae }: HoldOutAccuracy): string =>
  `${metricLabel(metric)}: selected models have a mean absolute error of ${formatScore(in_sample_mae)} in the backtest, and ${formatScore(hold_out_mae)} on a last window that the selection did not see (${formatting.count(series)} series).`

const ModelTable = ({ accuracy }: { readonly accuracy: Accuracy }) => {
  const value = (number: number | null, unit = ''): string => (number === null ? '–' : formatting.value(number, unit))
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col" data-number title="Series with the lowest error over the period all models cover">
            Selected for
          </th>
          <th scope="col" data-number title="Mean absolute error in the backtest (points)">
            MAE
          </th>
          <th scope="col" data-number title="Symmetric mean absolute percentage error">
            sMAPE
          </th>
          <th scope="col" data-number title="Median MASE; below 1 beats the seasonal naive forecast">
            MASE
          </th>
          <th scope="col" data-number title="Mean of predicted minus actual">
            Bias
          </th>
          <th scope="col" data-number>
            Actual coverage
          </th>
          <th scope="col" data-number>
            Backtest points
          </th>
        </tr>
      </thead>
      <tbody>
        {accuracy.models.map((model) => (
          <tr key={model.model}>
            <td>{model.model}</td>
            <td data-number>
              {formatting.count(model.series_won)} of {formatting.count(model.series)}
            </td>
            <td data-number>{value(model.mae)}</td>
            <td data-number>{value(model.smape_percent, '%')}</td>
            <td data-number>{model.median_mase === null ? '–' : formatScore(model.median_mase)}</td>
            <td data-number>{model.bias === null ? '–' : formatSigned(model.bias)}</td>
            <td data-number title={`Nominal coverage ${formatFraction(accuracy.interval_level)}`}>
              {model.interval_coverage === null
                ? 'no interval'
                : `${formatFraction(model.interval_coverage)} (nominal ${formatFraction(accuracy.interval_level)})`}
            </td>
            <td data-number>{formatting.count(model.backtest_points)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface PanelProps {
  readonly accuracy: Accuracy
  readonly theme: ChartTheme
}

const Calibration = ({ accuracy, theme }: PanelProps) => {
  // The event of the heading and of all verdicts; older runs know the other alone.
  const calibration = accuracy.calibration_sustained ?? accuracy.calibration ?? undefined
  const isSustained = calibration === accuracy.calibration_sustained
  const rows = calibration?.reliability
  // Older runs had one window per series and counted series.
  const unit = calibration?.entries === undefined ? 'series' : 'windows'
  const option = useCallback(() => createReliabilityOption(rows ?? [], unit, { theme, formatting }), [rows, unit, theme])
  if (calibration === undefined) {
    return (
      <section aria-label="Breach probabilities">
        <h2>No breach probabilities</h2>
        <p className="muted">Enable “Breach probability” in Settings and run the analysis again.</p>
      </section>
    )
  }
  const score = (number: number | null): string => (number === null ? '–' : formatBrierScore(number))
  return (
    <div className="chart-frame">
      <ChartFrame
        className="tall"
        title={calibration.verdict}
        note={`${isSustained ? 'Probability to run out (P95 above the threshold)' : 'Probability of any breach (some value above the threshold)'}: predicted against observed, by decile`}
        label={`Calibration of breach probabilities. ${calibration.verdict}`}
        legend={[
          { label: 'Observed', color: theme.accent, mark: 'bar', series: ['observed'] },
          { label: '90 % interval', color: theme.text, mark: 'line', series: ['intervals'] },
          { label: 'Perfect calibration', color: theme.muted, mark: 'dashed', series: ['perfect'] },
        ]}
        option={option}
        table={() => ({
          columns: ['predicted %', 'observed %', '90 % interval from', 'to', unit],
          rows: calibration.reliability.map(({ predicted, observed, series }) => [
            100 * predicted,
            100 * observed,
            ...wilsonInterval(observed, series).map((end) => 100 * end),
            series,
          ]),
        })}
      />
      <dl className="facts">
        <div className="pair">
          <dt title="Mean squared difference between probability and outcome; lower is better">Brier score</dt>
          <dd>{score(calibration.brier)}</dd>
        </div>
        <div className="pair">
          <dt>Brier score (at-risk flag)</dt>
          <dd>{score(calibration.brier_plain_flag)}</dd>
        </div>
        <div className="pair">
          <dt>Brier score (base rate)</dt>
          <dd>{score(calibration.brier_base_rate)}</dd>
        </div>
        <div className="pair">
          <dt>{isSustained ? 'Ran out in the backtest' : 'Breached in the backtest'}</dt>
          <dd>
            {formatting.count(calibration.events)} of {formatting.count(calibration.entries ?? calibration.series)} {unit}
          </dd>
        </div>
      </dl>
    </div>
  )
}

const Coverage = ({ accuracy, theme }: PanelProps) => {
  const recalibration = accuracy.coverage ?? undefined
  const { models, interval_level: level } = accuracy
  const option = useCallback(() => coverageOption(models, level, theme), [models, level, theme])
  const modelsWithBounds = models.filter((model) => model.interval_coverage !== null)
  if (modelsWithBounds.length === 0) {
    return (
      <section aria-label="Intervals">
        <h2>Interval coverage unknown</h2>
        <p className="muted">The backtest has no intervals.</p>
      </section>
    )
  }
  const worst = modelsWithBounds.reduce((lowest, model) =>
    (model.interval_coverage ?? 1) < (lowest.interval_coverage ?? 1) ? model : lowest,
  )
  const title = `Nominal coverage ${formatFraction(level)}; lowest actual coverage ${formatFraction(worst.interval_coverage ?? 0)} (${worst.model})`
  return (
    <ChartFrame
      className="tall"
      title={title}
      note={`${
        recalibration === undefined || recalibration.before === null || recalibration.after === null
          ? 'Actual coverage in the backtest'
          : `Selected models: coverage ${formatFraction(recalibration.before)} before, ${formatFraction(recalibration.after)} after recalibration`
      }${accuracy.is_coverage_checked === false ? '. Nominal coverage cannot be checked: the lead of the backtest is unknown or shorter than the horizon' : ''}`}
      label={title}
      option={option}
      table={() => ({
        columns: ['model', 'actual coverage %', 'nominal coverage %', 'points'],
        rows: modelsWithBounds.map((model) => [model.model, 100 * (model.interval_coverage ?? 0), 100 * level, model.interval_points]),
      })}
    />
  )
}

const coverageOption = (models: Accuracy['models'], level: number, theme: ChartTheme): EChartsOption => {
  const bounded = models.filter((model) => model.interval_coverage !== null)
  return createBarsOption(
    {
      names: bounded.map(({ model }) => model),
      unit: '%',
      max: 100,
      kinds: [{ name: 'actual coverage', color: theme.accent, values: bounded.map((model) => 100 * (model.interval_coverage ?? 0)) }],
      labels: bounded.map((model) => formatFraction(model.interval_coverage ?? 0)),
      notes: bounded.map(() => `nominal ${formatFraction(level)}`),
      mark: { value: 100 * level, name: `nominal ${formatFraction(level)}` },
    },
    { theme, formatting },
  )
}
