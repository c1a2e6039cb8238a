// Where each figure of a run comes from: its meaning, formula, code and test. `npm run docs:figures` prints them into docs/figures.md.

/**
 * @typedef {object} FigureSource
 * @property {string} [meaning] of a Parquet column, with its unit; JSON keys are described in their schemas
 * @property {string} formula
 * @property {string} code `file#name` of the function or constant that computes it
 * @property {string} test file of a test that fails when the figure is wrong
 */

/** @type {(code: string, test: string) => (meaning: string, formula: string) => FigureSource} */
const from = (code, test) => (meaning, formula) => ({ meaning, formula, code, test })

/** For keys of JSON files. @type {(code: string, test: string) => (formula: string) => FigureSource} */
const keyFrom = (code, test) => (formula) => ({ formula, code, test })

const frozen = 'test/engine/frozen-fleet.test.ts'
const risk = 'src-main/engine/risk/assess-risk.ts'
const clusterTest = 'test/engine/clusters/cluster-servers.test.ts'
const clusterNamesTest = 'test/engine/clusters/cluster-names.test.ts'
const seasonTest = 'test/engine/season/season-run.test.ts'
const trendTest = 'test/engine/season/measure-trend.test.ts'
const selectionTest = 'test/engine/selection/select-models.test.ts'
const holdOut = keyFrom('src-main/engine/selection/hold-out.ts#measureHoldOut', selectionTest)
const breachTest = 'test/engine/breach/simulate-paths.test.ts'
const calibrationTest = 'test/engine/breach/calibration.test.ts'
const coverageTest = 'test/engine/breach/interval-coverage.test.ts'

const series = from('src-main/engine/selection/prepare-series.ts#seriesQuery', frozen)
const selection = from('src-main/engine/selection/select-models.ts#selectedModelsQuery', frozen)
const threshold = from('src-main/forecasts/thresholds.ts#thresholdsQuery', frozen)
const horizon = from(`${risk}#horizonFiguresQuery`, frozen)
const verdict = from(`${risk}#seriesRiskQuery`, frozen)
const paths = from('src-main/engine/breach/fleet-paths.ts#FleetRecorder', breachTest)
const joint = from('src-main/engine/breach/joint-breaches.ts#joinSeries', 'test/engine/breach/joint-breaches.test.ts')
const applyBasis = 'src-main/engine/breach/apply-basis.ts'
const basisTest = 'test/engine/breach/apply-basis.test.ts'
const needs = from(`${applyBasis}#applyBasis`, basisTest)
const basis = from(`${applyBasis}#applyBasis`, basisTest)
const raw = from('src-main/statistics/student-t4.ts#exceedanceProbability', breachTest)
const calibrated = from('src-main/statistics/beta-calibration.ts#calibrate', calibrationTest)
/** @type {(figure: 'p95' | 'peak', name: string) => Readonly<Record<string, FigureSource>>} */
const pathMoments = (figure, name) =>
  Object.fromEntries(
    ['short', 'long'].flatMap((blocks) => [
      [
        `path_${figure}_mean_${blocks}`,
        paths(`mean ${name} of the paths with ${blocks} blocks, in the metric's unit`, 'mean over 100 paths'),
      ],
      [
        `path_${figure}_std_${blocks}`,
        paths(`deviation of the ${name} of the paths with ${blocks} blocks, in the metric's unit`, 'sample deviation over 100 paths'),
      ],
    ]),
  )
const estimates = from('src-main/engine/breach/estimate-breaches.ts#storeEstimates', breachTest)
const resourceTest = 'test/engine/capacity/resources.test.ts'
const seriesCapacity = from('src-main/engine/capacity/series-capacity.ts#storeSeriesCapacity', resourceTest)
const volumes = from('src-main/engine/capacity/volume-growth.ts#measureGrowth', 'test/engine/capacity/volumes.test.ts')
const uplift = from('src-main/engine/season/measure-uplifts.ts#measureUplifts', seasonTest)
const upliftInterval = from('src-main/engine/season/series-season.ts#estimateEffect', 'test/engine/season/season.test.ts')
const weeks = from('src-main/engine/season/measure-weeks.ts#measureWeeks', seasonTest)
const exhaustion = from('src-main/engine/season/measure-trend.ts#estimateExhaustion', trendTest)
const causes = from('src-main/engine/season/attribute-breaches.ts#attributeBreaches', seasonTest)
const clusters = from('src-main/engine/clusters/cluster-servers.ts#clusterServers', clusterTest)
const commonErrors = from('src-main/engine/selection/select-models.ts#candidatesQuery', frozen)
const accuracy = from('src-main/engine/artefacts/write-server-risk.ts#serverRiskQuery', frozen)
const recommendation = from('src-main/engine/recommendations/assign-recommendations.ts#assignRecommendations', frozen)
const thirdMargin = (/** @type {string} */ formula) =>
  from('src-main/engine/breach/interval-coverage.ts#fitMargins', coverageTest)(
    'points; empty where the lead is not known or shorter than the horizon',
    formula,
  )
const hostLoad = from('src-main/engine/recommendations/place-fleet.ts#measureHostLoad', 'test/engine/recommendations/place-fleet.test.ts')
const order = from('src-main/engine/recommendations/assign-recommendations.ts#orderFor', 'test/engine/recommendations/order-dates.test.ts')
const rowFlags = 'src-main/engine/flagged-forecasts/flag-lists.ts#flagsOfRow'
const flags = from(rowFlags, 'test/engine/risk/assess-risk.test.ts')
const calendarFlags = from(rowFlags, 'test/calendar/calendar.test.ts')

