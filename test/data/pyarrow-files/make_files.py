"""Writes the small Parquet files of this folder, which DuckDB cannot write in this form."""

import base64
import datetime
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

FOLDER = pathlib.Path(__file__).parent
MEASURED_DAYS, DAYS = 20, 30


def make_rows(missing):
    """Two servers, 20 measured days and 10 days ahead; `missing` in every column of numbers, measured and ahead."""
    rows = []
    for server in range(2):
        for day in range(DAYS):
            value = 30.0 + 60 * server + day % 7 + (0.25 if day % 2 else 0)
            row = {
                "server_id": f"srv-{server}",
                "timestamp": datetime.datetime(2026, 3, 1) + datetime.timedelta(days=day),
                "actual": value if day < MEASURED_DAYS else missing,
                "predicted": value + (day % 3 - 1),
                "yhat_lower": value - 1.5,
                "yhat_upper": value + 0.5,
            }
            if day in (4, 24):
                row["predicted"] = missing
            if day in (6, 7, 26):
                row["yhat_lower"] = missing
            if day in (7, 9, 27):
                row["yhat_upper"] = missing
            if day == 11:
                row["actual"] = missing
            rows.append(row)
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


pq.write_table(make_rows(float("nan")), FOLDER / "nan.parquet", compression="snappy")
pq.write_table(make_rows(None), FOLDER / "null.parquet", compression="snappy")
pq.write_table(pa.table({}), FOLDER / "no-columns.parquet")


class PlainKeys(pe.KmsClient):
    """Keys that need no secret: the file only has to look encrypted."""

    def __init__(self, config):
        super().__init__()

    def wrap_key(self, key_bytes, master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return base64.b64decode(wrapped_key)


encryption = pe.EncryptionConfiguration(footer_key="footer", column_keys={"column": ["predicted"]}, plaintext_footer=True)
properties = pe.CryptoFactory(PlainKeys).file_encryption_properties(pe.KmsConnectionConfig(), encryption)
with pq.ParquetWriter(FOLDER / "encrypted-column.parquet", make_rows(None).schema, encryption_properties=properties) as writer:
    writer.write_table(make_rows(None))
