"""The benchmarks: what the House costs, measured against a bare Flask in the same run."""
