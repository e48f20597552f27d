"""Studies beyond the leaderboard: ablations, learning curves, leakage, stories, errors and challenges by new models."""
