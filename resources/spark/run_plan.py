"""Runs a plan of Spark SQL statements over Parquet: run_plan.py PLAN OUT SHARDS source=PATH server_attributes=PATH.

The engine renders all arithmetic into the plan; this script only reads, runs and writes. OUT/work holds the tables of later steps. OUT/stage holds
the Spark output for the engine, with stage.json as its last file. A job that restarts with the same OUT resumes after the last complete step.
"""

import json
import os
import re
import sys
import time

from pyspark.sql import SparkSession, functions

PLAN_VERSION = 4
# SageMaker shows the first bytes of this file as the job's exit message.
MESSAGE_FILE = os.environ.get("HEADROOM_EXIT_MESSAGE", "/opt/ml/output/message")
MESSAGE_BYTES = 1024
PARQUET_ENDING = re.compile(r"\.(parquet|parq|pq)$", re.IGNORECASE)
HIDDEN = re.compile(r"(^|/)[._]|\.crc$", re.IGNORECASE)
FOLDER_KEY = re.compile(r"/([^/=]+)=")
FLAG_COLUMNS = (
    "risk_flag",
    "risk_level",
    "month",
    "is_eoq",
    "is_holiday",
    "seasonal_peak_risk",
    "is_underutilized",
    "is_selected",
)
PARQUET_HEADS = (b"PAR1", b"PARE")
# About a million rows: queries for a few servers read a part of the file, and the engine copies the row groups unchanged.
ROW_GROUP_BYTES = 32 * 1024 * 1024


class Refused(Exception):
    """The job refuses the dataset; the message is for the user who launched it."""


def path_of(spark, text):
    path = spark._jvm.org.apache.hadoop.fs.Path(text)
    return path, path.getFileSystem(spark._jsc.hadoopConfiguration())


def exists(spark, text):
    path, system = path_of(spark, text)
    return system.exists(path)


def write_text(spark, target, text):
    path, system = path_of(spark, target)
    stream = system.create(path, True)
    stream.write(bytearray(text.encode("utf-8")))
    stream.close()


def read_text(spark, path):
    return "\n".join(row.value for row in spark.read.text(path, wholetext=True).collect())


def print_event(**event):
    print(json.dumps(event), flush=True)


def read_head(system, file):
    stream = system.open(file)
    try:
        return bytes(byte for byte in (stream.read() for _ in range(4)) if byte >= 0)
    finally:
        stream.close()


def list_files(spark, text):
    """Parquet files at and below an address, by the engine's rules; hidden files of Spark or Hadoop are ignored."""
    path, system = path_of(spark, text)
    root = system.getFileStatus(path).getPath().toString()
    files, found = [], system.listFiles(path, True)
    while found.hasNext():
        file = found.next().getPath()
        name = file.toString()
        if not HIDDEN.search(name.removeprefix(root)) and (PARQUET_ENDING.search(name) or read_head(system, file) in PARQUET_HEADS):
            files.append(name)
    if not files:
        raise Refused("There is no Parquet file below the address of the forecasts. Name the prefix that they were written to.")
    return root, sorted(files)


def read_source(spark, text, plan):
    root, files = list_files(spark, text)
    reader = spark.read.option("mergeSchema", "true")
    if plan["folder_keys"] == "ignored":
        return reader.option("recursiveFileLookup", "true").parquet(*files)
    # Folders named key=value below it are columns.
    source = (reader if files == [root] else reader.option("basePath", root)).parquet(*files)
    known = [column["column"] for column in plan["stage"]["schema"]]
    # A key with the name of a flag column is left out, as in the engine.
    keys = {key for file in files for key in FOLDER_KEY.findall(file.removeprefix(root)) if key.lower() in FLAG_COLUMNS and key not in known}
    return source.drop(*keys)


