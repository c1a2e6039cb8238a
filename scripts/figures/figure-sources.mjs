// Where each figure of a run comes from: its meaning, formula, code and test. `npm run docs:figures` prints them into docs/figures.md.

/**
 * @typedef {object} FigureSource
 * @property {string} meaning with its unit
 * @property {string} formula
 * @property {string} code `file#name` of the function or constant that computes it
 * @property {string} test file of a test that fails when the figure is wrong
 */

/** @type {(code: string, test: string) => (meaning: string, formula: string) => FigureSource} */
const from = (code, test) => (meaning, formula) => ({ meaning, formula, code, test })

const frozen = 'test/engine/frozen-fleet.test.ts'
const risk = 'src-main/engine/risk/assess-risk.ts'
const seasonTest = 'test/engine/season/season-run.test.ts'
const breachTest = 'test/engine/breach/simulate-paths.test.ts'
const calibrationTest = 'test/engine/breach/calibration.test.ts'
const coverageTest = 'test/engine/breach/interval-coverage.test.ts'

const series = from('src-main/engine/selection/prepare-series.ts#seriesQuery', frozen)
const selection = from('src-main/engine/selection/select-models.ts#selectedModelsQuery', frozen)
const threshold = from('src-main/forecasts/thresholds.ts#thresholdsQuery', frozen)
const horizon = from(`${risk}#horizonFiguresQuery`, frozen)
const verdict = from(`${risk}#seriesRiskQuery`, frozen)
const paths = from('src-main/engine/breach/simulate-paths.ts#simulateBreaches', breachTest)
const estimates = from('src-main/engine/breach/estimate-breaches.ts#storeEstimates', breachTest)
const uplift = from('src-main/engine/season/measure-uplifts.ts#measureUplifts', seasonTest)
const weeks = from('src-main/engine/season/measure-weeks.ts#measureWeeks', seasonTest)
const causes = from('src-main/engine/season/attribute-breaches.ts#attributeBreaches', seasonTest)
const clusters = from('src-main/engine/clusters/cluster-servers.ts#clusterServers', 'test/engine/clusters/cluster-servers.test.ts')
const commonErrors = from('src-main/engine/selection/select-models.ts#candidatesQuery', frozen)
const accuracy = from('src-main/engine/artefacts/write-server-risk.ts#serverRiskQuery', frozen)
const recommendation = from('src-main/engine/recommendations/assign-recommendations.ts#assignRecommendations', frozen)
const order = from('src-main/engine/recommendations/assign-recommendations.ts#orderFor', frozen)
const rowFlags = 'src-main/engine/flagged-forecasts/flag-lists.ts#flagsOfRow'
const flags = from(rowFlags, 'test/engine/risk/assess-risk.test.ts')
const calendarFlags = from(rowFlags, 'test/calendar/calendar.test.ts')
const totals = from('src-main/engine/recommendations/describe-recommendations.ts#describeRecommendations', frozen)
const scores = from('src-main/engine/breach/calibration.ts#scoreCalibration', calibrationTest)
const coverage = from('src-main/engine/breach/interval-coverage.ts#measureCoverage', coverageTest)
const summary = from('src-main/engine/artefacts/summarize-run.ts#summarizeRun', frozen)

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
  risk_level: verdict(
    'high, medium or low; empty without a threshold',
    '`horizon_p95` above the very high threshold, the high one, neither',
  ),
  is_at_risk: verdict('whether the metric is at risk', '`horizon_p95` > `high_threshold`'),
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
  units_to_add: from(`${risk}#unitsToAddSql`, frozen)(
    'capacity units',
    'units × max(0, `horizon_p95` / `high_threshold` − 1), rounded up where units are whole',
  ),
  breach_probability: from('src-main/engine/breach/calibration.ts#recalibrate', calibrationTest)(
    'probability that some horizon value lies above the threshold, 0 to 1',
    'w × isotonic(raw) + (1 − w) × raw, w = events / (events + 20)',
  ),
  breach_probability_raw: paths('the same before calibration, 0 to 1', 'share of 200 simulated paths with a value above the threshold'),
  breach_probability_dates: estimates('times of the curve below, UTC', 'weekly for daily data, six-hourly for hourly data'),
  breach_probability_by: estimates(
    'probability of a breach up to each of these times',
    '`breach_probability` × share of breaching paths so far',
  ),
  expected_first_breach: paths('time, UTC; empty where no path breaches', 'median first breach among the breaching paths'),
  conservative_p95: from('src-main/engine/breach/simulate-paths.ts#conservativeP95', breachTest)(
    "in the metric's unit; only with basis `conservative`",
    "95th percentile over the paths of each path's P95",
  ),
  interval_margin: from('src-main/engine/breach/interval-coverage.ts#fitMargins', coverageTest)(
    'points by which both bounds are widened',
    'split-conformal quantile of how far measured values lie outside the bounds',
  ),
  seasonal_peak_risk: horizon(
    "in the metric's unit; empty where the horizon has no such day",
    'max(`predicted`) in quarter-end windows and on holidays',
  ),
  eoq_uplift_points: uplift('points above ordinary days', 'mean over quarters of window days − same weekdays of the quarter'),
  eoq_uplift_quarters: uplift('number of quarters behind it', 'count of completely measured windows'),
  eoq_uplift_standard_error: uplift('points; empty below two quarters', 'sample deviation over quarters / √n'),
  holiday_uplift_points: uplift('points above ordinary days', 'mean over holidays of the day − same weekdays of the quarter'),
  holiday_uplift_days: uplift('number of holidays behind it', 'count of holidays outside quarter-end windows'),
  holiday_uplift_standard_error: uplift('points; empty below two holidays', 'sample deviation over holidays / √n'),
  weekend_uplift_points: weeks('points above weekdays', 'mean over weeks of weekend mean − weekday mean'),
  weekend_uplift_weeks: weeks('number of weeks behind it', 'count of completely measured weeks'),
  weekend_uplift_standard_error: weeks('points; empty below two weeks', 'sample deviation over weeks / √n'),
  weekly_strength: from('src-main/engine/season/measure-weeks.ts#weeklyStrengthOf', seasonTest)(
    'share of variation that repeats weekly, 0 to 1; empty below four weeks',
    'max(0, 1 − Var(remainder) / Var(seasonal + remainder))',
  ),
  breaches_eoq: causes('number of periods', 'periods above the threshold inside a quarter-end window'),
  breaches_month_end: causes('number of periods', 'else on the last two days of a month'),
  breaches_holiday: causes('number of periods', 'else on a holiday'),
  breaches_ordinary: causes('number of periods', 'the rest: the four add up to `periods_over`'),
  is_underutilized: from('src-main/engine/methods/headroom.ts#isUnderutilizedSql', frozen)(
    'of the whole server',
    '`horizon_mean` < `underutilized_threshold` for every metric with a threshold',
  ),
  cluster: clusters('number of the cluster, 0 the quietest; empty without a horizon', 'k-means over standardised features'),
  cluster_name: from('src-main/engine/clusters/cluster-names.ts#nameCluster', 'test/engine/clusters/cluster-names.test.ts')(
    'name of the cluster',
    "rule on the cluster's centre",
  ),
  trend_per_30_days: horizon('points per 30 days', 'slope of the least-squares line through the horizon × 30'),
  backtest_points: commonErrors('number of common backtest times', 'times that every candidate forecast'),
  mae: commonErrors("mean absolute error, in the metric's unit", 'mean of |actual − predicted| over the common times'),
  mase: commonErrors('mean absolute scaled error; empty where the naive error is 0', '`mae` / mean of |actual(t) − actual(t − season)|'),
  smape_percent: accuracy('percent, 0 to 200', 'mean of 200 |actual − predicted| / (|actual| + |predicted|), all backtest rows'),
  bias: accuracy("in the metric's unit; positive: forecasts too high", 'mean of predicted − actual, all backtest rows'),
  interval_coverage: accuracy('share, 0 to 1; empty without bounds', 'share of measured values inside the bounds, limits included'),
  recommendation: recommendation('one per server', 'first that applies: add capacity, watch, retire, consolidate, keep'),
  target_host: from('src-main/statistics/pack-servers.ts#packServers', frozen)(
    'server that takes a consolidated one over; else empty',
    'first fit by falling peak, summed demand at most `consolidation_target` at any time',
  ),
  order_by: order('latest time to order, UTC; of servers at risk', 'expected first breach, else first breach, − lead time'),
  is_order_late: order('whether that time has passed', '`order_by` < `last_measured_at`'),
  is_limiting: from('src-main/engine/recommendations/fleet-servers.ts#createFleetServers', frozen)(
    'whether this metric limits its server',
    'least `headroom_points` of the server; ties: the first by name',
  ),
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