/** Columns of server_risk.parquet. @type {Readonly<Record<string, FigureSource>>} */
export const serverRiskFigures = {
  server_id: series('name of the server', 'as in the input'),
  metric: series('name of the metric', 'as in the input; without such a column `target_metric`'),
  model: selection('selected model; empty without a horizon', 'least MAE over the common backtest times; ties: the first by name'),
  business_unit: series('group of the server', 'servers table'),
  region: series('group of the server', 'servers table'),
  criticality: series('group of the server', 'servers table'),
  monthly_cost_usd: series('USD a month', 'servers table, else `cost_per_instance`'),
  capacity_units: series('capacity units', 'servers table, else 1'),
  lead_time_days: series('days from order to delivery', 'servers table, else `lead_time_days` of the configuration'),
  last_measured_at: series('last measured time, UTC', 'latest time with `actual`, over all models'),
  horizon_start: horizon('first time of the horizon, UTC', "least time of the selected model's future rows"),
  horizon_end: horizon('last time of the horizon, UTC', "latest time of the selected model's future rows"),
  horizon_periods: horizon('number of forecast periods', 'count of future rows with `predicted`'),
  horizon_p95: horizon("95th percentile of the forecast, in the metric's unit", 'value at rank 0.95 (n − 1), linear interpolation'),
  horizon_peak: horizon("maximum forecast value, in the metric's unit", 'max(`predicted`)'),
  horizon_mean: horizon("mean of the forecast, in the metric's unit", 'sum(`predicted`) / n'),
  horizon_std: horizon("sample standard deviation, in the metric's unit; empty below two periods", '√(Σ (x − mean)² / (n − 1))'),
  high_threshold: threshold('threshold of “at risk”; empty where none applies', "criticality's, else metric's, else `high_risk_threshold`"),
  very_high_threshold: threshold('threshold of level high; empty where none applies', 'as above, else `very_high_risk_threshold`'),
  is_silent: from('src-main/engine/selection/prepare-series.ts#seriesQuery', 'test/engine/artefacts/collect-warnings.test.ts')(
    'whether the server has gone silent: not judged, never at risk',
    'last measured more than 14 steps before the dataset',
  ),
  risk_level: basis(
    'high, medium or low; empty without a threshold',
    'the figure of `is_at_risk` against the very high threshold, against the high one, neither',
  ),
  is_at_risk: basis(
    'whether the metric is at risk',
    '`at_risk_probability` > 0.5; basis expected: `horizon_p95` > `high_threshold`; conservative: `conservative_p95` > `high_threshold`',
  ),
  risk_basis: from(`${applyBasis}#decidingBasisSql`, basisTest)(
    'basis that decided; empty without a threshold',
    '`basis` of the configuration; `expected` where its figure is not known',
  ),
  is_server_at_risk: basis(
    'whether the server is at risk',
    'some metric of it is; on the basis probable also `server_at_risk_probability` > 0.5',
  ),
  server_risk_level: basis(
    'high, medium or low; empty without a threshold',
    'highest level of its metrics; on the basis probable also by the joint probabilities',
  ),
  headroom_points: verdict('distance to the threshold, in points', '`high_threshold` − `horizon_p95`'),
  first_breach_at: horizon(
    'first forecast time above the threshold, UTC; empty without one',
    'min(time where `predicted` > `high_threshold`)',
  ),
  days_to_breach: verdict('days', '`first_breach_at` − `last_measured_at`'),
  periods_over: horizon('number of periods', 'count of `predicted` > `high_threshold`'),
  longest_breach_run: from(`${risk}#longestRunsQuery`, frozen)(
    'number of periods',
    'longest run of neighbouring steps above the threshold',
  ),
  percent_to_add: needs(
    "percent of today's capacity; 0 where neither *add capacity* nor *watch* is recommended",
    '100 × max(0, q / `high_threshold` − 1), q by basis `sizing_p95`, `horizon_p95` or `conservative_p95`; of a watched server `breaching_p95`',
  ),
  units_to_add: needs(
    'capacity units; empty where none are stated',
    'units × `percent_to_add` / 100, rounded up where units are whole, then at least one for a server that needs any',
  ),
  at_risk_probability: calibrated(
    "probability that the horizon's P95 lies above the threshold, 0 to 1",
    'beta curve of the raw probability',
  ),
  at_risk_probability_raw: raw(
    'the same before calibration, 0 to 1',
    'mean over both halves of the paths of F_t4(mean / deviation of P95 − threshold)',
  ),
  very_high_probability: calibrated(
    "probability that the horizon's P95 lies above the very high threshold, 0 to 1",
    'the same beta curve of the raw probability against that threshold',
  ),
  server_at_risk_probability: joint(
    "probability that any metric's P95 lies above its threshold, 0 to 1",
    'share of paths on which a metric breaches, at least their greatest probability and at most their sum',
  ),
  path_source: from('src-main/engine/breach/simulate-quantiles.ts#simulateFromQuantiles', 'test/engine/breach/quantile-paths.test.ts')(
    '`residuals` or `quantiles`; empty without probabilities',
    'quantiles of the forecast where neither the series nor its bin has a backtest; such probabilities are not calibrated',
  ),
  p95_median: paths("median P95 of the paths, in the metric's unit", "median over 200 paths of each path's P95"),
  p95_p10: paths("lower end of its 80 % interval, in the metric's unit", "10 % quantile over 200 paths of each path's P95"),
  p95_p90: paths("upper end of its 80 % interval, in the metric's unit", "90 % quantile over 200 paths of each path's P95"),
  sizing_p95: paths(
    "P95 that added capacity must carry, in the metric's unit",
    "quantile `sizing_confidence` over 200 paths of each path's P95",
  ),
  breaching_p95: paths(
    "the same where the risk comes true, in the metric's unit; empty where no path breaches",
    'quantile `sizing_confidence` of the P95 over the paths with a sustained breach',
  ),
  breach_probability: calibrated(
    'probability that some horizon value lies above the threshold, 0 to 1',
    'beta curve of the raw probability, at least `at_risk_probability`',
  ),
  breach_probability_raw: raw(
    'the same before calibration, 0 to 1',
    'mean over both halves of the paths of F_t4(mean / deviation of maximum − threshold)',
  ),
  server_breach_probability: joint(
    'probability that some value of any metric lies above its threshold, 0 to 1',
    'as `server_at_risk_probability`, of any breach',
  ),
  breach_probability_dates: estimates('times of the curve below, UTC', 'weekly for daily data, six-hourly for hourly data'),
  breach_probability_by: estimates(
    'probability of a breach up to each of these times',
    '`breach_probability` × share of breaching paths so far',
  ),
  at_risk_probability_by: estimates(
    'probability that a sustained breach has begun by each of these times',
    '`at_risk_probability` × share of paths with a sustained breach that were above the threshold so far',
  ),
  first_breach_p20: paths(
    'time, UTC; empty where no path breaches',
    '20 % quantile of the first time above the threshold among paths with a sustained breach',
  ),
  expected_first_breach: paths(
    'time, UTC; empty where no path breaches',
    'median first time above the threshold among paths with a sustained breach',
  ),
  conservative_p95: paths("in the metric's unit", "95th percentile over the paths of each path's P95"),
  likely_p95: from('src-main/statistics/likely-value.ts#findLikelyValue', 'test/statistics/likely-value.test.ts')(
    "P95 that is exceeded with a probability of one half, in the metric's unit",
    'the threshold at which `at_risk_probability` would be 0.5',
  ),
  ...pathMoments('p95', 'P95'),
  ...pathMoments('peak', 'peak'),
  interval_margin: from('src-main/engine/breach/interval-coverage.ts#fitMargins', coverageTest)(
    'points by which both bounds are widened',
    'split-conformal quantile of how far measured values lie outside the bounds',
  ),
  interval_margin_early: thirdMargin('the same over leads in the first third of the horizon'),
  interval_margin_middle: thirdMargin('the same over leads in the second third'),
  interval_margin_late: thirdMargin('the same over leads in the last third'),
  seasonal_peak_risk: horizon(
    "in the metric's unit; empty where the horizon has no such day",
    'max(`predicted`) in quarter-end windows and on holidays',
  ),
  eoq_uplift_points: uplift('points above ordinary days', 'mean over quarters of window days − same weekdays of the quarter'),
  eoq_uplift_quarters: uplift('number of quarters behind it', 'count of completely measured windows'),
  eoq_uplift_standard_error: uplift('points; empty below two quarters', 'sample deviation over quarters / √n'),
  eoq_uplift_low: upliftInterval(
    'lower limit, points; empty below two quarters',
    'mean − t × standard error, 95 %, n − 1 degrees of freedom',
  ),
  eoq_uplift_high: upliftInterval(
    'upper limit, points; empty below two quarters',
    'mean + t × standard error, 95 %, n − 1 degrees of freedom',
  ),
  holiday_uplift_points: uplift('points above ordinary days', 'mean over holidays of the day − same weekdays of the quarter'),
  holiday_uplift_days: uplift('number of holidays behind it', 'count of holidays outside quarter-end windows'),
  holiday_uplift_standard_error: uplift('points; empty below two holidays', 'sample deviation over holidays / √n'),
  holiday_uplift_low: upliftInterval(
    'lower limit, points; empty below two holidays',
    'mean − t × standard error, 95 %, n − 1 degrees of freedom',
  ),
  holiday_uplift_high: upliftInterval(
    'upper limit, points; empty below two holidays',
    'mean + t × standard error, 95 %, n − 1 degrees of freedom',
  ),
  weekend_uplift_points: weeks('points above weekdays', 'mean over weeks of weekend mean − weekday mean'),
  weekend_uplift_weeks: weeks('number of weeks behind it', 'count of completely measured weeks'),
  weekend_uplift_standard_error: weeks('points; empty below two weeks', 'sample deviation over weeks / √n'),
  weekend_uplift_low: upliftInterval(
    'lower limit, points; empty below two weeks',
    'mean − t × standard error, 95 %, n − 1 degrees of freedom',
  ),
  weekend_uplift_high: upliftInterval(
    'upper limit, points; empty below two weeks',
    'mean + t × standard error, 95 %, n − 1 degrees of freedom',
  ),
  weekly_strength: from('src-main/engine/season/measure-weeks.ts#weeklyStrengthOf', seasonTest)(
    'share of variation that repeats weekly, 0 to 1; empty below four weeks',
    'max(0, 1 − Var(remainder) / Var(seasonal + remainder))',
  ),
  breaches_eoq: causes('number of periods', 'periods above the threshold inside a quarter-end window'),
  breaches_month_end: causes('number of periods', 'else on the last two days of a month'),
  breaches_holiday: causes('number of periods', 'else on a holiday'),
  breaches_ordinary: causes('number of periods', 'the rest: the four add up to `periods_over`'),
  saturated_share: from(
    'src-main/engine/backtest/measure-saturation.ts#saturatedShareOf',
    'test/engine/backtest/measure-saturation.test.ts',
  )(
    'share of measured periods, 0 to 1; empty without a backtest or in another unit than percent',
    'count of `actual` ≥ 99 / count of `actual`, selected model, past events left out',
  ),
  is_underutilized: from('src-main/engine/methods/headroom.ts#isUnderutilizedSql', frozen)(
    'of the whole server',
    '`horizon_mean` < `underutilized_threshold` for every metric with a threshold',
  ),
  cluster: clusters('number of the cluster, 0 the quietest; empty without a horizon', 'k-means over standardised features'),
  cluster_name: from('src-main/engine/clusters/cluster-names.ts#nameCluster', clusterNamesTest)(
    'name of the cluster',
    "rule on the cluster's centre",
  ),
  trend_per_30_days: from('src-main/engine/season/measure-trend.ts#fitOrdinaryLines', trendTest)(
    'points per 30 days; empty below 28 measured days',
    'slope over the ordinary days of backtest and horizon, one level per weekday × 30',
  ),
  trend_standard_error: from('src-main/engine/season/measure-trend.ts#measureWeeklyTrend', trendTest)(
    'points per 30 days',
    'Newey-West error of the slope through the measured weekly means × 30',
  ),
  exhaustion_at: exhaustion('extrapolated; empty beyond five years', 'when trend line + 95th percentile about it reaches `high_threshold`'),
  exhaustion_earliest: exhaustion('earliest such date; empty beyond five years', 'the same at the upper 80 % limit of the slope'),
  exhaustion_latest: exhaustion('latest such date; empty beyond five years', 'the same at the lower 80 % limit of the slope'),
  backtest_points: commonErrors('number of common backtest times', 'times that every candidate forecast'),
  mae: commonErrors("mean absolute error, in the metric's unit", 'mean of |actual − predicted| over the common times'),
  mase: commonErrors('mean absolute scaled error; empty where the naive error is 0', '`mae` / mean of |actual(t) − actual(t − season)|'),
  smape_percent: accuracy('percent, 0 to 200', 'mean of 200 |actual − predicted| / (|actual| + |predicted|), all backtest rows'),
  bias: accuracy("in the metric's unit; positive: forecasts too high", 'mean of predicted − actual, all backtest rows'),
  interval_coverage: accuracy('share, 0 to 1; empty without bounds', 'share of measured values inside the bounds, limits included'),
  recommendation: recommendation('one per server', 'first that applies: add capacity, watch, retire, consolidate, keep'),
  target_host: from('src-main/statistics/place-servers.ts#Placement', 'test/statistics/place-servers.test.ts')(
    'server that takes a consolidated one over; else empty',
    'first fit by falling measured peak, summed demand above `consolidation_target` on few enough joint paths',
  ),
  host_load_p50: hostLoad(
    'percent of its capacity; empty for servers that take none over',
    'median over the paths of the highest summed demand / capacity',
  ),
  host_load_p90: hostLoad('percent of its capacity; empty for servers that take none over', '90 % quantile over the paths of the same'),
  host_share_above_target: hostLoad(
    'share, 0 to 1; empty for servers that take none over',
    'share of the paths on which it exceeds `consolidation_target`',
  ),
  order_by: order(
    'latest time to order, or to decide about a watched server, UTC',
    'least `first_breach_p20`, else `first_breach_at`, of the metrics that decide, − lead time',
  ),
  is_order_late: order('whether that time has passed, where capacity is added', '`order_by` < `last_measured_at`'),
  is_limiting: from('src-main/engine/recommendations/fleet-servers.ts#createFleetServers', frozen)(
    'whether this metric limits its server',
    'greatest `at_risk_probability`, then earliest `first_breach_p20`; basis expected and conservative: least `headroom_points`; ties: the first by name',
  ),
  capacity: seriesCapacity(
    'what 100 % of the metric are, in `capacity_unit`; empty where it is not known',
    "column of the servers table that the metric's name or `metric_capacities` names; else the last row of the forecasts that states it",
  ),
  capacity_unit: seriesCapacity('cores, GiB or units', 'by that column'),
  capacity_changes: seriesCapacity('number of changes of the capacity in the history', 'rows of `capacity_history` − 1'),
  capacity_changed_at: seriesCapacity('time of the last change, UTC; empty without one', 'latest row of `capacity_history`'),
  is_limiting_resource: from('src-main/engine/artefacts/write-server-risk.ts#serverRiskQuery', resourceTest)(
    'whether this metric of the server runs out first',
    'earliest `exhaustion_at`, or `expected_first_breach` where it is at risk; then greatest `at_risk_probability`, least `headroom_points`, first name',
  ),
  growth_per_day: volumes(
    'growth of a disk or storage pool, percent of its capacity a day; empty for other metrics and below ten days',
    'median slope between all pairs of days since the last drop above a tenth, 90 days at most (Theil-Sen)',
  ),
  full_at: volumes(
    'day on which it is full; empty without growth and beyond five years',
    'last day + (100 − median line on the last day) / `growth_per_day`',
  ),
  full_earliest: volumes(
    "by the upper limit of the slope's 80 % interval",
    "as `full_at`; limits by rank with Kendall's variance (Sen 1968)",
  ),
  full_latest: volumes("by the lower limit of the slope's 80 % interval; empty: never, or beyond five years", 'as `full_earliest`'),
}

