// Time of DuckDB alone to read every value of a Parquet file: `node plain-read.mjs FILE`.
import { DuckDBInstance } from '@duckdb/node-api'

const [file] = process.argv.slice(2)
const instance = await DuckDBInstance.create(':memory:')
const connection = await instance.connect()
// The footer alone suffices for count(column); the maximum hash of a column needs all of its values.
await connection.run(`SELECT max(hash(COLUMNS(*))) FROM read_parquet('${file}')`)
