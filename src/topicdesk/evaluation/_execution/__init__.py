"""Fit the candidates of a comparison, and save finished fits."""