/** Columns that risk_flagged_forecasts.parquet adds to the input. @type {Readonly<Record<string, FigureSource>>} */
export const flaggedFigures = {
  risk_flag: flags('of the row', '`predicted` > `high_threshold`'),
  risk_level: flags('of the row: high, medium or low', '`predicted` above the very high threshold, the high one, neither'),
  month: calendarFlags("month of the row's time, 1 to 12", 'UTC calendar'),
  is_eoq: calendarFlags('whether the time lies in a quarter-end window', 'last `eoq_window_days` days of the months in `eoq_months`'),
  is_holiday: calendarFlags('whether the day is a public or bank holiday', '`holiday_country` and `holiday_state`'),
  seasonal_peak_risk: calendarFlags('of the series, repeated on its rows', 'as in server_risk.parquet'),
  is_underutilized: flags('of the server, repeated on its rows', 'as in server_risk.parquet'),
  is_selected: from(rowFlags, 'test/engine/selection/select-models.test.ts')(
    'whether the row is of the selected model',
    '`model` = selected model of the series',
  ),
}

const eventsTest = 'test/engine/events/events.test.ts'
const modelsTest = 'test/engine/selection/select-models.test.ts'

const count = keyFrom('src-main/engine/breach/joint-breaches.ts#summarizeCounts', 'test/engine/breach/joint-breaches.test.ts')
const groupCount = keyFrom('src-main/engine/breach/group-counts.ts#countGroups', 'test/engine/breach/group-counts.test.ts')
const summary = keyFrom('src-main/engine/artefacts/summarize-run.ts#summarizeRun', frozen)
const flaggedRows = keyFrom('src-main/engine/methods/module05.ts#module05', 'test/engine/methods/module05.test.ts')
const clusterKeys = keyFrom('src-main/engine/clusters/cluster-servers.ts#clusterServers', clusterTest)
const clusterQuality = keyFrom('src-main/engine/clusters/cluster-servers.ts#describeClustering', clusterTest)
const components = keyFrom(
  'src-main/statistics/principal-components.ts#projectOnComponents',
  'test/statistics/principal-components.test.ts',
)
const season = keyFrom('src-main/engine/season/fleet-season.ts#describeSeason', seasonTest)
const eventKeys = keyFrom('src-main/forecasts/assess-events.ts#assessEvents', eventsTest)
const excluded = keyFrom('src-main/engine/events/exclude-events.ts#EventFilter', eventsTest)
const totals = keyFrom('src-main/engine/recommendations/describe-recommendations.ts#describeRecommendations', frozen)
const entries = keyFrom('src-main/engine/recommendations/describe-recommendations.ts#listRecommendations', frozen)
const models = keyFrom('src-main/engine/backtest/measure-models.ts#measureModels', modelsTest)
const scores = keyFrom('src-main/engine/breach/calibration.ts#scoreCalibration', calibrationTest)
const curveKey = keyFrom('src-main/statistics/beta-calibration.ts#fitBetaCurve', calibrationTest)
const fitted = keyFrom('src-main/engine/breach/calibration.ts#fitCalibration', calibrationTest)
/** Keys of both calibrations. */
const calibrationKeys = {
  series: scores('series with a backtest window, at most 1,000'),
  entries: scores('backtest windows of these series, up to eight each'),
  events: scores('windows in which the event came about'),
  base_rate: scores('`events` / `entries`'),
  curve_weight: scores('no longer computed'),
  brier: scores('mean of (probability − outcome)², cross-fitted in five folds by server'),
  brier_plain_flag: scores('the same with 1 where the forecast of the window has the event'),
  brier_base_rate: scores('`base_rate` × (1 − `base_rate`)'),
  log_loss: scores('mean of −ln of the probability given to what came'),
  log_loss_base_rate: scores('the same for `base_rate`'),
  auc: scores('share of pairs of event and non-event in the right order, ties half'),
  skill_interval: scores('bootstrap over servers of 1 − `brier` / `brier_base_rate`'),
  'reliability[].predicted': scores('mean probability of one of ten groups of equal count'),
  'reliability[].observed': scores('share of the group with the event'),
  'reliability[].series': scores('count of the group'),
  verdict: scores('skill and its interval; none below ten events'),
  'curve.intercept': curveKey('maximum a posteriori over all windows'),
  'curve.slope_low': curveKey('as above'),
  'curve.slope_high': curveKey('as above'),
  'curve.min': fitted('0.5 / (`entries` + 1); 0.01 below 50 windows'),
  'curve.max': fitted('1 − `curve.min`'),
  'curve.is_calibrated': fitted('`entries` ≥ 50'),
}
const coverage = keyFrom('src-main/engine/breach/interval-coverage.ts#measureCoverage', breachTest)

