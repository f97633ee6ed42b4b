"""Names that a person gave after looking at the map and at samples, as in section 4 of the study.

The label stage reads them from the person's file, `fecemo.data.cluster_names`; no label is drawn.
"""

from fecemo.clustering.naming import NamingMethod

NAMING = NamingMethod(name="hand", title="by hand", draw=None)
