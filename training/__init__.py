"""Fits the few weights that the package ships; each script says what data it takes."""