/** @type {(path: string, keys: Readonly<Record<string, FigureSource>>) => Readonly<Record<string, FigureSource>>} */
const under = (path, keys) => Object.fromEntries(Object.entries(keys).map(([key, source]) => [`${path}.${key}`, source]))

/** @type {(occasion: string, count: string) => Readonly<Record<string, FigureSource>>} */
const upliftKeys = (occasion, count) => ({
  uplift_points: season(`mean over series of their uplift by ${occasion}`),
  series: season('series with such an uplift'),
  standard_error: season(`sample deviation of the means by ${occasion} / √n`),
  low: season(`mean over series − t × standard error, 95 %, n − 1 degrees of freedom`),
  high: season(`mean over series + t × standard error, 95 %, n − 1 degrees of freedom`),
  [count]: season(`count of ${occasion}s with at least one series`),
})

const riskStateKeys = {
  at_risk_servers: eventKeys('servers with P95 > threshold'),
  'least_headroom.server_id': eventKeys('least threshold − P95; ties: the first by name'),
  'least_headroom.metric': eventKeys('of the same series'),
  'least_headroom.value': eventKeys('95th percentile of the horizon'),
  'least_headroom.threshold': eventKeys('as `high_threshold`'),
  soonest_breach_at: eventKeys('min(time where the forecast lies above the threshold)'),
}

