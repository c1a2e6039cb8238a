"""Forecasts of statsforecast for bench:forecast: AutoETS, AutoTheta and MSTL with 80 % bounds.

Usage: statsforecast_models.py HISTORY.parquet OUT.parquet day|hour HORIZON
"""
import sys

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoETS, AutoTheta, SeasonalNaive

history, out, step, horizon = sys.argv[1:]
season, freq = (7, "D") if step == "day" else (24, "h")
rows = pd.read_parquet(history)
rows["unique_id"] = rows.server_id + "\n" + rows.metric
parts = []
for _, series in rows.groupby("unique_id"):
    # The models take no gaps: each is a straight line.
    times = pd.date_range(series["ts"].min(), rows["ts"].max(), freq=freq)
    filled = series.set_index("ts").actual.reindex(times).interpolate(limit_direction="both")
    if len(filled) > 2 * season:
        parts.append(pd.DataFrame({"unique_id": series.unique_id.iloc[0], "ds": times, "y": filled.to_numpy()}))
fleet = pd.concat(parts)
models = [AutoETS(season_length=season), AutoTheta(season_length=season), MSTL(season_length=season)]
forecaster = StatsForecast(models=models, freq=freq, n_jobs=-1, fallback_model=SeasonalNaive(season_length=season))
wide = forecaster.forecast(df=fleet, h=int(horizon), level=[80])
tall = []
for model in models:
    name = str(model)
    part = wide[["unique_id", "ds", name, f"{name}-lo-80", f"{name}-hi-80"]].copy()
    part.columns = ["unique_id", "ts", "predicted", "lower", "upper"]
    part["model"] = f"sf_{name}"
    tall.append(part)
result = pd.concat(tall)
result[["server_id", "metric"]] = result.unique_id.str.split("\n", expand=True)
result.drop(columns="unique_id").to_parquet(out)