def read_inputs(spark, source, plan, inputs):
    for name, sql in plan["casts"].items():
        source = source.withColumn(name, functions.expr(sql))
    # In the engine's order: Spark puts columns of folder names last.
    known = [column["column"] for column in plan["stage"]["schema"]]
    names = [name for name in known if name in source.columns] + [name for name in source.columns if name not in known]
    source.select(*[functions.col(f"`{name}`") for name in names]).createOrReplaceTempView("source")
    spark.read.parquet(inputs["server_attributes"]).createOrReplaceTempView("server_attributes_given")


def apply_layout(view, layout, shards):
    """A writer that divides the view into files by the plan's layout."""
    if layout is None:
        return view.write
    order = [functions.col(f"`{name}`") for name in layout["order"]]
    column = functions.col(f"`{layout['column']}`")
    if layout["by"] == "range":
        return view.repartitionByRange(shards, column).sortWithinPartitions(*order).write
    shard = functions.crc32(column.cast("string").cast("binary")) % shards
    sharded = view.withColumn("headroom_shard", shard).repartition(shards, "headroom_shard")
    return sharded.sortWithinPartitions("headroom_shard", *order).write.partitionBy("headroom_shard")


def run_step(spark, step, out, shards):
    view = spark.sql(step["sql"])
    if step["kept"] is not None:
        folder = f"{out}/{step['kept']}/{step['name']}"
        if not exists(spark, f"{folder}/_SUCCESS"):
            writer = apply_layout(view, step["layout"], shards).mode("overwrite").option("compression", "snappy")
            writer.option("parquet.block.size", ROW_GROUP_BYTES).parquet(folder)
        view = spark.read.schema(view.schema).parquet(folder)
    view.createOrReplaceTempView(step["name"])


def check(spark, one):
    found, example = spark.sql(one["sql"]).first()
    if found:
        sentence = one["message"].replace("{found}", f"{found:,}").replace("{example}", str(example))
        raise Refused(f"{sentence} {one['next']}".replace("{example}", str(example)))


def list_inputs(source):
    """The files that were read, for the run's manifest."""
    files = source.select("_metadata.file_path", "_metadata.file_size")
    rows = files.groupBy("file_path", "file_size").count().orderBy("file_path").collect()
    return [{"path": re.sub("^file:/+", "/", row["file_path"]), "bytes": row["file_size"], "rows": row["count"]} for row in rows]


def run(plan_path, out, shards, inputs):
    spark = SparkSession.builder.appName("headroom").getOrCreate()
    plan = json.loads(read_text(spark, plan_path))
    if plan["version"] != PLAN_VERSION:
        raise Refused(f"This script runs plans of version {PLAN_VERSION}, not {plan['version']}.")
    for name, value in plan["settings"].items():
        spark.conf.set(name, value)
    source = read_source(spark, inputs["source"], plan)
    read_inputs(spark, source, plan, inputs)
    for number, step in enumerate(plan["steps"], start=1):
        started_at = time.monotonic()
        run_step(spark, step, out, shards)
        for one in plan["checks"]:
            if one["after"] == step["name"]:
                check(spark, one)
        seconds = round(time.monotonic() - started_at, 1)
        print_event(type="step", label=f"Spark: {step['name']}", progress=round(number / len(plan["steps"]), 3), seconds=seconds)
    notes = {**plan["stage"], "inputs": list_inputs(source)}
    write_text(spark, f"{out}/stage/stage.json", json.dumps(notes, indent=2))
    spark.stop()


def leave_message(text):
    folder = os.path.dirname(MESSAGE_FILE)
    if os.path.isdir(os.path.dirname(folder)):
        os.makedirs(folder, exist_ok=True)
        with open(MESSAGE_FILE, "wb") as file:
            file.write(text.encode("utf-8")[:MESSAGE_BYTES].decode("utf-8", "ignore").encode("utf-8"))


def main():
    try:
        run(sys.argv[1], sys.argv[2], int(sys.argv[3]), dict(argument.split("=", 1) for argument in sys.argv[4:]))
    except Refused as refused:
        leave_message(str(refused))
        sys.exit(f"headroom: {refused}")
    except Exception as error:
        # The first line names the error; Spark's log holds the details.
        leave_message(f"Spark: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}")
        raise


if __name__ == "__main__":
    main()
