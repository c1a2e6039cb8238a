"""The analysis in plain pandas and scikit-learn: python plain_pandas.py FORECASTS SERVERS OUT. Prints {"at_risk": n}.

Model selection by error over common times, risk of the selected horizon, flags of every row, quarter ends and holidays, underutilised
servers, four clusters and what they save. It leaves out breach probabilities, uplifts, packing, pictures and hashes.
"""

import json
import pathlib
import sys

import numpy
import pandas
from pandas.tseries.holiday import USFederalHolidayCalendar
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

source, servers, out = (pathlib.Path(argument) for argument in sys.argv[1:4])
out.mkdir()
rows = pandas.read_parquet(source)

tested = rows[~rows["is_future"] & rows["actual"].notna() & rows["predicted"].notna()]
models = tested.groupby("server_id")["model"].nunique()
common = tested.groupby(["server_id", "timestamp"])["model"].transform("count") == tested["server_id"].map(models)
tested = tested[common]
error = (tested["actual"] - tested["predicted"]).abs().groupby([tested["server_id"], tested["model"]]).mean()
best = error.reset_index(name="mae").sort_values(["server_id", "mae", "model"]).drop_duplicates("server_id")
selected = best.set_index("server_id")["model"]
rows["is_selected"] = rows["model"] == rows["server_id"].map(selected)

horizon = rows[rows["is_future"] & rows["is_selected"] & rows["predicted"].notna()]
by_server = horizon.groupby("server_id")["predicted"]
risk = pandas.DataFrame({"mean": by_server.mean(), "std": by_server.std(), "p95": by_server.quantile(0.95), "peak": by_server.max()})
risk["at_risk"] = risk["p95"] > 80
risk["underutilized"] = risk["mean"] < 40

day = rows["timestamp"].dt.normalize()
quarter_end = day + pandas.offsets.QuarterEnd(0)
rows["risk_flag"] = rows["predicted"] > 80
rows["risk_level"] = numpy.select([rows["predicted"] > 90, rows["predicted"] > 80], ["high", "medium"], "low")
rows["month"] = rows["timestamp"].dt.month
rows["is_eoq"] = (quarter_end - day).dt.days < 7
rows["is_holiday"] = day.isin(USFederalHolidayCalendar().holidays(day.min(), day.max()))
seasonal = rows[rows["is_future"] & rows["is_selected"] & (rows["is_eoq"] | rows["is_holiday"])]
rows["seasonal_peak_risk"] = rows["server_id"].map(seasonal.groupby("server_id")["predicted"].max())
rows["is_underutilized"] = rows["server_id"].map(risk["underutilized"])
rows.to_parquet(out / "risk_flagged_forecasts.parquet", compression="snappy")

features = risk[["mean", "std", "p95"]].assign(peak_to_mean=risk["peak"] / risk["mean"])
risk["cluster"] = KMeans(n_clusters=4, n_init=10, random_state=42).fit_predict(StandardScaler().fit_transform(features))
risk.to_csv(out / "server_clusters.csv")
costs = pandas.read_csv(servers).set_index("server_id")["monthly_cost_usd"]
savings = float(costs.reindex(risk.index[risk["underutilized"]]).fillna(100).sum())
summary = {"total_servers": len(models), "at_risk_servers": int(risk["at_risk"].sum()), "optimization_savings_usd": savings}
(out / "module_05_summary.json").write_text(json.dumps(summary))
print(json.dumps({"at_risk": summary["at_risk_servers"]}))
