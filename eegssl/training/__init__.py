"""Train tokenizers, encoders and heads by one loop."""
