"""Stand-ins for the outside world that speak its protocols, on loopback, in the test's own loop."""
