"""Ways of naming clusters, one a file: each is a `NamingMethod` called ``NAMING``."""
