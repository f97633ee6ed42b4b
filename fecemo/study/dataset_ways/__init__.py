"""Ways of making a data set, each a file with a ``WAY``; see `fecemo.study.datasets.DatasetWay`."""