/** Totals of the fleet, by file and key. @type {Readonly<Record<string, FigureSource>>} */
export const fleetFigures = {
  'module_05_summary.json: total_servers': summary('number of servers', 'distinct `server_id`'),
  'module_05_summary.json: at_risk_servers': summary('number of servers', 'servers with a metric at risk; by Module 05: rows above 80'),
  'module_05_summary.json: underutilized_servers': summary('number of servers', 'servers with `is_underutilized`; by Module 05: rows'),
  'module_05_summary.json: optimization_savings_usd': summary('USD a month', '`total_savings_usd` of the recommendations'),
  'optimization_recommendations.json: total_savings_usd': totals(
    'USD a month',
    'sum of `monthly_cost_usd` of retired and consolidated servers',
  ),
  'optimization_recommendations.json: underutilized_count': totals('number of servers', 'servers with `is_underutilized`'),
  'optimization_recommendations.json: waterfall.capacity_freed_units': totals(
    'capacity units',
    'sum over retired and consolidated servers',
  ),
  'optimization_recommendations.json: waterfall.hosts_removable': totals('number of servers', 'retired + consolidated'),
  'model_accuracy.json: models': from(
    'src-main/engine/backtest/measure-models.ts#measureModels',
    'test/engine/selection/select-models.test.ts',
  )('MAE, sMAPE, MASE, bias, coverage and series won of each model', 'over all backtest rows of the model'),
}

