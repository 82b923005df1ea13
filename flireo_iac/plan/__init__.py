"""What a run is going to do, before it does it: read from either engine, held against the rails, forecast."""
