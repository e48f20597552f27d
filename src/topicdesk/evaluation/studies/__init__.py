"""Studies beyond the leaderboard: ablations, learning curves, leakage, errors, and challenges by a new model."""