/** Keys of `calibration` in model_accuracy.json. @type {Readonly<Record<string, FigureSource>>} */
export const calibrationFigures = {
  series: scores('number of series', 'series with a hold-out'),
  events: scores('number of series', 'series that breached in their hold-out'),
  base_rate: scores('share, 0 to 1', '`events` / `series`'),
  curve_weight: scores('weight of the fitted curve, 0 to 1', '`events` / (`events` + 20)'),
  brier: scores('Brier score, 0 the best', 'mean of (probability − outcome)², cross-fitted in five folds by server'),
  brier_plain_flag: scores('Brier score of the plain flag', 'the same with 1 where the hold-out forecast lies above the threshold'),
  brier_base_rate: scores('Brier score of a constant', '`base_rate` × (1 − `base_rate`)'),
  reliability: scores('mean probability and observed share by group', 'ten groups of equal count by probability'),
  verdict: scores('one sentence', '`brier` compared with `brier_base_rate`'),
}

/** Keys of `coverage` in model_accuracy.json. @type {Readonly<Record<string, FigureSource>>} */
export const coverageFigures = {
  nominal: coverage('share, 0 to 1', '`interval_level`'),
  points: coverage('number of rows', 'backtest rows of selected models'),
  before: coverage('actual coverage of the bounds as forecast, 0 to 1', 'share of measured values inside the bounds'),
  after: coverage('actual coverage of the widened bounds, 0 to 1', "the same, margins fitted without the row's fold"),
}