const scenarioKeys = {
  servers: eventKeys('servers with a threshold and an event in their horizon'),
  ...under('before', riskStateKeys),
  ...under('after', riskStateKeys),
  'pushed_over.count': eventKeys('at risk after, not before'),
  'pushed_over.servers': eventKeys('the same, by name'),
  'saved.count': eventKeys('at risk before, not after'),
  'saved.servers': eventKeys('the same, by name'),
}

/** Keys of module_05_summary.json, by path. @type {Readonly<Record<string, FigureSource>>} */
export const summaryFigures = {
  analyzed_at: summary('clock of the machine'),
  total_servers: summary('distinct `server_id`'),
  at_risk_servers: summary('servers with a metric at risk; by Module 05: rows above 80'),
  underutilized_servers: summary('servers with `is_underutilized`; by Module 05: rows'),
  optimization_savings_usd: summary('`total_savings_usd` of the recommendations'),
  method: summary('as requested'),
  horizon_start: summary('min(`horizon_start`)'),
  horizon_end: summary('max(`horizon_end`)'),
  soonest_breach_at: summary('min(`first_breach_at`)'),
  soonest_breach_server: summary('server of the least `first_breach_at`; ties: the first by name'),
  at_risk_expected: count('mean over 200 paths of the number of servers with a sustained breach'),
  at_risk_low: count('5 % quantile of that number'),
  at_risk_high: count('95 % quantile of that number'),
  ...under('at_risk_groups[]', {
    metric: groupCount('as the forecasts name it'),
    group_by: groupCount('column of the servers table, or the cluster'),
    group: groupCount('its value'),
    expected: groupCount('mean over 200 paths of the number of its servers with a sustained breach by the metric, silent ones left out'),
    low: groupCount('5 % quantile of that number'),
    high: groupCount('95 % quantile of that number'),
  }),
  high_risk_servers: summary('servers with `server_risk_level` high'),
  servers_with_seasonal_peak: summary('servers with `seasonal_peak_risk`'),
  seasonal_peak_servers: summary('servers with `seasonal_peak_risk` > `high_threshold`'),
  servers_removable: summary('`waterfall.hosts_removable` of the recommendations'),
  'distinct_servers.at_risk': summary('servers with `is_server_at_risk`'),
  'distinct_servers.underutilized': summary('servers with `is_underutilized`'),
  'rows.rows': flaggedRows('count of all rows'),
  'rows.risk_flag_rows': flaggedRows('count of `risk_flag`'),
  'rows.high_rows': flaggedRows('count of `risk_level` high'),
  'rows.medium_rows': flaggedRows('count of `risk_level` medium'),
  'rows.is_eoq_rows': flaggedRows('count of `is_eoq`'),
  'rows.is_holiday_rows': flaggedRows('count of `is_holiday`'),
  'rows.underutilized_rows': flaggedRows('count of `is_underutilized`'),
  underutilized_count: summary('`underutilized_count` of the recommendations'),
  kmeans_inertia: summary('`clustering.inertia`'),
  'clusters[].cluster': clusterKeys('rank by the mean of the centre'),
  'clusters[].name': keyFrom('src-main/engine/clusters/cluster-names.ts#nameCluster', clusterNamesTest)("rule on the cluster's centre"),
  'clusters[].size': clusterKeys('count of its servers'),
  'clusters[].centre': clusterKeys("mean of each of its servers' features"),
  'clustering.k': keyFrom(
    'src-main/engine/clusters/choose-cluster-count.ts#chooseClusterCount',
    'test/engine/clusters/choose-cluster-count.test.ts',
  )('`n_clusters`, or the number with the best silhouette; at most the distinct servers'),
  'clustering.k_requested': clusterQuality('`n_clusters`'),
  'clustering.features': clusterQuality('`cluster_features` that differ between servers'),
  'clustering.silhouette': keyFrom(
    'src-main/statistics/silhouette.ts#meanSilhouettes',
    'test/statistics/silhouette.test.ts',
  )('mean of (b − a) / max(a, b) over at most 2,000 servers'),
  'clustering.silhouettes_by_k': clusterQuality('the same for each number tried'),
  'clustering.stability': keyFrom(
    'src-main/statistics/adjusted-rand-index.ts#adjustedRandIndex',
    'test/statistics/adjusted-rand-index.test.ts',
  )('mean adjusted Rand index of the best restart against the others'),
  'clustering.restarts': clusterQuality('constant'),
  'clustering.inertia': keyFrom(
    'src-main/statistics/k-means.ts#runKMeans',
    'test/statistics/k-means.test.ts',
  )('Σ squared distance of each server to the centre of its cluster'),
  'clustering.principal_components.explained': components('eigenvalue / sum of eigenvalues'),
  'clustering.principal_components.loadings': components('eigenvectors of the covariance'),
  'season.eoq_window_days': season('`eoq_window_days`'),
  'season.eoq_months': season('`eoq_months`'),
  'season.holiday_country': season('`holiday_country`'),
  'season.holiday_state': season('`holiday_state`'),
  'season.weighting': season('constant'),
  ...under('season.metrics[]', {
    metric: season('as in the input'),
    ...under('eoq', {
      ...upliftKeys('quarter', 'quarters'),
      'by_quarter[].quarter_end': season('calendar'),
      'by_quarter[].uplift_points': season('mean over series'),
      'by_quarter[].series': season('series measured in this quarter'),
      'by_quarter[].low': season('mean − t × sample deviation over series / √n, 95 %, n − 1 degrees of freedom'),
      'by_quarter[].high': season('mean + t × sample deviation over series / √n, 95 %, n − 1 degrees of freedom'),
    }),
    ...under('holiday', {
      ...upliftKeys('day', 'days'),
      'by_day[].day': season('calendar'),
      'by_day[].name': season('calendar'),
      'by_day[].uplift_points': season('mean over series'),
      'by_day[].series': season('series measured on this day'),
    }),
    ...under('weekend', upliftKeys('week', 'weeks')),
    'weekly_strength.mean': season('mean over series of `weekly_strength`'),
    'weekly_strength.series': season('series with `weekly_strength`'),
    'breaches.eoq': season('sum of `breaches_eoq`'),
    'breaches.month_end': season('sum of `breaches_month_end`'),
    'breaches.holiday': season('sum of `breaches_holiday`'),
    'breaches.ordinary': season('sum of `breaches_ordinary`'),
    'profile.mean': season('mean of the measured values by month and weekday'),
    'profile.series': season('series with such values'),
  }),
  ...under('events.events[]', {
    line: eventKeys('position in the events table'),
    from: eventKeys('events table'),
    until: eventKeys('events table: the day after the last one'),
    target: eventKeys('events table'),
    metric: eventKeys('events table'),
    'effect.amount': eventKeys('events table'),
    'effect.unit': eventKeys('events table'),
    note: eventKeys('events table'),
    servers: eventKeys('count of targeted servers with forecasts'),
    ...under('left_out', {
      rows: excluded('count of excluded backtest rows of selected models'),
      series: excluded('count of their series'),
      'effects[].metric': excluded('as in the input'),
      'effects[].rows': excluded('count of the rows of this metric'),
      'effects[].mean_error': excluded('mean of actual − predicted'),
    }),
    ...under('scenario', scenarioKeys),
  }),
  ...under('events.together', scenarioKeys),
}

