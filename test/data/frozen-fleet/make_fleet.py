# Writes forecasts.parquet and servers.csv: 36 simulated servers whose level, spread and persistence are those of real machines.
# Usage: python make_fleet.py (numpy 2.4, pandas 3.1, pyarrow 26).
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent
HOUR = np.timedelta64(1, "h")
FIRST_HOUR = np.datetime64("2026-03-18T00", "us")
MEASURED_DAYS = 13
BACKTEST_DAYS = 4

# Mean, standard deviation and correlation with the hour before, of hourly CPU P95 in percent, rounded. The first 32 are
# machines of PlanetLab at even ranks of the mean; the last four are busier than any of them.
PROFILES = [
    (1.8, 0.6, 0.0), (3.9, 1.6, -0.1), (4.5, 2.0, 0.1), (5.4, 1.7, 0.5), (6.0, 2.2, 0.2), (6.6, 2.9, 0.1),
    (7.3, 3.9, -0.1), (8.1, 7.7, -0.2), (8.9, 5.7, 0.3), (9.5, 3.7, 0.5), (10.4, 3.7, 0.3), (11.1, 7.8, 0.2),
    (12.1, 3.6, -0.1), (13.3, 1.3, 0.2), (15.1, 8.0, 0.2), (17.0, 3.4, -0.2), (17.9, 1.6, 0.2), (19.2, 0.3, 0.1),
    (19.8, 9.9, 0.6), (20.5, 9.1, 0.4), (22.4, 8.6, 0.3), (23.6, 9.3, 0.8), (25.0, 15.3, 0.4), (27.1, 16.8, 0.0),
    (28.9, 6.4, -0.2), (30.3, 15.4, 0.8), (32.3, 8.4, 0.0), (35.8, 8.6, 0.3), (38.6, 13.9, 0.5), (45.2, 5.5, 0.7),
    (51.0, 8.5, 0.0), (70.9, 5.6, 0.1), (66.0, 15.0, 0.3), (78.0, 4.0, 0.4), (86.0, 3.0, 0.5), (93.0, 2.5, 0.3),
]
# Read failures of real fleets: a day that was not measured, a model that was not run.
SERVER_WITH_GAP = "vm-08"
UNMEASURED_DAY = 10
SERVER_WITHOUT_FLAT_MEAN = "vm-21"


def measure(profile: tuple[float, float, float], random: np.random.Generator) -> np.ndarray:
    """Hourly values in percent by day and hour: a daily wave, first-order autoregression and rare bursts."""
    mean, deviation, persistence = profile
    hours = np.arange(MEASURED_DAYS * 24)
    wave = np.sin(2 * np.pi * (hours - random.integers(24)) / 24) * np.sqrt(0.5)
    noise = np.empty(len(hours))
    noise[0] = random.normal()
    for hour in hours[1:]:
        noise[hour] = persistence * noise[hour - 1] + np.sqrt(1 - persistence**2) * random.normal()
    bursts = np.where(random.random(len(hours)) < 0.02, random.exponential(2.0, len(hours)), 0.0)
    values = mean + deviation * (wave + np.sqrt(0.5) * noise + bursts)
    return np.clip(values, 0.1, 100).round(2).reshape(MEASURED_DAYS, 24)


def forecast(model: str, earlier: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """24 values with their bounds, from the earlier days alone."""
    unknown = np.full(24, np.nan)
    if model == "persistence":
        return earlier[-1], unknown, unknown
    if model == "flat_mean":
        return np.full(24, np.nanmean(earlier)).round(2), unknown, unknown
    lower, upper = np.nanpercentile(earlier, [5, 95], axis=0)
    return np.nanmean(earlier, axis=0).round(2), lower.round(2), upper.round(2)


def main() -> None:
    random = np.random.default_rng(20260331)
    frames = []
    for number, profile in enumerate(PROFILES, start=1):
        server = f"vm-{number:02}"
        measured = measure(profile, random)
        for model in ("flat_mean", "persistence", "seasonal_mean"):
            if server == SERVER_WITHOUT_FLAT_MEAN and model == "flat_mean":
                continue
            for day in range(MEASURED_DAYS - BACKTEST_DAYS, MEASURED_DAYS + 1):
                if server == SERVER_WITH_GAP and day == UNMEASURED_DAY:
                    continue
                predicted, lower, upper = forecast(model, measured[:day])
                is_future = day == MEASURED_DAYS
                frames.append(pd.DataFrame({
                    "server_id": server,
                    "model": model,
                    "timestamp": FIRST_HOUR + (24 * day + np.arange(24)) * HOUR,
                    "actual": np.full(24, np.nan) if is_future else measured[day],
                    "predicted": predicted,
                    "yhat_lower": lower,
                    "yhat_upper": upper,
                    "is_future": is_future,
                }))
    rows = pa.Table.from_pandas(pd.concat(frames, ignore_index=True), preserve_index=False)
    pq.write_table(rows.replace_schema_metadata(), FOLDER / "forecasts.parquet", compression="zstd")

    servers = pd.DataFrame({
        "server_id": [f"vm-{number:02}" for number in range(1, len(PROFILES) + 1)],
        "business_unit": [("Retail", "Payments", "Research")[number % 3] for number in range(len(PROFILES))],
        "region": [("eu-west-1", "us-east-1")[number // 3 % 2] for number in range(len(PROFILES))],
        "criticality": "standard",
        "monthly_cost_usd": [60 + 5 * (number * 7 % 17) for number in range(len(PROFILES))],
        "capacity_units": [(2, 4, 8)[number * 5 % 7 % 3] for number in range(len(PROFILES))],
        "lead_time_days": [(14, 30)[number % 2] for number in range(len(PROFILES))],
    })
    servers.to_csv(FOLDER / "servers.csv", index=False, lineterminator="\n")


main()
