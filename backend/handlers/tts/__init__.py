"""Sentences to sound, and to marks of what is said when."""