const placementTest = 'test/engine/recommendations/place-fleet.test.ts'
const placementCheck = keyFrom('src-main/engine/recommendations/check-placement.ts#checkPlacement', placementTest)
const planFigures = keyFrom('src-main/engine/recommendations/place-fleet.ts#PlanRisk', placementTest)

/** @type {(prefix: string) => Readonly<Record<string, FigureSource>>} */
const placementPlan = (prefix) => ({
  [`${prefix}accepted_share`]: planFigures('as in the check; 0.01, 0.05, 0.2; none: by the forecasts alone'),
  [`${prefix}hosts`]: planFigures('count of `target_host`'),
  [`${prefix}consolidated`]: planFigures('count of servers with a target host'),
  [`${prefix}monthly_savings_usd`]: planFigures('sum of `monthly_cost_usd` of retired and consolidated servers'),
  [`${prefix}share_above_target`]: planFigures('mean over hosts of the share of paths with a higher sum at some time'),
  [`${prefix}share_above_80`]: planFigures('the same against 80 % of capacity'),
  [`${prefix}share_above_100`]: planFigures('the same against 100 % of capacity'),
})

/** Keys of optimization_recommendations.json, by path. @type {Readonly<Record<string, FigureSource>>} */
export const recommendationFigures = {
  total_savings_usd: totals('sum of `monthly_cost_usd` of retired and consolidated servers'),
  underutilized_count: totals('servers with `is_underutilized`'),
  'waterfall.capacity_freed_units': totals('sum of `capacity_units` of retired and consolidated servers'),
  'waterfall.hosts_removable': totals('retired + consolidated'),
  'waterfall.retired': totals('count of `retire`'),
  'waterfall.consolidated': totals('count of `consolidate`'),
  'waterfall.monthly_savings_usd': totals('sum of `monthly_cost_usd` of retired and consolidated servers'),
  ...placementPlan('placement.plan.'),
  'placement.check.verdict': placementCheck('one-sided binomial test at 90 %, at least 20 hosts'),
  'placement.check.accepted_share': placementCheck(
    'first of 1, 0.4, 0.2 and 0.1 × `consolidation_risk` with at most `consolidation_risk` of its hosts above, else the last',
  ),
  'placement.check.windows': placementCheck('the latest, until they hold 200 hosts'),
  'placement.check.hosts': placementCheck('count, placed by the forecasts of the window'),
  'placement.check.hosts_above_target': placementCheck('count with a measured sum above `consolidation_target`'),
  ...placementPlan('placement.alternatives[].'),
  'placement.previous_run': keyFrom(
    'src-main/engine/recommendations/previous-plan.ts#readPreviousPlan',
    placementTest,
  )('`run_id` of the run of `--previous`'),
  'groups[].business_unit': totals('servers table'),
  'groups[].region': totals('servers table'),
  'groups[].criticality': totals('servers table'),
  'groups[].servers': totals('count of the group'),
  'groups[].at_risk': totals('servers with a metric at risk'),
  'groups[].underutilized': totals('servers with `is_underutilized`'),
  'groups[].retired': totals('count of `retire`'),
  'groups[].consolidated': totals('count of `consolidate`'),
  'groups[].monthly_savings_usd': totals('sum of `monthly_cost_usd` of retired and consolidated servers'),
  ...under('recommendations[]', {
    server_id: entries('as in the input'),
    recommendation: entries('as in server_risk.parquet'),
    reason: entries('written from the figures below'),
    metric: entries('metric with `is_limiting`'),
    horizon_p95: entries('of this metric, as in server_risk.parquet'),
    units_to_add: entries('maximum over the metrics; only where capacity is added or the server is watched'),
    percent_to_add: entries('maximum over the metrics; only there'),
    is_lower_limit: entries('some metric has a `saturated_share` of 0.05 or more'),
    first_breach_at: entries('of this metric, as in server_risk.parquet'),
    expected_first_breach: entries('of this metric, as in server_risk.parquet'),
    at_risk_probability: entries('`server_at_risk_probability`'),
    breach_probability: entries('`server_breach_probability`'),
    order_by: entries('as in server_risk.parquet'),
    is_order_late: entries('as in server_risk.parquet'),
    target_host: entries('as in server_risk.parquet'),
    monthly_savings_usd: entries('`monthly_cost_usd` of a retired or consolidated server, else 0'),
    query: entries('built from the name of the server'),
  }),
}

