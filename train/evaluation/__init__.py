"""How good a finished run is, and the page that says so."""
