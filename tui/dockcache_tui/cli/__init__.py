"""The headless twin of the app: parse, ask the sources, print."""