/** Keys of model_accuracy.json, by path. @type {Readonly<Record<string, FigureSource>>} */
export const modelAccuracyFigures = {
  interval_level: models('`interval_level`'),
  ...under('models[]', {
    model: models('as in the input'),
    series: models('count of series with backtest rows of the model'),
    series_won: models('count of series whose selected model it is'),
    backtest_points: models('count of backtest rows'),
    mae: models('mean of |actual − predicted|'),
    median_mae: models('median over series of their MAE'),
    smape_percent: models('mean of 200 |actual − predicted| / (|actual| + |predicted|)'),
    median_mase: models('median over series of MAE / naive error'),
    pinball_50: models('`mae` / 2'),
    pinball_95: keyFrom(
      'src-main/engine/selection/profile-series.ts#pinballColumns',
      selectionTest,
    )('mean of max(0.95 e, −0.05 e), e = actual − q; q = predicted + (upper − predicted) × z(0.95) / z of the upper bound'),
    bias: models('mean of predicted − actual'),
    interval_points: models('count of backtest rows with both bounds'),
    interval_coverage: models('share of these with the measured value inside, limits included'),
  }),
  is_coverage_checked: keyFrom(
    'src-main/engine/backtest/measure-models.ts#isLeadCovered',
    selectionTest,
  )('longest stated lead ≥ length of the horizon, for every series'),
  ...under('hold_out[]', {
    metric: holdOut('as in the input'),
    series: holdOut('count of series with at least 14 backtest times, the same for all candidates'),
    in_sample_mae: holdOut('mean over series of the `mae` of the selected model'),
    hold_out_mae: holdOut('mean over series of the MAE, on the last window, of the model with the least MAE before it'),
  }),
  ...under('calibration', calibrationKeys),
  ...under('calibration_sustained', calibrationKeys),
  ...under('coverage', {
    nominal: coverage('`interval_level`'),
    points: coverage('count of backtest rows of selected models'),
    before: coverage('share of measured values inside the bounds'),
    after: coverage("the same, margins fitted without the row's fold"),
  }),
}

const groupsTest = 'test/engine/capacity/groups.test.ts'
const groupFigures = keyFrom('src-main/engine/capacity/assess-groups.ts#assessGroups', groupsTest)
const placementCheckTest = 'test/engine/capacity/member-placement.test.ts'
const placedMembers = keyFrom('src-main/statistics/place-members.ts#MemberPlacement', 'test/statistics/place-members.test.ts')
const placedClusters = keyFrom('src-main/engine/capacity/place-cluster.ts#describePlacement', groupsTest)
const checkedPlacements = keyFrom('src-main/engine/capacity/check-member-placement.ts#checkMemberPlacement', placementCheckTest)
const groupCurves = keyFrom('src-main/statistics/running-quantiles.ts#exceededByShare', groupsTest)
const hostGroups = keyFrom('src-main/engine/capacity/host-groups.ts#readHostGroups', groupsTest)

const driversTest = 'test/engine/capacity/drivers.test.ts'
const driverFigures = keyFrom('src-main/engine/capacity/drivers.ts#fitDriver', driversTest)
const driverLines = keyFrom('src-main/statistics/robust-line.ts#fitRobustLine', driversTest)
const driverPlans = keyFrom('src-main/engine/capacity/drivers.ts#planDrivers', driversTest)
const rightsizeTest = 'test/engine/capacity/rightsize.test.ts'
const sizingCheck = keyFrom('src-main/engine/capacity/check-rightsizing.ts#checkRightsizing', rightsizeTest)
const sizes = keyFrom('src-main/engine/capacity/rightsize.ts#rightsizeFleet', rightsizeTest)
const savingsFigures = keyFrom('src-main/engine/capacity/assess-capacity.ts#assessCapacity', rightsizeTest)
const projectFigures = keyFrom('src-main/statistics/cluster-capacity.ts#projectMovement', 'test/engine/capacity/projects.test.ts')

