// Time of DuckDB alone to read a Parquet file and write it again: `node plain-rewrite.mjs IN OUT [unordered]`. The reference of the benchmark.
import { DuckDBInstance } from '@duckdb/node-api'

const [from, to, order] = process.argv.slice(2)
const instance = await DuckDBInstance.create(':memory:', { preserve_insertion_order: String(order !== 'unordered') })
const connection = await instance.connect()
await connection.run(`COPY (SELECT * FROM read_parquet('${from}')) TO '${to}' (FORMAT parquet, COMPRESSION snappy)`)
