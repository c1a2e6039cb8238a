"""Runs a plan of Spark SQL statements over Parquet: run_plan.py PLAN OUT SHARDS source=PATH server_attributes=PATH.

All arithmetic stands in the plan, which the engine rendered from its own SQL; this script only reads, runs and writes. What a plan keeps is written
to OUT/kept and read back: a job that is started again goes on after the last complete one.
"""

import json
import sys
import time

from pyspark.sql import SparkSession, functions


def read_text(spark, path):
    return "\n".join(row.value for row in spark.read.text(path, wholetext=True).collect())


def tell(name, started_at):
    print(json.dumps({"type": "step", "label": name, "seconds": round(time.monotonic() - started_at, 1)}), flush=True)


def is_complete(spark, folder):
    path = spark._jvm.org.apache.hadoop.fs.Path(folder + "/_SUCCESS")
    return path.getFileSystem(spark._jsc.hadoopConfiguration()).exists(path)


def run(plan_path, out, shards, inputs):
    spark = SparkSession.builder.appName("headroom").getOrCreate()
    plan = json.loads(read_text(spark, plan_path))
    if plan["version"] != 1:
        raise SystemExit(f"This script runs plans of version 1, not {plan['version']}.")
    for name, value in plan["settings"].items():
        spark.conf.set(name, value)
    for name in plan["inputs"]:
        spark.read.option("mergeSchema", "true").parquet(inputs[name]).createOrReplaceTempView(name)
    for step in plan["steps"]:
        started_at = time.monotonic()
        view = spark.sql(step["sql"])
        if step["isKept"]:
            folder = f"{out}/kept/{step['name']}"
            if not is_complete(spark, folder):
                view.write.mode("overwrite").parquet(folder)
            view = spark.read.schema(view.schema).parquet(folder)
        view.createOrReplaceTempView(step["name"])
        tell(step["name"], started_at)
    for output in plan["outputs"]:
        started_at = time.monotonic()
        view = spark.table(output["view"])
        folder = f"{out}/{output['view']}"
        if output["shard_by"] is None:
            view.write.mode("overwrite").parquet(folder)
        else:
            server = functions.col(f"`{output['shard_by']}`").cast("string").cast("binary")
            sharded = view.withColumn("shard", functions.crc32(server) % shards).repartition(shards, "shard")
            sharded.write.mode("overwrite").partitionBy("shard").option("compression", "snappy").parquet(folder)
        tell(folder, started_at)
    spark.stop()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]), dict(argument.split("=", 1) for argument in sys.argv[4:]))
