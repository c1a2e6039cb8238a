// Which label or tag fills which column of the servers table.
import { evenName } from '../../src-shared/config/nearest-name.ts'
import { attributeColumns, type AttributeNames } from '../../src-shared/sources/source-requests.ts'

/** The column of a label that the table does not know. Prometheus renames its own conflicting labels in this way. */
export const otherColumn = (name: string): string => (evenName(name) === evenName('server_id') ? `exported_${name}` : name)

/** The column of the servers table that a label or tag fills. */
export const attributeColumn = (name: string, attributes: AttributeNames): string | undefined =>
  attributeColumns.find((column) => attributes[column] === name) ??
  attributeColumns.find((column) => attributes[column] === undefined && evenName(column) === evenName(name))
