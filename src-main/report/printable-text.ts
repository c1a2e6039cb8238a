// Text from the data as pages and PDF show it.
import { showDirectionMarks } from '../../src-shared/artefacts/cell-text.ts'
import { toPrintable } from '../../src-shared/chart-options/format.ts'

export const toReportText = (name: string): string => toPrintable(showDirectionMarks(name))
