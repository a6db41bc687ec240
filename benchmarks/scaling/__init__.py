"""What ``benchmarks/scale.py`` is made of: scaled deliveries, the pipeline measured, the floor, pandas, queries."""
