"""Compares the clusters of a run folder with scikit-learn's on the same features: python clusters.py RUN. Exits with 1 if they differ."""

import csv
import json
import pathlib
import statistics
import sys

try:
    import numpy
    import sklearn
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score
    from sklearn.preprocessing import StandardScaler
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (pip install scikit-learn)")
    sys.exit(0)

run = pathlib.Path(sys.argv[1])
clustering = json.loads((run / "module_05_summary.json").read_text())["clustering"]
with (run / "server_clusters.csv").open(newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["cluster"] != ""]


def column(name):
    values = [float(row[name]) if row[name] != "" else None for row in rows]
    middle = statistics.median(value for value in values if value is not None)
    return [middle if value is None else value for value in values]


points = StandardScaler().fit_transform(numpy.array([column(name) for name in clustering["features"]]).T)
own = [int(row["cluster"]) for row in rows]
theirs = KMeans(n_clusters=clustering["k"], n_init=500, tol=0, random_state=0).fit(points)
ratio = clustering["inertia"] / theirs.inertia_
agreement = adjusted_rand_score(own, theirs.labels_)
silhouette = silhouette_score(points, own)
print(f"scikit-learn {sklearn.__version__}, {len(rows)} servers, {clustering['k']} clusters by {', '.join(clustering['features'])}")
print(f"inertia {clustering['inertia']:.9g} here (10 restarts), {theirs.inertia_:.9g} there (500): ratio {ratio:.9f}")
print(f"adjusted Rand index {agreement:.6f}; silhouette {clustering['silhouette']:.9f} here, {silhouette:.9f} there")
faults = []
if ratio > 1.01 or ratio < 1 - 1e-9:
    faults.append("inertia is more than 1 % above the best, or below what is possible")
if abs(silhouette - clustering["silhouette"]) > 1e-6 and len(rows) <= 4000:
    faults.append("silhouettes differ")
if ratio < 1 + 1e-9 and agreement < 1:
    faults.append("the same inertia, but another partition")
for fault in faults:
    print(f"DIFFERS: {fault}")
sys.exit(1 if faults else 0)
