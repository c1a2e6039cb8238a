// The rules that forecasts must meet, and the messages where they do not; the engine and the checks of a Spark plan share them.
import { HeadroomError, type ErrorCode } from '../../src-shared/run/errors.ts'
import type { MappedColumns } from './forecast-columns.ts'

/** Larger values are no measurements. Residuals are kept in single precision, which ends at 3.4e38. */
export const maxMagnitude = 1e30

/** Earlier times are misread: two-digit years, or numbers that are no times. */
export const firstYear = 1970

/** Later times are misread: numbers in another unit, or damaged ones. */
export const lastYear = 2200

/** A time further after the last measured one is misread. */
export const maxYearsAhead = 30

/** Columns whose values must be finite. */
export const valueRoles = ['predicted', 'actual', 'yhat_lower', 'yhat_upper'] as const

type KeyColumns = Pick<MappedColumns, 'server_id' | 'timestamp'>

export interface ValidationMessage {
  readonly message: string
  readonly next: string
}

/** `dataset`, `column` and `subject` begin the sentence; counts come as text, since Spark fills them in later. */
export const validationMessages = {
  noRows: (dataset: string): ValidationMessage => ({
    message: `${dataset} has no rows.`,
    next: 'Check the pipeline that writes it.',
  }),
  emptyKey: (column: string, role: 'server_id' | 'timestamp', rows: string): ValidationMessage => ({
    message: `${column} is empty in ${rows}.`,
    next: `Every row needs a ${role}; fill it in or drop the rows.`,
  }),
  unreadableNames: (column: string, rows: string): ValidationMessage => ({
    message: `${column} holds binary data that is no UTF-8 text in ${rows}.`,
    next: 'Write the names as text.',
  }),
  unreadableTimes: (column: string, times: string): ValidationMessage => ({
    message: `${column} holds ${times}.`,
    next: 'Write times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
  }),
  tooLarge: (subject: string): ValidationMessage => ({
    message: `${subject} infinite or beyond ${maxMagnitude}.`,
    next: 'Write an empty value where the forecast failed.',
  }),
  noTruth: (column: string, where: string): ValidationMessage => ({
    message: `${column} holds numbers other than 1 and 0${where}.`,
    next: 'Write true or false, or 1 or 0.',
  }),
  unclearUnit: (dataset: string, metric: string, unit: (unit: 'fraction' | 'percent') => string): ValidationMessage => ({
    message: `Is ${metric} of ${dataset} in fractions or percent: --unit ${unit('fraction')} or --unit ${unit('percent')}?`,
    next: 'No value is above 1.5. State the unit, or set metric_units in the settings.',
  }),
  repeatedRows: (dataset: string, columns: KeyColumns, keys: string, examples: string): ValidationMessage => ({
    message: `${dataset} has more than one row for ${keys} (${columns.server_id.column}, metric, model, ${columns.timestamp.column}), for instance ${examples}.`,
    next: 'Keep one forecast per key: one cut-off, one run of each model.',
  }),
  noFutureRows: (dataset: string): ValidationMessage => ({
    message: `${dataset} has no future rows: column is_future or actual marks none.`,
    next: 'Include the forecast rows after the last measured time.',
  }),
  unknownModel: (subject: string, model: string, models: string): ValidationMessage => ({
    message: `${subject} has no forecasts by "${model}".`,
    next: `Use one of ${models}.`,
  }),
}

export const validationError = (code: ErrorCode, { message, next }: ValidationMessage): HeadroomError =>
  new HeadroomError(code, message, { next })
