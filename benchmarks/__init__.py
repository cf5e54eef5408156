"""Figures of the store and the job path, as ratios in one run: `make bench`. See RESULTS.md."""
