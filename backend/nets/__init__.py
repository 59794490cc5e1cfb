"""Nets made faster for processors. Needs `onnx`, which the service itself does without."""
