"""Where somebody speaks in the sound of a microphone."""
