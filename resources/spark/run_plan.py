"""Runs a plan of Spark SQL statements over Parquet: run_plan.py PLAN OUT SHARDS source=PATH server_attributes=PATH.

All arithmetic stands in the plan, which the engine rendered from its own SQL; this script only reads, runs and writes. What later steps read again is
written to OUT/work, what the engine finishes the run from to OUT/stage, with stage.json as its last file. A job that is started again with the
same OUT goes on after the last complete step.
"""

import json
import os
import re
import sys
import time

from pyspark.sql import SparkSession, functions

PLAN_VERSION = 2
# What stands in this file becomes the job's exit message; SageMaker takes so many bytes of it.
MESSAGE_FILE = os.environ.get("HEADROOM_EXIT_MESSAGE", "/opt/ml/output/message")
MESSAGE_BYTES = 1024
PARQUET_ENDING = re.compile(r"\.(parquet|parq|pq)$", re.IGNORECASE)
HIDDEN = re.compile(r"(^|/)[._]")
# About a million rows: whoever looks for some servers reads in part, and the engine copies them into the run as they are.
ROW_GROUP_BYTES = 32 * 1024 * 1024


class Refused(Exception):
    """What the set itself is refused for, in words for whoever launched the job."""


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


def tell(**event):
    print(json.dumps(event), flush=True)


def list_files(spark, text):
    """Parquet files at and below an address, as the engine finds them; what Spark or Hadoop left beside them is no part of the set."""
    path, system = path_of(spark, text)
    root = system.getFileStatus(path).getPath().toString()
    files, found = [], system.listFiles(path, True)
    while found.hasNext():
        file = found.next().getPath().toString()
        if PARQUET_ENDING.search(file) and not HIDDEN.search(file.removeprefix(root)):
            files.append(file)
    if not files:
        raise Refused("There is no Parquet file below the address of the forecasts. Name the prefix that they were written to.")
    return root, sorted(files)


def read_source(spark, text):
    root, files = list_files(spark, text)
    reader = spark.read.option("mergeSchema", "true")
    # Folders named key=value below it are columns.
    return (reader if files == [root] else reader.option("basePath", root)).parquet(*files)


def read_inputs(spark, source, plan, inputs):
    for name, sql in plan["casts"].items():
        source = source.withColumn(name, functions.expr(sql))
    # In the engine's order; columns of folder names stand elsewhere in Spark's.
    known = [column["column"] for column in plan["stage"]["schema"]]
    names = [name for name in known if name in source.columns] + [name for name in source.columns if name not in known]
    source.select(*[functions.col(f"`{name}`") for name in names]).createOrReplaceTempView("source")
    spark.read.parquet(inputs["server_attributes"]).createOrReplaceTempView("server_attributes_given")


def laid_out(view, layout, shards):
    """The view and its writer, cut into files as the plan says."""
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
            writer = laid_out(view, step["layout"], shards).mode("overwrite").option("compression", "snappy")
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
    source = read_source(spark, inputs["source"])
    read_inputs(spark, source, plan, inputs)
    for number, step in enumerate(plan["steps"], start=1):
        started_at = time.monotonic()
        run_step(spark, step, out, shards)
        for one in plan["checks"]:
            if one["after"] == step["name"]:
                check(spark, one)
        seconds = round(time.monotonic() - started_at, 1)
        tell(type="step", label=f"Spark: {step['name']}", progress=round(number / len(plan["steps"]), 3), seconds=seconds)
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
        # The first line says what; Spark's own log holds the rest.
        leave_message(f"Spark: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}")
        raise


if __name__ == "__main__":
    main()
