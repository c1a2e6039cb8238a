# Writes reference.json: the figures of the frozen fleet, computed from forecasts.parquet and servers.csv alone.
# Usage: python reference.py (numpy 2.4, pandas 3.1, pyarrow 26, scikit-learn 1.9). It shares no code with Headroom.
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

FOLDER = Path(__file__).parent
HIGH, VERY_HIGH, UNDERUTILIZED = 80.0, 90.0, 40.0
PACKING_TARGET, RETIRE_PEAK, MIN_REMAINING = 0.70, 5.0, 2
DAY = pd.Timedelta(days=1)


def iso(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def longest_run(flags: list[bool]) -> int:
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest


def errors_on_common_times(backtest: pd.DataFrame) -> pd.DataFrame:
    """Absolute errors by time and model, on the times that every model forecast."""
    absolute = (backtest.actual - backtest.predicted).abs()
    return backtest.assign(error=absolute).pivot(index="timestamp", columns="model", values="error").dropna()


def naive_error(backtest: pd.DataFrame) -> float:
    """Mean distance of the measured values from those 24 hours before, where both were measured."""
    measured = backtest.drop_duplicates("timestamp").set_index("timestamp").actual
    return float((measured - measured.shift(freq=DAY)).dropna().abs().mean())


def assess(rows: pd.DataFrame, server: pd.Series) -> dict:
    backtest = rows[~rows.is_future]
    errors = errors_on_common_times(backtest)
    assert len(errors) >= 14
    maes = errors.mean().sort_index()
    model = maes.idxmin()
    mae = float(maes[model])

    own = backtest[backtest.model == model]
    distance = (own.actual - own.predicted).abs()
    size = own.actual.abs() + own.predicted.abs()
    smape = 100 * np.where(size == 0, 0, 2 * distance / size).mean()
    bounded = own.dropna(subset=["yhat_lower", "yhat_upper"])
    coverage = ((bounded.actual >= bounded.yhat_lower) & (bounded.actual <= bounded.yhat_upper)).mean()

    horizon = rows[rows.is_future & (rows.model == model)].sort_values("timestamp")
    values = horizon.predicted.to_numpy()
    p95 = float(np.percentile(values, 95, method="linear"))
    above = values > HIGH
    first_breach = horizon.timestamp[above].min() if above.any() else None
    last_measured = backtest.timestamp.max()
    at_risk = p95 > HIGH
    order_by = first_breach - server.lead_time_days * DAY if at_risk else None
    return {
        "business_unit": server.business_unit,
        "region": server.region,
        "criticality": server.criticality,
        "monthly_cost_usd": int(server.monthly_cost_usd),
        "capacity_units": int(server.capacity_units),
        "lead_time_days": int(server.lead_time_days),
        "last_measured_at": iso(last_measured),
        "horizon_start": iso(horizon.timestamp.iloc[0]),
        "horizon_end": iso(horizon.timestamp.iloc[-1]),
        "high_threshold": HIGH,
        "very_high_threshold": VERY_HIGH,
        "is_limiting": True,  # There is one metric.
        "model": model,
        "backtest_points": len(errors),
        "mae": mae,
        "mase": mae / naive_error(backtest),
        "smape_percent": float(smape),
        "bias": float((own.predicted - own.actual).mean()),
        "interval_coverage": float(coverage) if len(bounded) else None,
        "horizon_periods": len(values),
        "horizon_p95": p95,
        "horizon_peak": float(values.max()),
        "horizon_mean": float(values.mean()),
        "horizon_std": float(values.std(ddof=1)),
        "trend_per_30_days": None,  # Four measured days are no trend.
        "seasonal_peak_risk": float(values.max()),  # The whole horizon is the 31st of March: the end of a quarter.
        "headroom_points": HIGH - p95,
        "risk_level": "high" if p95 > VERY_HIGH else "medium" if p95 > HIGH else "low",
        "is_at_risk": at_risk,
        "first_breach_at": None if first_breach is None else iso(first_breach),
        "days_to_breach": None if first_breach is None else (first_breach - last_measured) / DAY,
        "periods_over": int(above.sum()),
        "longest_breach_run": longest_run(above.tolist()),
        "units_to_add": math.ceil(server.capacity_units * max(0, p95 / HIGH - 1)),
        "order_by": None if order_by is None else iso(order_by),
        "is_order_late": order_by is not None and order_by < last_measured,
        "is_underutilized": bool(values.mean() < UNDERUTILIZED),
        "demand": (values / 100 * server.capacity_units).tolist(),
    }


def pack(group: pd.DataFrame, figures: dict[str, dict]) -> dict[str, str]:
    """First fit in order of falling peak demand: server -> host."""
    removable = len(group) - sum(figures[name]["recommendation"] == "retire" for name in group.index) - MIN_REMAINING
    packable = [n for n in group.index if figures[n]["recommendation"] is None and figures[n]["is_underutilized"]]
    removable = min(removable, len(packable) - 1)
    load: dict[str, np.ndarray] = {}
    host_of: dict[str, str] = {}
    for name in sorted(packable, key=lambda n: (-max(figures[n]["demand"]), n)):
        demand = np.array(figures[name]["demand"])
        fitting = [h for h in load if ((load[h] + demand) <= PACKING_TARGET * group.capacity_units[h] + 1e-9).all()]
        if fitting and len(host_of) < removable:
            host_of[name] = fitting[0]
            load[fitting[0]] = load[fitting[0]] + demand
        else:
            load[name] = demand
    return host_of


def recommend(servers: pd.DataFrame, figures: dict[str, dict]) -> None:
    for figure in figures.values():
        figure["recommendation"] = (
            "add capacity" if figure["is_at_risk"] else "retire" if figure["horizon_peak"] < RETIRE_PEAK else None
        )
    host_of: dict[str, str] = {}
    for _, group in servers.groupby(["business_unit", "region", "criticality"]):
        host_of |= pack(group, figures)
    for name, figure in figures.items():
        figure["target_host"] = host_of.get(name)
        figure["recommendation"] = figure["recommendation"] or ("consolidate" if name in host_of else "keep")
        del figure["demand"]


def savings(servers: pd.DataFrame, figures: dict[str, dict]) -> dict:
    by_action = {name: figure["recommendation"] for name, figure in figures.items()}
    removed = servers[servers.index.map(by_action).isin(["retire", "consolidate"])]
    return {
        "capacity_freed_units": int(removed.capacity_units.sum()),
        "hosts_removable": len(removed),
        "retired": sum(action == "retire" for action in by_action.values()),
        "consolidated": sum(action == "consolidate" for action in by_action.values()),
        "monthly_savings_usd": int(removed.monthly_cost_usd.sum()),
    }


def module05(rows: pd.DataFrame) -> dict:
    """Module 05 mixed all models of a server and clustered them unscaled, by mean and sample deviation."""
    last_day = rows.timestamp.dt.is_quarter_end
    future_mean = rows[rows.is_future].groupby("server_id").predicted.mean()
    idle = future_mean[future_mean < 30].index
    points = rows.groupby("server_id").predicted.agg(["mean", "std"])
    kmeans = KMeans(n_clusters=3, n_init=100, random_state=0).fit(points.to_numpy())
    order = np.argsort(kmeans.cluster_centers_[:, 0])
    rank = {int(label): position for position, label in enumerate(order)}
    cluster_by_mean = [rank[int(label)] for label in kmeans.labels_]
    return {
        "rows": len(rows),
        "risk_flag_rows": int((rows.predicted > 80).sum()),
        "high_rows": int((rows.predicted > 96).sum()),
        "medium_rows": int(((rows.predicted > 80) & (rows.predicted <= 96)).sum()),
        "is_eoq_rows": int(last_day.sum()),
        "underutilized_servers": len(idle),
        "underutilized_rows": int(rows.server_id.isin(idle).sum()),
        "inertia": float(kmeans.inertia_),
        "centres": kmeans.cluster_centers_[order].tolist(),
        "sizes": [cluster_by_mean.count(cluster) for cluster in range(3)],
        "cluster_by_server": dict(zip(points.index, cluster_by_mean)),
        "total_savings_usd": cluster_by_mean.count(0) * 100 * 0.5,
    }


def main() -> None:
    rows = pd.read_parquet(FOLDER / "forecasts.parquet")
    servers = pd.read_csv(FOLDER / "servers.csv", index_col="server_id")
    figures = {name: assess(group, servers.loc[name]) for name, group in rows.groupby("server_id")}
    recommend(servers, figures)
    reference = {
        "counts": {
            "rows": len(rows),
            "total_servers": len(figures),
            "at_risk_servers": sum(figure["is_at_risk"] for figure in figures.values()),
            "underutilized_servers": sum(figure["is_underutilized"] for figure in figures.values()),
        },
        "servers": figures,
        "savings": savings(servers, figures),
        "module05": module05(rows),
    }
    (FOLDER / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")


main()
