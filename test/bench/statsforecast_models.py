"""Forecasts of statsforecast for bench:forecast: AutoETS, AutoTheta and MSTL with 80 % bounds, as a forecasts file.

Usage: statsforecast_models.py HISTORY.parquet OUT.parquet day|hour HORIZON WINDOWS
WINDOWS: windows of the backtest, each forecast by models that are fitted again.
"""
import sys

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoETS, AutoTheta, SeasonalNaive

history, out, step, horizon, windows = sys.argv[1:]
horizon, windows = int(horizon), int(windows)
season, freq = (7, "D") if step == "day" else (24, "h")
rows = pd.read_parquet(history)
rows["unique_id"] = rows.server_id + "\n" + rows.metric
models = [AutoETS(season_length=season), AutoTheta(season_length=season), MSTL(season_length=season)]
forecaster = StatsForecast(models=models, freq=freq, n_jobs=-1, fallback_model=SeasonalNaive(season_length=season))
last = rows["ts"].max()
tall = []
for window in range(windows + 1):
    cutoff = last - pd.Timedelta(horizon * window, "D" if step == "day" else "h")
    parts = []
    for name, series in rows[rows["ts"] <= cutoff].groupby("unique_id"):
        # The models take no gaps: each is a straight line.
        times = pd.date_range(series["ts"].min(), cutoff, freq=freq)
        filled = series.set_index("ts").actual.reindex(times).interpolate(limit_direction="both")
        if len(filled) > 2 * season:
            parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": filled.to_numpy()}))
    wide = forecaster.forecast(df=pd.concat(parts), h=horizon, level=[80])
    for model in models:
        name = str(model)
        part = wide[["unique_id", "ds", name, f"{name}-lo-80", f"{name}-hi-80"]].copy()
        part.columns = ["unique_id", "ts", "predicted", "yhat_lower", "yhat_upper"]
        tall.append(part.assign(model=f"sf_{name}", cutoff=cutoff, is_future=window == 0))
result = pd.concat(tall).merge(rows[["unique_id", "ts", "actual"]], on=["unique_id", "ts"], how="left")
result[["server_id", "metric"]] = result.unique_id.str.split("\n", expand=True)
result = result[result.is_future | result.actual.notna()].rename(columns={"ts": "timestamp"})
# Percentages, as Headroom's own are held.
for column in ["predicted", "yhat_lower", "yhat_upper"]:
    result[column] = result[column].clip(lower=0)
result.drop(columns="unique_id").sort_values(["server_id", "metric", "model", "cutoff", "timestamp"]).to_parquet(out, index=False)
