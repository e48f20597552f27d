"""Questions beyond the leaderboard: what features bring, more labels, leakage, errors, and a newer model."""