/** Keys of capacity.json, by path. @type {Readonly<Record<string, FigureSource>>} */
export const capacityFigures = {
  reserve_hosts: groupFigures('configuration'),
  reserve_percent: groupFigures('configuration'),
  capacity_target: groupFigures('configuration'),
  horizon_end: groupFigures("latest time of the members' forecasts"),
  ...under('hosts[]', {
    name: hostGroups('servers table'),
    cluster: hostGroups('servers table'),
    cores: hostGroups('servers table'),
    mem_gib: hostGroups('servers table'),
    disk_gib: hostGroups('servers table'),
    capacity_units: hostGroups('servers table'),
  }),
  ...under('groups[]', {
    kind: hostGroups('a cluster or a host'),
    group: hostGroups('servers table'),
    cluster: hostGroups('servers table'),
    metric: hostGroups('metric with a capacity column'),
    unit: hostGroups('by the capacity column'),
    capacity_column: hostGroups('`metric_capacities`, else the words of the metric'),
    hosts: hostGroups('rows of hosts in the servers table'),
    members: hostGroups('servers with the metric whose row names the host or cluster'),
    unknown_members: groupFigures('members without paths or without a capacity'),
    capacity: groupFigures('sum over the hosts'),
    usable: keyFrom(
      'src-main/statistics/cluster-capacity.ts#usableCapacity',
      groupsTest,
    )('(sum − the `reserve_hosts` largest) × (1 − `reserve_percent` / 100); of a host without the largest'),
    limit: groupFigures('`usable` × `capacity_target` / 100'),
    allocated: groupFigures("sum of the members' `capacity`"),
    demand_p50: groupFigures('last value of `demand_p50_by`'),
    demand_p90: groupFigures('last value of `demand_p90_by`'),
    runway_p50: groupFigures('first time with `demand_p50_by` > `limit`'),
    runway_p90: groupFigures('first time with `demand_p90_by` > `limit`'),
    host_size: groupFigures('mode over the hosts, the largest of several'),
    hosts_to_buy: keyFrom(
      'src-main/statistics/cluster-capacity.ts#countHostsToBuy',
      groupsTest,
    )('⌈(`demand_p90` / (`capacity_target` / 100) − `usable`) / (`host_size` × (1 − `reserve_percent` / 100))⌉, at least 0'),
    is_limiting: groupFigures('earliest `runway_p50`, then `runway_p90`, then greatest `demand_p90` / `limit`'),
    demand_dates: groupFigures("times of the members' forecasts"),
    demand_p50_by: groupCurves('100th greatest over the paths of the highest demand so far; demand = Σ value / 100 × `capacity`'),
    demand_p90_by: groupCurves('20th greatest over the paths of the highest demand so far'),
  }),
  ...under('placements[]', {
    cluster: placedClusters('servers table'),
    members: placedClusters('members with paths and a capacity'),
    added_hosts: placedMembers('members for which no host has room: first further host that holds them'),
    too_large: placedMembers('members that exceed the target of an empty host on more paths than accepted'),
    ...under('hosts[]', {
      host: placedMembers('servers table'),
      members: placedMembers('those that stay, then those that no earlier host holds, by falling measured peak'),
      share_above_target: placedMembers('paths with a resource above `capacity_target` of the host at some time / 200'),
      added_hosts_without: placedMembers('the same with its members placed on the other hosts first'),
      too_large_without: placedMembers('the same'),
    }),
    ...under('moves[]', {
      server_id: placedClusters('members that their host does not hold, or without one'),
      from: placedClusters('servers table'),
      to: placedMembers('first host by name on which both stay within the target on enough paths'),
      added_host: placedMembers('number of the further host'),
    }),
  }),
  ...under('placement_check', {
    verdict: checkedPlacements('binomial test at 10 % of `hosts_above_target` against `consolidation_risk`'),
    accepted_share: checkedPlacements(
      'first of 1, 0.4, 0.2, 0.1 × `consolidation_risk` with n + 1 + √(n + 0.75) within `consolidation_risk`, n = `hosts_above_target`; else the last',
    ),
    windows: checkedPlacements('backtest windows, the latest first'),
    hosts: checkedPlacements('hosts with members placed by the forecasts of the windows'),
    hosts_above_target: checkedPlacements('those whose measured demand exceeded `capacity_target` at some time'),
  }),
  ...under('projects[]', {
    name: projectFigures('projects table'),
    status: projectFigures('projects table; planned where it is empty'),
    group: projectFigures('projects table'),
    metric: projectFigures('projects table'),
    units: projectFigures('projects table'),
    from: projectFigures('projects table'),
    to: projectFigures('projects table'),
    probability: projectFigures('projects table; 1 where it is empty'),
    runway_p50_without: projectFigures('as `runway_p50`, with the other committed projects added to the paths'),
    runway_p50_with: projectFigures('the same with `units` more from `from` to `to`, on `probability` of the paths'),
    runway_p90_without: projectFigures('as `runway_p90`, with the other committed projects'),
    runway_p90_with: projectFigures('the same with this one'),
    moved_days_p50: projectFigures('`runway_p50_with` − `runway_p50_without`'),
    moved_days_p90: projectFigures('`runway_p90_with` − `runway_p90_without`'),
  }),
  ...under('drivers[]', {
    server_id: driverFigures('of all servers, or of the business unit of the driver'),
    metric: driverFigures('with a backtest at times of the driver'),
    driver: driverFigures('drivers table'),
    group: driverFigures('drivers table'),
    intercept: driverLines("of the line, by Huber's weights"),
    slope: driverLines("of the line, by Huber's weights (k = 1.345)"),
    slope_low: driverFigures('`slope` − t × standard error, 95 %'),
    slope_high: driverFigures('`slope` + t × standard error, 95 %'),
    held_out_r2: driverFigures('1 − Σ errors² / Σ (y − mean)² of the last fifth by the line of the rest; rows below 0.5 are left out'),
    points: driverFigures('times with both values, over at least 70 days'),
    current: driverFigures('median of the last 28 days'),
    supported: driverFigures('(`high_threshold` − `intercept`) / `slope`'),
    growth_factor: driverFigures('`supported` / `current`'),
    residual_percent: driverFigures('100 × (1 − `current` / `supported`)'),
  }),
  ...under('driver_plans[]', {
    driver: driverPlans('drivers table'),
    group: driverPlans('drivers table'),
    month: driverPlans('months with values later than the last measurement of the fleet'),
    value: driverPlans('mean of those values'),
  }),
  'rightsizing.catalogue': sizes('path of `--catalogue`, else the shipped list'),
  ...under('rightsizing.servers[]', {
    server_id: sizes('recommendation `keep`, and no host of others'),
    current_type: sizes('servers table'),
    new_type: sizes(
      'least price below that of today with 99.5 % quantile × today / new < 100 × (1 − `sizing_headroom`) for processor and memory',
    ),
    vcpu: sizes('catalogue'),
    mem_gib: sizes('catalogue'),
    monthly_savings_usd: sizes('price of the current type − price of the new one'),
    licence: sizes('servers table'),
    licence_cores_freed: sizes('licensed cores before − after; a machine licenses max(vCPUs, `min_cores`), four for SQL'),
    licence_savings_usd: sizes('`licence_cores_freed` × `usd_per_core`'),
    performance_risk: sizes('share of the paths above 100 % of the new size at some time: up to 1 %, 5 %, 10 %, 25 %, more'),
  }),
  ...under('rightsizing.check', {
    verdict: sizingCheck(
      'holds: `values_above` + its root are at most 1 % of the values, × window / horizon where the window is shorter; fewer than 20 servers do not tell',
    ),
    servers: sizingCheck("rightsized by the windows' forecasts, with errors before the window alone"),
    values: sizingCheck('measured in the windows'),
    values_above: sizingCheck('value × today / new > 100 × (1 − `sizing_headroom`)'),
  }),
  'rightsizing.unknown_types': sizes('instance types that the catalogue lacks'),
  'savings.rightsize_usd': savingsFigures('sum of `monthly_savings_usd` of the rightsized servers'),
  'savings.consolidate_usd': savingsFigures('sum of `monthly_cost_usd` of consolidated servers'),
  'savings.retire_usd': savingsFigures('sum of `monthly_cost_usd` of retired servers'),
  'savings.total_usd': savingsFigures('sum of the three'),
  'savings.licences_usd': savingsFigures('sum of `licence_savings_usd`'),
  notes: groupFigures('a sentence for each gap'),
}
