// Forecasts of a large fleet from those of a small one: `node short-fleet.mjs SAMPLE SERVERS FOLDER`. Two models, the last 60 days of backtest and
// 45 days of horizon; each server several times under other names, its values scaled. Files of 50,000 servers, sorted by server.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

const [sample, given, folder] = process.argv.slice(2)
if (sample === undefined || given === undefined || folder === undefined) throw new Error('node short-fleet.mjs SAMPLE SERVERS FOLDER')
const servers = Number(given)
const serversPerFile = 50_000
const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB' })
const connection = await instance.connect()
await connection.run(`
  CREATE TABLE short AS
  WITH times AS (SELECT min("timestamp") FILTER (is_future) AS horizon FROM '${sample}')
  SELECT dense_rank() OVER (ORDER BY server_id) - 1 AS number, server_id, model, "timestamp", actual, predicted, yhat_lower, yhat_upper, is_future
  FROM '${sample}', times
  WHERE model IN (SELECT DISTINCT model FROM '${sample}' ORDER BY model LIMIT 2)
    AND "timestamp" >= horizon - INTERVAL 60 DAY AND "timestamp" < horizon + INTERVAL 45 DAY`)
const known = Number((await connection.runAndReadAll('SELECT max(number) + 1 FROM short')).getRows()[0]?.[0])
await mkdir(folder, { recursive: true })
for (let from = 0; from < servers; from += serversPerFile) {
  const name = `part-${String(from / serversPerFile).padStart(3, '0')}.parquet`
  const scaled = (/** @type {string} */ value) => `least(100, ${value} * scale) AS ${value}`
  await connection.run(`
    COPY (
      SELECT lpad(CAST(c.id // ${known} AS VARCHAR), 3, '0') || '-' || s.server_id AS server_id, model, "timestamp",
             ${['actual', 'predicted', 'yhat_lower', 'yhat_upper'].map(scaled).join(', ')}, is_future
      FROM (SELECT range AS id, 0.8 + 0.3 * (hash(range) % 1000) / 1000 AS scale FROM range(${from}, ${Math.min(servers, from + serversPerFile)})) c
      JOIN short s ON s.number = c.id % ${known}
      ORDER BY server_id, model, "timestamp"
    ) TO '${join(folder, name)}' (FORMAT parquet, COMPRESSION snappy)`)
}
