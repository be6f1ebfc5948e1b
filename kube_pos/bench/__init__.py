"""The project's own measurements: `kube-pos bench`. Ratios to a floor measured in the same run."""
