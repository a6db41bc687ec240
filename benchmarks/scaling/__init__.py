"""The parts of ``benchmarks/scale.py``: scaled deliveries, measuring the pipeline, the floor, pandas, queries."""
