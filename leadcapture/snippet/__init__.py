"""What a host page loads: the loader with the site's settings, and the configuration of the panel."""
