"""The ways a parcel can travel; each keeps the promises of ``carrier``."""
