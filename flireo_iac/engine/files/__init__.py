"""Everything that lies on the disk, in the formats of Pulumi.

``project`` and ``config`` read the project folder (through ``yaml_reader``); ``backend`` is the folder of states,
locks and history; ``secrets`` and ``keys`` turn the passphrase into what opens both. ``snapshot`` is a whole state,
``store`` loads it for a run, and ``keeper`` writes it while the run goes on.
"""
