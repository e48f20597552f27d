"""Compare text classifiers on news, with figures that a reviewer can believe."""
